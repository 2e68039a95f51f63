import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const command = fileURLToPath(new URL('../../scripts/dist/chaos/main.js', import.meta.url));

/** The script bounds itself; on a busy machine its dozen processes take minutes to start. */
const timeoutMs = 600_000;

/** A short run of `pnpm chaos`, as a program would start it. */
async function runChaos(parameters: readonly string[]) {
  const swarm = ['--spans', '0:4,0:4,4:8,4:8,2:6', '--clients', '2'];
  const work = ['--prompts', '1', '--tokens', '30', '--calm', '6', '--seconds', '15'];
  const child = spawn(process.execPath, [command, ...swarm, ...work, ...parameters, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  if (stdout === '') throw new Error(`The run printed nothing:\n${stderr}`);
  return { code: child.exitCode, report: JSON.parse(stdout), stderr };
}

describe('a swarm under fire', () => {
  it('loses no generation and changes no token', { timeout: timeoutMs }, async () => {
    const { code, report, stderr } = await runChaos([
      '--rate',
      '10',
      '--failure-per-token',
      '5e-3',
    ]);
    // The lists first: they say what went wrong.
    expect(stderr).toBe('');
    expect(report.failures).toEqual([]);
    expect(report.differences).toEqual([]);
    expect(report).toMatchObject({ failed: 0, differing: 0, wasInterrupted: false });
    expect(code).toBe(0);
  });
});
