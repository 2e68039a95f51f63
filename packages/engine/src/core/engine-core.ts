/**
 * The engine itself, in the process that calls it, whatever computes the blocks: sessions, budget
 * and checks. `create-engine.ts` puts it into a child process, `create-in-process-engine.ts` behind
 * the contract.
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
import type { BatchItem, RunOutput } from './batch.js';
import type { BlockComputer, SessionCache } from './block-computer.js';
import { computeRowByRow } from './compute-row-by-row.js';
import { requireStepItems } from './require-shapes.js';
import { type SessionEntry, SessionTable } from './session-table.js';
import { groupIntoBatches } from './step-batches.js';
import { Turns } from './turns.js';
import { validateChunk, validateRange } from './validate-kv.js';
import { outputBytesOf, validateItem } from './validate-step.js';

/** Bytes of the outputs of one step: they travel in one frame, and are held in memory twice. */
const stepOutputBytesMax = 512 * 1024 * 1024;

interface CoreSession<Cache> extends SessionEntry {
  readonly cache: Cache;
}

/** An item that passed all checks and has room in its cache. */
interface PreparedItem<Cache> extends BatchItem<Cache> {
  readonly index: number;
  readonly session: CoreSession<Cache>;
}

/** A loaded span with its sessions. Failures of native code end the process that it is in. */
export class EngineCore<Cache extends SessionCache = SessionCache> {
  readonly info: EngineInfo;
  private readonly sessions: SessionTable<CoreSession<Cache>>;
  private readonly turns = new Turns();
  private stopped: Promise<void> | null = null;

  constructor(private readonly computer: BlockComputer<Cache>) {
    this.info = computer.info;
    this.sessions = new SessionTable(this.info, this.info.kvTokensMax);
  }

  get kvTokensFree(): number {
    return this.sessions.kvTokensFree;
  }

  openSession(id: SessionId, use: SessionUse): void {
    this.sessions.check(id, use);
    const cache = this.computer.createCache(use.span);
    this.sessions.open({ id, use, cache, length: 0, heldTokens: 0 });
  }

  closeSession(id: SessionId): void {
    const session = this.sessions.close(id);
    if (session === undefined) return;
    // A call that is under way may still look into the cache.
    if (this.turns.isIdle) session.cache.free();
    else void this.turns.take(() => session.cache.free());
  }

  length(id: SessionId): number {
    return this.sessions.get(id).length;
  }

  /** A session's account, or undefined for an unknown one. */
  find(id: SessionId): SessionEntry | undefined {
    return this.sessions.find(id);
  }

  /** Computes a ragged batch. @throws SkeinError `engine-failed`, `limit-exceeded` */
  step(items: readonly StepItem[]): Promise<BatchOutcome> {
    return this.call(() => {
      requireStepItems(items);
      return this.runStep(items);
    });
  }

  truncate(id: SessionId, position: number): Promise<void> {
    return this.call(() => {
      const session = this.sessions.get(id);
      if (!Number.isInteger(position) || position < 0 || position > session.length) {
        throw new SkeinError(
          'bad-argument',
          `Session ${id} has ${session.length} tokens and cannot be cut at ${position}.`,
        );
      }
      this.setLengthOf(session, position);
    });
  }

  exportKv(id: SessionId, range: { block: number; start: number; end: number }): Promise<KvChunk> {
    return this.call(() => {
      const session = this.sessions.get(id);
      validateRange(range, session, this.info);
      return session.cache.read(range);
    });
  }

  importKv(id: SessionId, chunk: KvChunk): Promise<void> {
    return this.call(async () => {
      const session = this.sessions.get(id);
      validateChunk(chunk, session, this.info);
      this.requireRoom(session, chunk.position + chunk.count);
      const filled = session.cache.filledTokens(chunk.block);
      if (chunk.position > filled) {
        const message = `Tokens ${filled} to ${chunk.position} of block ${chunk.block} are missing.`;
        throw new SkeinError('bad-argument', message);
      }
      await session.cache.write(chunk);
      session.heldTokens = session.cache.heldTokens;
    });
  }

  setLength(id: SessionId, length: number): Promise<void> {
    return this.call(() => {
      const session = this.sessions.get(id);
      const most = session.cache.completeTokens;
      if (!Number.isInteger(length) || length < 0 || length > most) {
        throw new SkeinError('bad-argument', `Every block has ${most} tokens, not ${length}.`);
      }
      this.setLengthOf(session, length);
    });
  }

  /** Frees everything, after the calls that were made before. Idempotent. */
  stop(): Promise<void> {
    this.stopped ??= this.turns.take(() => {
      for (const id of this.sessions.ids) this.sessions.close(id)?.cache.free();
      this.computer.stop();
    });
    return this.stopped;
  }

  private call<Result>(call: () => Result | Promise<Result>): Promise<Result> {
    if (this.stopped === null) return this.turns.take(call);
    return Promise.reject(new SkeinError('engine-failed', 'The engine was stopped.'));
  }

  private async runStep(items: readonly StepItem[]): Promise<BatchOutcome> {
    const outcomes: (StepOutcome | undefined)[] = items.map(() => undefined);
    const prepared: PreparedItem<Cache>[] = [];
    const seen = new Set<SessionId>();
    let outputBytes = 0;
    items.forEach((item, index) => {
      try {
        // Before room is made for it, which could move the cache that the first one is to use.
        if (seen.has(item.session)) {
          throw new SkeinError('bad-argument', `Session ${item.session} is in the batch twice.`);
        }
        const bytes = outputBytes + outputBytesOf(item, this.info.config);
        if (bytes > stepOutputBytesMax) {
          throw new SkeinError('limit-exceeded', 'The outputs of the step are too many.');
        }
        const each = this.prepare(item, index);
        // Without blocks and without an output there is nothing to compute, and no graph of it.
        if (each.cache === null && each.output === 'none')
          outcomes[index] = this.conclude(each, null);
        else prepared.push(each);
        seen.add(item.session);
        outputBytes = bytes;
      } catch (error) {
        outcomes[index] = { ok: false, error: toSkeinError(error) };
      }
    });
    const startedAt = performance.now();
    for (const batch of groupIntoBatches(prepared)) {
      const outputs = await this.compute(batch);
      for (const [index, item] of batch.entries()) {
        outcomes[item.index] = this.conclude(item, outputs[index] ?? null);
      }
    }
    const computeUs = Math.round((performance.now() - startedAt) * 1000);
    return { outcomes: outcomes as StepOutcome[], computeUs };
  }

  /** Whatever fails once everything was checked, leaves caches of which nobody knows the state. */
  private async compute(batch: readonly PreparedItem<Cache>[]): Promise<readonly RunOutput[]> {
    const { computer } = this;
    const isApart = !computer.joinsSingleRows && batch.some(({ rowByRow }) => rowByRow);
    try {
      return await (isApart ? computeRowByRow(computer, batch) : computer.compute(batch));
    } catch (error) {
      const { message } = toSkeinError(error);
      throw new SkeinError('engine-failed', `A batch could not be computed: ${message}`, {
        cause: error,
      });
    }
  }

  /** Checks an item and makes room for its tokens, which count against the budget from now on. */
  private prepare(item: StepItem, index: number): PreparedItem<Cache> {
    const session = this.sessions.get(item.session);
    validateItem(item, session, this.info.config);
    const { input, output, position, rows } = item;
    const rowByRow = item.rowByRow === true && rows > 1;
    const { span, residualType = 'f32' } = session.use;
    const hasBlocks = span.end > span.start;
    if (hasBlocks) {
      this.requireRoom(session, position + rows);
      session.cache.reserve(position + rows);
      session.heldTokens = position + rows;
    }
    const bytes = input.kind === 'tokens' ? bytesOf(input.tokens) : input.bytes;
    return {
      index,
      session,
      span,
      residualType,
      position,
      rows,
      rowByRow,
      cache: hasBlocks ? session.cache : null,
      bytes,
      input: input.kind === 'tokens' ? 'tokens' : input.type,
      output:
        output.kind === 'none' ? 'none' : output.kind === 'hidden' ? output.type : output.rows,
      topK: output.kind === 'logits' ? output.topK : 0,
      targets: output.kind === 'logits' ? output.targets : undefined,
    };
  }

  /** Turns what was computed into an outcome and moves the session on, or back on bad numbers. */
  private conclude(item: PreparedItem<Cache>, output: RunOutput): StepOutcome {
    const { session } = item;
    const isBad =
      output?.kind === 'logits' &&
      !output.logits.logNormalisers.every((log) => Number.isFinite(log));
    if (item.cache !== null) this.setLengthOf(session, item.position + (isBad ? 0 : item.rows));
    if (isBad) {
      const message = `Session ${session.id}: the logits are not finite.`;
      return { ok: false, error: new SkeinError('bad-output', message) };
    }
    return { ok: true, output: toStepOutput(item, output) };
  }

  private setLengthOf(session: CoreSession<Cache>, length: number): void {
    session.cache.setFilled(length);
    session.length = length;
    session.heldTokens = length;
  }

  /** @throws SkeinError `kv-full` when the budget does not hold `tokens` of this session */
  private requireRoom(session: CoreSession<Cache>, tokens: number): void {
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

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function toStepOutput({ output: wanted }: PreparedItem<unknown>, output: RunOutput): StepOutput {
  if (output === null) return { kind: 'none' };
  if (output.kind === 'logits') return output;
  return { kind: 'hidden', type: wanted as 'f32' | 'f16' | 'bf16', bytes: output.bytes };
}
