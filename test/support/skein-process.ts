import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { abortAfter } from '@skein/protocol';

/** One line that a command printed under `--json`. */
export interface CommandEvent {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests assert on the fields of foreign JSON.
  readonly [field: string]: any;
}

/** The compiled command, run as a user's shell would run it. */
export const command = fileURLToPath(
  new URL('../../packages/peer/dist/cli/main.js', import.meta.url),
);

/** A running `skein` command with its events. */
export class SkeinProcess {
  readonly events: CommandEvent[] = [];
  stderr = '';
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly #process: ChildProcess;
  readonly #listeners = new Set<() => void>();
  #ended = false;

  constructor(parameters: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#process = spawn(process.execPath, [command, ...parameters, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    running.add(this);
    const { stdout, stderr } = this.#process;
    if (stdout === null || stderr === null) throw new Error('The streams are piped.');
    createInterface({ input: stdout }).on('line', (line) => {
      this.events.push(JSON.parse(line) as CommandEvent);
      this.#wake();
    });
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exited = new Promise((resolve) => {
      this.#process.on('close', (code, signal) => {
        this.#ended = true;
        running.delete(this);
        resolve({ code, signal });
        this.#wake();
      });
    });
  }

  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error('The process did not start.');
    return pid;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Waits for the first event that matches; fails when the process ends without one. */
  async waitFor(
    matches: string | ((event: CommandEvent) => boolean),
    options: { timeoutMs?: number } = {},
  ): Promise<CommandEvent> {
    const isMatch =
      typeof matches === 'string' ? (event: CommandEvent) => event.event === matches : matches;
    const deadline = abortAfter(options.timeoutMs ?? 110_000);
    for (;;) {
      const found = this.events.find(isMatch);
      if (found !== undefined) return found;
      if (this.#ended || deadline.aborted) {
        const why = this.#ended ? 'ended' : 'printed nothing in time';
        throw new Error(`The command ${why} before ${matches}.\n${this.stderr}`);
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#listeners.delete(wake);
          deadline.removeEventListener('abort', wake);
          resolve();
        };
        this.#listeners.add(wake);
        deadline.addEventListener('abort', wake, { once: true });
      });
    }
  }

  #wake(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

const running = new Set<SkeinProcess>();

/** Ends every command that a test left running. Call it in `afterEach` or `afterAll`. */
export async function stopEverything(): Promise<void> {
  await Promise.all(
    [...running].map((child) => {
      child.kill('SIGKILL');
      // A stopped process only dies of SIGKILL, which it does at once.
      return child.exited;
    }),
  );
}

/** Runs a command to its end. */
export async function runSkein(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; events: readonly CommandEvent[]; stderr: string }> {
  const child = new SkeinProcess(parameters, environment);
  const { code } = await child.exited;
  return { code, events: child.events, stderr: child.stderr };
}

/** Runs a command as people do, without `--json`, and returns what it printed. */
export function runForText(parameters: readonly string[]): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...parameters], {
    encoding: 'utf8',
  });
  return { code: status, text: stdout + stderr };
}
