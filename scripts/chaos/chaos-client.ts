import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chaosLimits } from './chaos-limits.js';
import type { ClientCommand, ClientEvent, ClientReport } from './client/messages.js';
import type { Job } from './jobs.js';

const clientFile = fileURLToPath(new URL('./client/main.js', import.meta.url));

/** A client in a process of its own, which generates one thing at a time. */
export class ChaosClient {
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  #onReport: (report: ClientReport) => void = () => undefined;
  #onExit: () => void = () => undefined;
  #count = 0;

  private constructor(bootstrap: string, model: string) {
    this.#process = spawn(process.execPath, [clientFile, bootstrap, model], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#exited = new Promise((resolve) => {
      this.#process.once('close', () => {
        this.#onExit();
        resolve();
      });
    });
    createInterface({ input: this.#process.stdout as NodeJS.ReadableStream }).on('line', (line) =>
      this.#onReport(JSON.parse(line) as ClientReport),
    );
  }

  /** Starts the process and waits until the client has joined the swarm. */
  static async start(options: { bootstrap: string; model: string }): Promise<ChaosClient> {
    const client = new ChaosClient(options.bootstrap, options.model);
    await new Promise<void>((resolve, reject) => {
      client.#onReport = () => resolve();
      client.#onExit = () => reject(new Error('A client ended before it was ready.'));
    });
    return client;
  }

  /** Generates to the end, or until {@link abort}, and tells of everything on the way. */
  async generate(
    job: Job,
    onEvent: (event: ClientEvent) => void,
    excludedPeers: readonly string[] = [],
  ): Promise<void> {
    this.#count += 1;
    const id = this.#count;
    await new Promise<void>((resolve) => {
      this.#onReport = (report) => {
        if (!('id' in report) || report.id !== id) return;
        onEvent(report);
        if (report.event === 'end' || report.event === 'failed') resolve();
      };
      this.#onExit = () => {
        onEvent({ event: 'failed', code: 'internal', message: 'the client process ended' });
        resolve();
      };
      this.#tell({ command: 'generate', id, job, excludedPeers });
    });
  }

  abort(): void {
    this.#tell({ command: 'abort' });
  }

  async stop(): Promise<void> {
    this.#onExit = () => undefined;
    this.#process.stdin?.end();
    const insist = setTimeout(() => this.killNow(), chaosLimits.clientStopMs);
    await this.#exited;
    clearTimeout(insist);
  }

  killNow(): void {
    this.#process.kill('SIGKILL');
  }

  #tell(command: ClientCommand): void {
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`);
  }
}
