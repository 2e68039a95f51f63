import { readFileSync } from 'node:fs';
import { cpus, freemem, totalmem } from 'node:os';
import {
  type BackendReport,
  type DeviceReport,
  inspectBackends,
  inspectDevices,
} from '@skein/engine';
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
  const backends = await inspectBackends();
  const nvidiaDriver = readNvidiaDriver();
  // In the order in which `auto` tries them.
  const chosen = devices.find(({ selfTestMs }) => selfTestMs !== null)?.kind ?? null;
  output.say(paint.bold('ggml, the engine that peers use by default'));
  for (const report of devices) showDevice(report, output);
  if (nvidiaDriver !== null) output.say(`  NVIDIA’s driver is ${nvidiaDriver}`);
  output.say(`\n${paint.bold('TensorFlow.js, with --engine tfjs')}`);
  for (const report of backends) showBackend(report, output);
  output.event({
    event: 'doctor',
    version: options.version,
    node: process.version,
    platform: process.platform,
    architecture: process.arch,
    memory,
    devices: devices.map((report) => ({ ...report, advice: adviceFor(report) })),
    backends,
    nvidiaDriver,
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
  const label = (mark: string) => `  ${mark} ${paint.bold(report.kind.padEnd(8))}`;
  const indent = ' '.repeat(13);
  const { libraries, problem } = report;
  const from = libraries === null ? '' : `${libraries.name} ${libraries.version ?? ''}`.trim();
  if (libraries === null) output.say(`${label(paint.dim('·'))} ${paint.dim('not installed')}`);
  else if (problem !== null) output.say(`${label(paint.red('✗'))} ${from}: ${problem}`);
  else output.say(`${label(paint.green('✓'))} ${from}, ggml ${report.ggmlVersion}`);
  for (const device of report.devices) {
    const { index, name, description, memoryFreeBytes, memoryTotalBytes } = device;
    const room = `${formatBytes(memoryFreeBytes)} of ${formatBytes(memoryTotalBytes)} free`;
    const hardware = device.kind === 'cpu' ? processorName(description) : description;
    const flag = report.devices.length > 1 ? ` (--device ${report.kind}:${index})` : '';
    output.say(`${indent}${name}: ${hardware}, ${room}${flag}`);
  }
  if (report.selfTestMs !== null) {
    output.say(`${indent}self-test passed in ${formatDuration(report.selfTestMs)}`);
  }
  for (const line of adviceFor(report)) output.say(`${indent}${paint.dim('→')} ${line}`);
}

function showBackend({ backend, version, ...report }: BackendReport, output: Output): void {
  const paint = painter(output.decorated);
  const label = (mark: string) => `  ${mark} ${paint.bold(backend.padEnd(8))}`;
  const indent = ' '.repeat(13);
  const { package: packageName, description, problem, install } = report;
  if (version === null) {
    output.say(`${label(paint.dim('·'))} ${paint.dim('not installed')}`);
    output.say(`${indent}${paint.dim('→')} ${install}`);
  } else if (problem !== null) {
    output.say(`${label(paint.red('✗'))} ${packageName} ${version}: ${problem}`);
  } else {
    output.say(`${label(paint.green('✓'))} ${packageName} ${version}: ${description}`);
  }
}

/** ggml calls every processor `CPU`. */
function processorName(description: string): string {
  return /^CPU$/i.test(description) ? (cpus()[0]?.model.trim() ?? description) : description;
}

/** The version of the kernel's part, which Linux tells; null where there is none. */
function readNvidiaDriver(): string | null {
  try {
    const text = readFileSync('/proc/driver/nvidia/version', 'utf8');
    return /Kernel Module\s+(?:for \S+\s+)?([\d.]+)/.exec(text)?.[1] ?? null;
  } catch {
    return null;
  }
}
