import type { Clock } from '@skein/client/network';
import {
  type BatchOutcome,
  bytesOf,
  decodeHidden,
  type Ends,
  type Engine,
  type EngineFailure,
  type EngineInfo,
  encodeHidden,
  type KvChunk,
  type SessionId,
  SkeinError,
  type Span,
  type StepItem,
  type StepOutcome,
  type StepOutput,
  spanContains,
  spanLength,
} from '@skein/protocol';
import {
  type CachedToken,
  cacheToken,
  embed,
  expand,
  hiddenSize,
  kvToTokens,
  logitsOf,
  type SimModel,
  tokensToKv,
} from './sim-model.js';

/** What a step costs on a machine. */
export interface EngineSpeed {
  readonly stepMs: number;
  readonly blockMs: number;
  readonly rowBlockMs: number;
}

interface EngineSession {
  readonly span: Span;
  /** Per block of the span, per token. */
  readonly cache: CachedToken[][];
  length: number;
}

/** The engine's contract over {@link SimModel}, with a duration for every step. */
export class SimEngine implements Engine {
  readonly info: EngineInfo;
  /** Tokens that were ever cached, and those that were given back: equal in the end. */
  tokensTaken = 0;
  tokensFreed = 0;
  /** Steps take this many times what they should. */
  slowness = 1;
  /** Steps are said to take so many times less than they do. */
  understatement = 1;
  /** Outputs that are to be NaN. */
  poisonedOutputs = 0;
  #stuck: (() => void)[] | null = null;
  readonly #clock: Clock;
  readonly #speed: EngineSpeed;
  readonly #sessions = new Map<SessionId, EngineSession>();
  readonly #listeners: ((event: EngineFailure) => void)[] = [];
  #onAbort = new Set<() => void>();
  #isUp = true;

  constructor(options: {
    model: SimModel;
    span: Span;
    ends: Ends;
    kvTokensMax: number;
    speed: EngineSpeed;
    clock: Clock;
  }) {
    this.#clock = options.clock;
    this.#speed = options.speed;
    this.info = {
      description: 'arithmetic',
      device: 'cpu',
      deviceName: 'simulation',
      threads: 1,
      config: options.model.config,
      span: options.span,
      ends: options.ends,
      weightType: 'f32',
      kvType: 'f32',
      weightBytes: 0,
      kvBytesPerToken: 32 * spanLength(options.span),
      kvTokensMax: options.kvTokensMax,
    };
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  get kvTokensFree(): number {
    return this.info.kvTokensMax - (this.tokensTaken - this.tokensFreed);
  }

  openSession(session: SessionId, use: { span: Span; ends: Ends }): void {
    if (this.#sessions.has(session)) throw new SkeinError('session-exists', session);
    if (!spanContains(this.info.span, use.span)) throw new SkeinError('not-hosting', session);
    const cache = Array.from({ length: spanLength(use.span) }, () => []);
    this.#sessions.set(session, { span: use.span, cache, length: 0 });
  }

  closeSession(session: SessionId): void {
    this.tokensFreed += this.#sessions.get(session)?.length ?? 0;
    this.#sessions.delete(session);
  }

  length(session: SessionId): number {
    return this.#find(session).length;
  }

  async step(items: readonly StepItem[]): Promise<BatchOutcome> {
    if (!this.#isUp) throw new SkeinError('engine-failed', 'the engine is down');
    const rows = items.reduce((sum, item) => sum + item.rows, 0);
    const { stepMs, blockMs, rowBlockMs } = this.#speed;
    const blocks = spanLength(this.info.span);
    const elapsedMs = this.slowness * (stepMs + blocks * (blockMs + rows * rowBlockMs));
    await this.#compute(elapsedMs);
    const outcomes = items.map((item): StepOutcome => {
      try {
        return { ok: true, output: this.#run(item) };
      } catch (error) {
        return { ok: false, error: error as Error };
      }
    });
    return { outcomes, computeUs: Math.round((elapsedMs * 1000) / this.understatement) };
  }

  async truncate(session: SessionId, position: number): Promise<void> {
    const found = this.#find(session);
    if (position > found.length) throw new SkeinError('bad-argument', 'beyond the end');
    for (const tokens of found.cache) tokens.length = position;
    this.tokensFreed += found.length - position;
    found.length = position;
  }

  async exportKv(
    session: SessionId,
    range: { block: number; start: number; end: number },
  ): Promise<KvChunk> {
    const { block, start, end } = range;
    const { span, cache, length } = this.#find(session);
    if (end > length) throw new SkeinError('bad-argument', `${end} tokens of ${length}`);
    const tokens = (cache[block - span.start] as CachedToken[]).slice(start, end);
    const { keys, values } = tokensToKv(tokens);
    return { block, position: start, count: tokens.length, type: 'f32', keys, values };
  }

  async importKv(session: SessionId, chunk: KvChunk): Promise<void> {
    const { span, cache } = this.#find(session);
    const { block, position, count } = chunk;
    if (count > this.kvTokensFree) throw new SkeinError('kv-full', 'no room for a cache');
    const tokens = cache[block - span.start] as CachedToken[];
    if (position > tokens.length) throw new SkeinError('bad-argument', 'tokens are missing');
    for (const [index, token] of kvToTokens(chunk).entries()) tokens[position + index] = token;
  }

  async setLength(session: SessionId, length: number): Promise<void> {
    const found = this.#find(session);
    if (found.cache.some((tokens) => tokens.length < length)) {
      throw new SkeinError('bad-argument', 'tokens are missing');
    }
    if (length - found.length > this.kvTokensFree) throw new SkeinError('kv-full', 'no room');
    for (const tokens of found.cache) tokens.length = length;
    this.tokensTaken += length - found.length;
    found.length = length;
  }

  onFailure(listener: (event: EngineFailure) => void): void {
    this.#listeners.push(listener);
  }

  /** Native code aborts; the engine is started again after a while. */
  crash(restartMs: number): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    const lostSessions = [...this.#sessions.keys()];
    for (const session of lostSessions) this.closeSession(session);
    for (const abort of this.#onAbort) abort();
    this.#onAbort.clear();
    this.#tell({ kind: 'failed', error: new Error('GGML_ASSERT'), lostSessions });
    this.#clock.schedule(restartMs, () => {
      this.#isUp = true;
      this.#tell({ kind: 'restarted', elapsedMs: restartMs });
    });
  }

  /** Steps are computed for ever, while the rest of the peer goes on. */
  stick(): void {
    this.#stuck ??= [];
  }

  unstick(): void {
    const finish = this.#stuck ?? [];
    this.#stuck = null;
    for (const step of finish) step();
  }

  async stop(): Promise<void> {
    for (const session of [...this.#sessions.keys()]) this.closeSession(session);
  }

  #tell(event: EngineFailure): void {
    for (const listener of this.#listeners) listener(event);
  }

  #compute(elapsedMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(new SkeinError('engine-failed', 'the engine aborted'));
      this.#onAbort.add(abort);
      this.#clock.schedule(elapsedMs, () => {
        const finish = () => {
          this.#onAbort.delete(abort);
          resolve();
        };
        if (this.#stuck === null) finish();
        else this.#stuck.push(finish);
      });
    });
  }

  #find(session: SessionId): EngineSession {
    const found = this.#sessions.get(session);
    if (found === undefined) throw new SkeinError('session-unknown', session);
    return found;
  }

  #run(item: StepItem): StepOutput {
    const session = this.#find(item.session);
    if (item.position !== session.length) {
      throw new SkeinError('position-mismatch', `${item.position} of ${session.length}`);
    }
    if (item.rows > this.kvTokensFree) throw new SkeinError('kv-full', 'no room for a step');
    const rows = inputRows(item).map((row, index) =>
      this.#blocks(session, row, item.position + index),
    );
    session.length += item.rows;
    this.tokensTaken += item.rows;
    return this.#output(item, rows);
  }

  #blocks(session: EngineSession, input: Float32Array, position: number): Float32Array {
    let row = input;
    for (const [index, tokens] of session.cache.entries()) {
      const block = session.span.start + index;
      const cached = cacheToken(tokens[position - 1], row, { block, position });
      // What an import that was given up left behind is overwritten.
      tokens.length = position;
      tokens[position] = cached;
      row = expand(cached);
    }
    return row;
  }

  #output({ output, rows: rowCount }: StepItem, rows: Float32Array[]): StepOutput {
    if (this.poisonedOutputs > 0) {
      this.poisonedOutputs -= 1;
      (rows.at(-1) as Float32Array)[0] = Number.NaN;
    }
    if (output.kind === 'none') return { kind: 'none' };
    if (output.kind === 'logits') {
      const wanted = output.rows === 'last' ? rows.slice(-1) : rows;
      const { vocabSize } = this.info.config;
      return { kind: 'logits', logits: logitsOf(wanted, output.topK, vocabSize) };
    }
    const joined = new Float32Array(rowCount * hiddenSize);
    for (const [index, row] of rows.entries()) joined.set(row, index * hiddenSize);
    const { bytes } = encodeHidden(joined, [rowCount, hiddenSize], output.type);
    return { kind: 'hidden', type: output.type, bytes };
  }
}

function inputRows({ input, rows }: StepItem): Float32Array[] {
  if (input.kind === 'tokens') return [...input.tokens].map(embed);
  const { type, bytes } = input;
  const values = decodeHidden({ type, shape: [rows, hiddenSize], bytes: bytesOf(bytes) });
  return Array.from({ length: rows }, (_, row) =>
    values.slice(row * hiddenSize, (row + 1) * hiddenSize),
  );
}
