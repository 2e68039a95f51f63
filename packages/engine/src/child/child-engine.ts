/** The engine of a peer: in a process of its own, started again when native code ends it. */
import {
  type BatchOutcome,
  type Engine,
  type EngineFailure,
  type EngineInfo,
  type EngineOptions,
  type KvChunk,
  type SessionId,
  type SessionUse,
  SkeinError,
  type StepItem,
} from '@skein/protocol';
import { requireChunk, requireRecord, requireStepItems } from '../core/require-shapes.js';
import { type SessionEntry, SessionTable } from '../core/session-table.js';
import type { LoadRequest } from '../load-computer.js';
import { EngineProcess } from './engine-process.js';
import type { KvChunkHeader, SessionState } from './messages.js';
import { BodyReader, decodeOutcomes, encodeStepItems } from './step-codec.js';

/** Restarts in a row before the engine gives up. */
const restartsMax = 3;

/** Pause before the first restart; it doubles with each. */
const restartDelayMs = 250;

/** An engine that ran for this long counts as healthy: its earlier failures are forgotten. */
const healthyAfterMs = 60_000;

/** An {@link Engine} whose native code runs elsewhere. Sessions' accounts are mirrored here. */
export class ChildEngine implements Engine {
  private readonly sessions: SessionTable;
  private readonly listeners: ((event: EngineFailure) => void)[] = [];
  /** Null while the engine is being started again, after it gave up, and once it was stopped. */
  private process: EngineProcess | null;
  private startedAt = performance.now();
  private restarts = 0;
  private isStopped = false;
  private delay: { timer: NodeJS.Timeout; finish: () => void } | null = null;

  private constructor(
    readonly info: EngineInfo,
    private readonly request: LoadRequest,
    process: EngineProcess,
  ) {
    this.sessions = new SessionTable(info, info.kvTokensMax);
    this.process = process;
    this.watch(process);
  }

  /** Starts a process and loads the model in it. Errors: see `loadModel`; `aborted`. */
  static async start(request: LoadRequest, options: LoadOptions): Promise<ChildEngine> {
    const { process, info } = await startProcess(request, options);
    return new ChildEngine(info, request, process);
  }

  get kvTokensFree(): number {
    return this.process === null ? 0 : this.sessions.kvTokensFree;
  }

  /** Process id of the running engine, for tests and for `skein doctor`. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  openSession(id: SessionId, use: SessionUse): void {
    const process = this.running();
    const { span, ends, residualType = 'f32' } = use;
    this.sessions.open({ id, use: { span, ends, residualType }, length: 0, heldTokens: 0 });
    process
      .call<'open'>({ call: 'open', session: id, span, ends, residualType })
      .catch(ignoreDeath);
  }

  closeSession(id: SessionId): void {
    if (this.sessions.close(id) === undefined) return;
    this.process?.call<'close'>({ call: 'close', session: id }).catch(ignoreDeath);
  }

  length(id: SessionId): number {
    return this.sessions.get(id).length;
  }

  async step(items: readonly StepItem[]): Promise<BatchOutcome> {
    requireStepItems(items);
    const entries = items.map(({ session }) => this.sessions.find(session));
    const { headers, body } = encodeStepItems(items);
    const answer = await this.running().call<'step'>({ call: 'step', items: headers }, body);
    const { outcomes, computeUs } = answer.result;
    for (const [index, outcome] of outcomes.entries()) this.update(entries[index], outcome);
    return { outcomes: decodeOutcomes(outcomes, answer.body), computeUs };
  }

  async truncate(session: SessionId, position: number): Promise<void> {
    const entry = this.sessions.get(session);
    const { result } = await this.running().call<'truncate'>({
      call: 'truncate',
      session,
      position,
    });
    this.update(entry, result);
  }

  async exportKv(
    session: SessionId,
    range: { block: number; start: number; end: number },
  ): Promise<KvChunk> {
    requireRecord(range, 'A range of a cache');
    const { block, start, end } = range;
    const request = { call: 'export', session, block, start, end } as const;
    const { result, body } = await this.running().call<'export'>(request);
    const reader = new BodyReader(body);
    const { keyBytes, ...header } = result;
    const keys = reader.bytes(keyBytes);
    return { ...header, keys, values: reader.bytes(body.byteLength - keyBytes) };
  }

  async importKv(session: SessionId, chunk: KvChunk): Promise<void> {
    const entry = this.sessions.get(session);
    requireChunk(chunk);
    const { keys, values, block, position, count, type } = chunk;
    const header: KvChunkHeader = { block, position, count, type, keyBytes: keys.byteLength };
    const request = { call: 'import', session, ...header } as const;
    const { result } = await this.running().call<'import'>(request, [keys, values]);
    this.update(entry, result);
  }

  async setLength(session: SessionId, length: number): Promise<void> {
    const entry = this.sessions.get(session);
    const request = { call: 'set-length', session, length } as const;
    const { result } = await this.running().call<'set-length'>(request);
    this.update(entry, result);
  }

  onFailure(listener: (event: EngineFailure) => void): void {
    this.listeners.push(listener);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.sessions.clear();
    clearTimeout(this.delay?.timer);
    this.delay?.finish();
    const { process } = this;
    this.process = null;
    await process?.stop();
  }

  private running(): EngineProcess {
    if (this.process !== null) return this.process;
    const state = this.isStopped ? 'was stopped' : 'is being started again';
    throw new SkeinError('engine-failed', `The engine ${state}.`);
  }

  /** Books what a call did, unless the session was closed in the meantime. */
  private update(entry: SessionEntry | undefined, state: SessionState): void {
    if (entry === undefined || this.sessions.find(entry.id) !== entry) return;
    entry.length = state.length;
    entry.heldTokens = state.heldTokens;
  }

  private watch(process: EngineProcess): void {
    void process.ended.then((error) => {
      if (this.process !== process) return;
      const lostSessions = this.sessions.ids;
      this.process = null;
      this.sessions.clear();
      this.emit({ kind: 'failed', error, lostSessions });
      void this.restart(error);
    });
  }

  /** Starts the engine again, a bounded number of times, each after a longer pause. */
  private async restart(cause: SkeinError): Promise<void> {
    const failedAt = performance.now();
    if (failedAt - this.startedAt > healthyAfterMs) this.restarts = 0;
    let lastError = cause;
    while (!this.isStopped && this.restarts < restartsMax) {
      await this.pause(restartDelayMs * 2 ** this.restarts);
      this.restarts += 1;
      if (this.isStopped) return;
      try {
        const { process } = await startProcess(this.request, {});
        if (this.isStopped) {
          await process.stop();
          return;
        }
        this.process = process;
        this.startedAt = performance.now();
        this.watch(process);
        this.emit({ kind: 'restarted', elapsedMs: Math.round(this.startedAt - failedAt) });
        return;
      } catch (error) {
        lastError = error as SkeinError;
      }
    }
    if (!this.isStopped) this.emit({ kind: 'gave-up', error: lastError });
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((finish) => {
      this.delay = { timer: setTimeout(finish, delayMs), finish };
    });
  }

  private emit(event: EngineFailure): void {
    for (const listener of this.listeners) listener(event);
  }
}

type LoadOptions = Pick<EngineOptions, 'signal' | 'onProgress'>;

/** A process with the model in it. */
async function startProcess(
  request: LoadRequest,
  { signal, onProgress }: LoadOptions,
): Promise<{ process: EngineProcess; info: EngineInfo }> {
  const process = new EngineProcess({ onProgress });
  const cancel = () => process.kill();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    if (signal?.aborted) throw new SkeinError('aborted', 'Loading was cancelled.');
    const { result } = await process.call<'load'>({ call: 'load', options: request });
    return { process, info: result.info };
  } catch (error) {
    process.kill();
    await process.ended;
    if (!signal?.aborted) throw error;
    throw new SkeinError('aborted', 'Loading was cancelled.', { cause: signal.reason });
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

/** Calls without an answer of their own: the death of the process is told by `onFailure`. */
function ignoreDeath(): void {}
