import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SkeinError } from '@skein/protocol';
import type { OutputEvent } from './output.js';

/** Another `skein` command in a process of its own, read through its `--json` lines. */
export interface ChildCommand {
  readonly pid: number;
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;
  /** @throws SkeinError `internal` when the process ends first, with what it printed */
  waitFor(event: string, options: { signal?: AbortSignal }): Promise<OutputEvent>;
  kill(signal: NodeJS.Signals): void;
  /** Asks it to stop, insists after a while, and resolves when it is gone. */
  stop(): Promise<void>;
}

const mainFile = fileURLToPath(new URL('./main.js', import.meta.url));

/** A command that has not stopped by then is killed. */
const stopMsMax = 5_000;

/** The end of standard error that is kept to explain a failure. */
const stderrCharactersMax = 8_192;

/** Starts `skein <parameters> --json`. */
export function startCommand(parameters: readonly string[]): ChildCommand {
  const child = spawn(process.execPath, [mainFile, ...parameters, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const events: OutputEvent[] = [];
  const wakeUps = new Set<() => void>();
  let errorText = '';
  let ended = false;
  const wake = () => {
    for (const wakeUp of wakeUps) wakeUp();
    wakeUps.clear();
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(JSON.parse(line) as OutputEvent);
    wake();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errorText = (errorText + text).slice(-stderrCharactersMax);
  });
  const exited = new Promise<void>((resolve) => {
    child.once('close', () => {
      ended = true;
      wake();
      resolve();
    });
  });
  return {
    pid: child.pid ?? 0,
    exited,
    async waitFor(name, { signal }) {
      for (;;) {
        signal?.throwIfAborted();
        const found = events.find((event) => event.event === name);
        if (found !== undefined) return found;
        if (ended) {
          throw new SkeinError(
            'internal',
            `\`skein ${parameters[0]}\` ended before it was ready:\n${errorText.trim()}`,
          );
        }
        await new Promise<void>((resolve) => {
          const wakeUp = () => {
            signal?.removeEventListener('abort', wakeUp);
            resolve();
          };
          wakeUps.add(wakeUp);
          signal?.addEventListener('abort', wakeUp, { once: true });
        });
      }
    },
    kill: (signal) => void child.kill(signal),
    stop: () => stopChild(child, exited),
  };
}

async function stopChild(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const insist = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
  await exited;
  clearTimeout(insist);
}
