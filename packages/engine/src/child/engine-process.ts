/** The owner's end of the pipe: starts the engine's process, calls it, and notices its death. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { SkeinError, toSkeinError } from '@skein/protocol';
import { logVariable } from '../ggml/load-ggml.js';
import { encodeFrame, type Frame, FrameDecoder } from './frames.js';
import { LineLog } from './line-log.js';
import { fromErrorHeader, type Request, type Response, type Results } from './messages.js';

/** How long the process may take to end once its pipe is closed. */
const stopTimeoutMs = 3_000;

/** How long to wait for the last lines of a process that has died. */
const lastLinesTimeoutMs = 300;

type Progress = { loadedBytes: number; totalBytes: number };

interface PendingCall {
  readonly resolve: (answer: { result: unknown; body: Uint8Array }) => void;
  readonly reject: (error: Error) => void;
}

/** One process with one engine. It is not started again; see `ChildEngine`. */
export class EngineProcess {
  private readonly child: ChildProcess;
  private readonly pipe: Duplex;
  private readonly log = new LineLog();
  private readonly pending = new Map<number, PendingCall>();
  private readonly decoder = new FrameDecoder();
  private nextId = 1;
  private failure: SkeinError | null = null;
  /** Settles when the process has ended, with the error that its calls got. */
  readonly ended: Promise<SkeinError>;

  constructor(options: { onProgress?: ((progress: Progress) => void) | undefined } = {}) {
    this.child = spawn(process.execPath, [fileURLToPath(new URL('main.js', import.meta.url))], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      // On an abort ggml would start a debugger to print a backtrace, which takes seconds.
      env: { ...process.env, GGML_NO_BACKTRACE: '1', [logVariable]: '1' },
      windowsHide: true,
    });
    this.pipe = this.child.stdio[3] as Duplex;
    this.pipe.on('data', (chunk: Buffer) => this.receive(chunk, options.onProgress));
    // A broken pipe is the process's death, which `ended` tells with more detail.
    this.pipe.on('error', () => {});
    this.child.stderr?.on('data', (chunk: Buffer) => this.log.push(chunk));
    this.ended = this.watchEnd();
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Calls the engine. @throws SkeinError what the engine threw, or `engine-failed` at its death */
  call<Call extends Request['call']>(
    request: Extract<Request, { call: Call }>,
    body?: readonly Uint8Array[],
  ): Promise<{ result: Results[Call]; body: Uint8Array }> {
    return new Promise((resolve, reject) => {
      if (this.failure !== null) {
        reject(this.failure);
        return;
      }
      const id = this.nextId;
      let frame: Buffer;
      try {
        frame = encodeFrame({ ...request, id }, body);
      } catch (error) {
        // What cannot be told to the process is no call that it could answer.
        reject(toSkeinError(error, 'bad-argument'));
        return;
      }
      this.nextId += 1;
      this.pending.set(id, { resolve: resolve as PendingCall['resolve'], reject });
      this.pipe.write(frame);
    });
  }

  /** Closes the pipe and waits for the end; insists when it does not come. */
  async stop(): Promise<void> {
    this.pipe.end();
    const timer = setTimeout(() => this.kill(), stopTimeoutMs);
    await this.ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private receive(chunk: Buffer, onProgress: ((progress: Progress) => void) | undefined): void {
    let frames: Frame[];
    try {
      frames = this.decoder.push(chunk);
    } catch {
      // Only a process that has lost its mind writes anything else.
      this.kill();
      return;
    }
    for (const { header, body } of frames) {
      const response = header as Response;
      if ('loadedBytes' in response) {
        onProgress?.({ loadedBytes: response.loadedBytes, totalBytes: response.totalBytes });
        continue;
      }
      const call = this.pending.get(response.id);
      this.pending.delete(response.id);
      if (response.ok) call?.resolve({ result: response.result, body });
      else call?.reject(fromErrorHeader(response.error));
    }
  }

  private watchEnd(): Promise<SkeinError> {
    return new Promise((resolve) => {
      const finish = (how: string) => {
        this.failure ??= new SkeinError('engine-failed', this.explain(how), {
          details: { log: this.log.lines },
        });
        for (const call of this.pending.values()) call.reject(this.failure);
        this.pending.clear();
        this.pipe.destroy();
        resolve(this.failure);
      };
      this.child.once('error', (error) => finish(`could not be started: ${error.message}`));
      this.child.once('exit', (code, signal) => {
        const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
        // `close` comes when the last lines have been read, unless somebody else holds the pipe.
        const timer = setTimeout(() => finish(how), lastLinesTimeoutMs);
        this.child.once('close', () => {
          clearTimeout(timer);
          finish(how);
        });
      });
    });
  }

  private explain(how: string): string {
    const last = this.log.lines.at(-1);
    return `The engine's process ${how}${last === undefined ? '.' : `; it last wrote: ${last}`}`;
  }
}
