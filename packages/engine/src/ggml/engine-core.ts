/**
 * The engine itself, synchronous and in the process that calls it. `create-engine.ts` puts it
 * into a child process, `create-in-process-engine.ts` behind promises.
 */
import {
  type BatchOutcome,
  type EngineInfo,
  type KvChunk,
  type SessionId,
  type SessionUse,
  SkeinError,
  type StepItem,
  type StepOutcome,
  type StepOutput,
  toSkeinError,
} from '@skein/protocol';
import { GraphCache } from './graph/graph-cache.js';
import type { RunOutput } from './graph/run-graph.js';
import { KvCache } from './kv-cache.js';
import { KvPool } from './kv-store.js';
import {
  type LoadedModel,
  type LoadModelOptions,
  type LoadOverrides,
  loadModel,
} from './load-model.js';
import { type BatchItem, runBatch } from './run-batch.js';
import { type SessionEntry, SessionTable } from './session-table.js';
import { groupIntoBatches } from './step-batches.js';
import { validateChunk, validateRange } from './validate-kv.js';
import { validateItem } from './validate-step.js';

interface CoreSession extends SessionEntry {
  readonly cache: KvCache;
}

/** An item that passed all checks and has room in its cache. */
interface PreparedItem extends BatchItem {
  readonly index: number;
  readonly session: CoreSession;
  readonly position: number;
}

/** A loaded span with its sessions. Failures of native code end the process that it is in. */
export class EngineCore {
  readonly info: EngineInfo;
  private readonly sessions: SessionTable<CoreSession>;
  private readonly pool: KvPool;
  private readonly graphs: GraphCache;
  private isStopped = false;

  private constructor(private readonly model: LoadedModel) {
    const { info, runtime, settings } = model;
    this.info = info;
    this.sessions = new SessionTable(info, info.kvTokensMax);
    this.pool = new KvPool(runtime, settings.kvLayout, info.kvTokensMax);
    this.graphs = new GraphCache(runtime, settings);
  }

  /** Loads the weights. Errors: see `loadModel`. */
  static async load(options: LoadModelOptions, overrides: LoadOverrides = {}): Promise<EngineCore> {
    return new EngineCore(await loadModel(options, overrides));
  }

  get kvTokensFree(): number {
    return this.sessions.kvTokensFree;
  }

  openSession(id: SessionId, use: SessionUse): void {
    const { runtime, settings } = this.model;
    const cache = new KvCache(runtime.ggml, this.pool, settings.kvLayout, use.span);
    this.sessions.open({ id, use, cache, length: 0, heldTokens: 0 });
  }

  closeSession(id: SessionId): void {
    this.sessions.close(id)?.cache.free();
  }

  length(id: SessionId): number {
    return this.sessions.get(id).length;
  }

  /** A session's account, or undefined for an unknown one. */
  find(id: SessionId): SessionEntry | undefined {
    return this.sessions.find(id);
  }

  /** Computes a ragged batch. @throws SkeinError `engine-failed` */
  step(items: readonly StepItem[]): BatchOutcome {
    const outcomes: (StepOutcome | undefined)[] = items.map(() => undefined);
    const prepared: PreparedItem[] = [];
    const seen = new Set<SessionId>();
    items.forEach((item, index) => {
      try {
        if (seen.has(item.session)) {
          throw new SkeinError('bad-argument', `Session ${item.session} is in the batch twice.`);
        }
        prepared.push(this.prepare(item, index));
        seen.add(item.session);
      } catch (error) {
        outcomes[index] = { ok: false, error: toSkeinError(error) };
      }
    });
    const startedAt = performance.now();
    for (const batch of groupIntoBatches(prepared)) {
      const outputs = runBatch(this.model, this.graphs, batch);
      for (const item of batch) outcomes[item.index] = this.conclude(item, outputs.get(item));
    }
    const computeUs = Math.round((performance.now() - startedAt) * 1000);
    return { outcomes: outcomes as StepOutcome[], computeUs };
  }

  truncate(id: SessionId, position: number): void {
    const session = this.sessions.get(id);
    if (!Number.isInteger(position) || position < 0 || position > session.length) {
      throw new SkeinError(
        'bad-argument',
        `Session ${id} has ${session.length} tokens and cannot be cut at ${position}.`,
      );
    }
    this.setLengthOf(session, position);
  }

  exportKv(id: SessionId, range: { block: number; start: number; end: number }): KvChunk {
    const session = this.sessions.get(id);
    validateRange(range, session);
    return session.cache.read(range);
  }

  importKv(id: SessionId, chunk: KvChunk): void {
    const session = this.sessions.get(id);
    validateChunk(chunk, session, this.info);
    this.requireRoom(session, chunk.position + chunk.count);
    const filled = session.cache.filledTokens(chunk.block);
    if (chunk.position > filled) {
      const message = `Tokens ${filled} to ${chunk.position} of block ${chunk.block} are missing.`;
      throw new SkeinError('bad-argument', message);
    }
    session.cache.write(chunk);
    session.heldTokens = session.cache.heldTokens;
  }

  setLength(id: SessionId, length: number): void {
    const session = this.sessions.get(id);
    if (!Number.isInteger(length) || length < 0 || length > session.cache.completeTokens) {
      throw new SkeinError(
        'bad-argument',
        `Every block has ${session.cache.completeTokens} tokens, not ${length}.`,
      );
    }
    this.setLengthOf(session, length);
  }

  /** Frees everything. Idempotent. */
  stop(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    for (const id of this.sessions.ids) this.closeSession(id);
    this.graphs.free();
    this.pool.freeIdle();
    this.model.free();
  }

  /** Checks an item and makes room for its tokens, which count against the budget from now on. */
  private prepare(item: StepItem, index: number): PreparedItem {
    const session = this.sessions.get(item.session);
    validateItem(item, session, this.info.config);
    const { input, output, position, rows } = item;
    const { span, residualType = 'f32' } = session.use;
    let cache: PreparedItem['cache'] = null;
    if (span.end > span.start) {
      this.requireRoom(session, position + rows);
      const store = session.cache.reserve(position + rows);
      cache = { store, attendedTokens: session.cache.attendedTokens(position + rows) };
      session.heldTokens = position + rows;
    }
    const tokens = input.kind === 'tokens' ? input.tokens : null;
    const bytes =
      tokens === null
        ? (input as Extract<typeof input, { kind: 'hidden' }>).bytes
        : new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength);
    return {
      index,
      session,
      span,
      residualType,
      position,
      rows,
      cache,
      bytes,
      input: input.kind === 'tokens' ? 'tokens' : input.type,
      output:
        output.kind === 'none' ? 'none' : output.kind === 'hidden' ? output.type : output.rows,
      topK: output.kind === 'logits' ? output.topK : 0,
      targets: output.kind === 'logits' ? output.targets : undefined,
    };
  }

  /** Turns what was computed into an outcome and moves the session on, or back on bad numbers. */
  private conclude(item: PreparedItem, output: RunOutput | undefined): StepOutcome {
    const { session } = item;
    const isBad =
      output?.kind === 'logits' &&
      !output.logits.logNormalisers.every((log) => Number.isFinite(log));
    const hasBlocks = item.cache !== null;
    if (hasBlocks) this.setLengthOf(session, item.position + (isBad ? 0 : item.rows));
    if (isBad) {
      const message = `Session ${session.id}: the logits are not finite.`;
      return { ok: false, error: new SkeinError('bad-output', message) };
    }
    return { ok: true, output: toStepOutput(item, output ?? null) };
  }

  private setLengthOf(session: CoreSession, length: number): void {
    session.cache.setFilled(length);
    session.length = length;
    session.heldTokens = length;
  }

  /** @throws SkeinError `kv-full` when the budget does not hold `tokens` of this session */
  private requireRoom(session: CoreSession, tokens: number): void {
    const wanted = tokens - session.heldTokens;
    const free = this.kvTokensFree;
    if (wanted <= free) return;
    throw new SkeinError(
      'kv-full',
      `Session ${session.id} needs room for ${wanted} more tokens; ${free} are free.`,
      { details: { wanted, free } },
    );
  }
}

function toStepOutput(item: PreparedItem, output: RunOutput): StepOutput {
  if (output === null) return { kind: 'none' };
  if (output.kind === 'logits') return output;
  return { kind: 'hidden', type: item.output as 'f32' | 'f16' | 'bf16', bytes: output.bytes };
}
