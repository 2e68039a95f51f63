import { freemem, totalmem } from 'node:os';
import { type DeviceReport, inspectDevices } from '@skein/engine';
import { adviceFor } from '../device-advice.js';
import { createOutput, formatBytes, formatDuration, type Output, painter } from '../output.js';

export interface DoctorOptions {
  readonly json: boolean;
  readonly version: string;
}

/** `skein doctor`: what this machine can compute on, and what is missing for more. */
export async function runDoctor(options: DoctorOptions): Promise<void> {
  const output = createOutput(options);
  const paint = painter(output.decorated);
  const memory = { totalBytes: totalmem(), freeBytes: freemem() };
  output.say(
    `${paint.bold('Skein')} ${options.version} on Node ${process.version}, ` +
      `${process.platform} ${process.arch}, ${formatBytes(memory.freeBytes)} of ` +
      `${formatBytes(memory.totalBytes)} memory free\n`,
  );
  output.progress('  trying the devices…');
  const devices = await inspectDevices();
  // In the order in which `auto` tries them.
  const chosen = devices.find(({ selfTestMs }) => selfTestMs !== null)?.kind ?? null;
  for (const report of devices) showDevice(report, output);
  output.event({
    event: 'doctor',
    version: options.version,
    node: process.version,
    platform: process.platform,
    architecture: process.arch,
    memory,
    devices: devices.map((report) => ({ ...report, advice: adviceFor(report) })),
    auto: chosen,
  });
  if (chosen !== null) {
    output.say(`\n${paint.green('✓')} ${paint.bold('--device auto')} takes ${chosen}.`);
    return;
  }
  output.say(`\n${paint.red('✗')} No device works here: this machine can be a client, not a peer.`);
  process.exitCode = 78;
}

function showDevice(report: DeviceReport, output: Output): void {
  const paint = painter(output.decorated);
  const label = (mark: string) => `  ${mark} ${paint.bold(report.kind.padEnd(7))}`;
  const indent = ' '.repeat(12);
  const { libraries, problem } = report;
  const from = libraries === null ? '' : `${libraries.name} ${libraries.version ?? ''}`.trim();
  if (libraries === null) output.say(`${label(paint.dim('·'))} ${paint.dim('not installed')}`);
  else if (problem !== null) output.say(`${label(paint.red('✗'))} ${from}: ${problem}`);
  else output.say(`${label(paint.green('✓'))} ${from}, ggml ${report.ggmlVersion}`);
  for (const { name, description, memoryFreeBytes, memoryTotalBytes } of report.devices) {
    const room = `${formatBytes(memoryFreeBytes)} of ${formatBytes(memoryTotalBytes)} free`;
    output.say(`${indent}${name}: ${description}, ${room}`);
  }
  if (report.selfTestMs !== null) {
    output.say(`${indent}self-test passed in ${formatDuration(report.selfTestMs)}`);
  }
  for (const line of adviceFor(report)) output.say(`${indent}${paint.dim('→')} ${line}`);
}
