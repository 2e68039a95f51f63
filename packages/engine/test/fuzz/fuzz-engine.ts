import {
  type BatchOutcome,
  type Engine,
  isSkeinError,
  type KvChunk,
  type SessionId,
} from '@skein/protocol';
import { seededRandom } from '../support/numbers.js';
import { type Call, drawCall, type KnownSession, type Scene } from './draw-calls.js';
import { Draw } from './hostile-values.js';

/** What came of a run. */
export interface FuzzReport {
  readonly calls: number;
  /** Calls and items of steps, by their outcome: `ok`, or the code of an error. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly stepItems: number;
  readonly elapsedMs: number;
}

/** What a call may be refused with. Anything else is a hole in the checks. */
const expectedCodes: readonly string[] = [
  ...['bad-argument', 'limit-exceeded', 'position-mismatch', 'context-exceeded', 'kv-full'],
  ...['session-unknown', 'session-exists', 'not-hosting', 'bad-output'],
];

/** Calls that are under way at once, at most. */
const concurrencyMax = 12;

/** Every so many calls all sessions are closed, and nothing of them may be left. */
const roundCalls = 500;

const chunksMax = 32;
const recentMax = 200;

/**
 * Makes random calls, many of them hostile, and compares the accounts of the engine with those of a
 * model of it. @throws Error at the first thing that is not as the contract says
 */
export async function fuzzEngine(
  engine: Engine,
  { seed, calls }: { readonly seed: number; readonly calls: number },
): Promise<FuzzReport> {
  const fuzzer = new Fuzzer(engine, new Draw(seededRandom(seed)));
  const startedAt = performance.now();
  for (let made = 0; made < calls; made += concurrencyMax) {
    await fuzzer.makeCalls(Math.min(concurrencyMax, calls - made));
    if (made % roundCalls < concurrencyMax) fuzzer.closeAll();
  }
  fuzzer.closeAll();
  const elapsedMs = Math.round(performance.now() - startedAt);
  return { calls, outcomes: fuzzer.outcomes, stepItems: fuzzer.stepItems, elapsedMs };
}

class Fuzzer {
  readonly outcomes: Record<string, number> = {};
  stepItems = 0;
  private readonly sessions = new Map<SessionId, KnownSession>();
  private readonly chunks: KvChunk[] = [];
  private failure: Error | null = null;
  private died: Error | null = null;
  private booked: Promise<void> = Promise.resolve();
  /** The last calls and what became of them, for the message of a failure. */
  private readonly recent: string[] = [];

  constructor(
    private readonly engine: Engine,
    private readonly draw: Draw,
  ) {
    engine.onFailure((event) => {
      // The calls that were under way tell more; this one is for when there were none.
      if (event.kind !== 'restarted') this.died ??= event.error;
    });
  }

  /** Makes some calls, mostly without waiting for each other, and checks the accounts. */
  async makeCalls(count: number): Promise<void> {
    const { draw, sessions, chunks } = this;
    const scene: Scene = { draw, info: this.engine.info, sessions, chunks };

    for (let index = 0; index < count; index += 1) {
      const call = drawCall(scene);
      const running = this.make(call);
      // The next call then knows the lengths that this one left.
      if (draw.chance(0.5)) await running;
    }
    await this.booked;
    const failure = this.failure ?? this.died;
    if (failure !== null) throw failure;
    this.checkAccounts();
  }

  closeAll(): void {
    for (const session of this.sessions.keys()) this.engine.closeSession(session);
    this.sessions.clear();
    this.expectEqual('free tokens', this.engine.kvTokensFree, this.engine.info.kvTokensMax);
  }

  /** Makes a call now, and books what became of it after those that were made before. */
  private make(call: Call): Promise<void> {
    const result = this.perform(call);
    // Somebody looks at it later: until then nobody is to be alarmed.
    result.catch(() => undefined);
    this.booked = this.booked.then(async () => {
      try {
        this.book(call, await result);
        this.remember(call, await result);
      } catch (error) {
        this.bookError(call, error);
        this.remember(call, error);
      }
    });
    return this.booked;
  }

  private async perform(call: Call): Promise<BatchOutcome | KvChunk | undefined> {
    const { engine, sessions } = this;
    switch (call.name) {
      case 'open':
        engine.openSession(call.session, call.use);
        sessions.set(call.session, { use: call.use, length: 0 });
        return undefined;
      case 'close':
        engine.closeSession(call.session);
        sessions.delete(call.session);
        return undefined;
      case 'length':
        engine.length(call.session);
        return undefined;
      case 'step':
        return await engine.step(call.items);
      case 'truncate':
        await engine.truncate(call.session, call.value);
        return undefined;
      case 'set-length':
        await engine.setLength(call.session, call.value);
        return undefined;
      case 'export':
        return await engine.exportKv(call.session, call.range);
      case 'import':
        await engine.importKv(call.session, call.chunk);
        return undefined;
    }
  }

  private book(call: Call, result: BatchOutcome | KvChunk | undefined): void {
    if (result !== undefined && 'outcomes' in result) {
      this.bookStep(call, result);
      return;
    }
    this.count('ok');
    if (call.name === 'truncate' || call.name === 'set-length') {
      const known = this.sessions.get(call.session);
      if (known !== undefined) known.length = call.value;
    }
    if (call.name !== 'export' || result === undefined) return;
    this.expectEqual('count', result.count, call.range.end - call.range.start);
    this.expectEqual('bytes', result.keys.byteLength, result.values.byteLength);
    if (result.count === 0) return;
    if (this.chunks.length < chunksMax) this.chunks.push(result);
    else this.chunks[this.draw.below(chunksMax)] = result;
  }

  private bookStep(call: Call, { outcomes }: BatchOutcome): void {
    if (call.name !== 'step') throw new Error('only steps have outcomes');
    this.expectEqual('outcomes', outcomes.length, call.items.length);
    for (const [index, outcome] of outcomes.entries()) {
      const item = call.items[index] as (typeof call.items)[number];
      this.stepItems += 1;
      if (!outcome.ok) {
        this.bookError(call, outcome.error);
        continue;
      }
      this.count('ok');
      const known = this.sessions.get(item.session);
      if (known === undefined) continue;
      const hasBlocks = known.use.span.end > known.use.span.start;
      if (hasBlocks) known.length = item.position + item.rows;
      this.checkOutput(item, outcome.output);
    }
  }

  private checkOutput(
    item: { readonly rows: number; readonly output: { readonly kind: string } },
    output: Extract<BatchOutcome['outcomes'][number], { ok: true }>['output'],
  ): void {
    this.expectEqual('kind', output.kind, item.output.kind);
    if (output.kind === 'hidden') {
      const elementBytes = output.type === 'f32' ? 4 : 2;
      const bytes = item.rows * this.engine.info.config.hiddenSize * elementBytes;
      this.expectEqual('bytes', output.bytes.byteLength, bytes);
    }
    if (output.kind !== 'logits') return;
    const { rowCount, width, logits, logNormalisers } = output.logits;
    this.expectEqual('logits', logits.length, rowCount * width);
    if (!logNormalisers.every(Number.isFinite)) throw new Error('a normaliser is not finite');
  }

  private bookError(call: Call, error: unknown): void {
    const code = isSkeinError(error) ? error.code : 'untyped';
    this.count(code);
    if (expectedCodes.includes(code)) return;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const described = JSON.stringify(call, withoutNumbers);
    this.failure ??= new Error(`${described} failed with ${code}: ${text}`);
  }

  /** Lengths are as the model has them, and the budget holds them all. */
  private checkAccounts(): void {
    const { engine, sessions } = this;
    let held = 0;
    for (const [session, known] of sessions) {
      if (engine.length(session) === known.length) {
        held += known.length;
        continue;
      }
      const calls = this.recent.filter((text) => text.includes(session)).join('\n');
      throw new Error(
        `${session} has ${engine.length(session)} tokens instead of ${known.length} after\n${calls}`,
      );
    }
    // Imported tokens that are not declared yet take room as well.
    const most = engine.info.kvTokensMax - held;
    const free = engine.kvTokensFree;
    if (free < 0 || free > most) throw new Error(`${free} tokens are free, of at most ${most}`);
  }

  private remember(call: Call, result: unknown): void {
    const isError = result instanceof Error;
    const text = isError ? String(result) : (JSON.stringify(result, withoutNumbers) ?? 'done');
    this.recent.push(`${JSON.stringify(call, withoutNumbers)} → ${text.slice(0, 300)}`);
    if (this.recent.length > recentMax) this.recent.shift();
  }

  private count(outcome: string): void {
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
  }

  private expectEqual(what: string, found: unknown, expected: unknown): void {
    if (found === expected) return;
    throw new Error(`${what}: ${String(found)} instead of ${String(expected)}`);
  }
}

/** Bytes and tokens by their number. */
function withoutNumbers(_key: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? `${value.byteLength} bytes` : value;
}
