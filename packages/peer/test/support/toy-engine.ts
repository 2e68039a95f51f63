import {
  bytesOf,
  decodeHidden,
  type Ends,
  type Engine,
  type EngineFailure,
  type EngineInfo,
  encodeHidden,
  float32View,
  type HiddenType,
  type KvChunk,
  type Logits,
  type ModelConfig,
  type SessionId,
  type SessionUse,
  SkeinError,
  type Span,
  type StepItem,
  type StepOutcome,
  spanContains,
} from '@skein/protocol';

export const toyConfig: ModelConfig = {
  architecture: 'llama',
  blockCount: 6,
  hiddenSize: 32,
  headCount: 4,
  kvHeadCount: 4,
  headDim: 8,
  feedForwardSize: 64,
  vocabSize: 50,
  contextLength: 256,
  rmsNormEpsilon: 1e-5,
  rope: { theta: 10_000, mode: 'neox', scaling: { kind: 'none' } },
  slidingWindow: null,
  tiedEmbeddings: true,
  qkvBias: false,
  attentionOutputBias: false,
  feedForwardBias: false,
  qkNorm: false,
  bosTokenId: null,
  eosTokenIds: [],
};

interface ToySession extends SessionUse {
  /** Per block, per token: what later tokens look back at. */
  readonly cache: Float32Array[][];
  length: number;
}

/**
 * An engine of simple arithmetic that keeps the contract: every output depends on all tokens
 * before it, bit for bit the same however the tokens were cut into steps.
 */
export class ToyEngine implements Engine {
  readonly info: EngineInfo;
  /** Every batch, for tests of scheduling. */
  readonly batches: StepItem[][] = [];
  /** When set, steps wait for it: a slow engine. */
  gate: Promise<void> | null = null;
  /** The next output gets a NaN. */
  isPoisoned = false;
  /** Pieces of cache that came. */
  imports = 0;
  /** Whole calls of `step` that throw. */
  refusals: Error[] = [];
  readonly #sessions = new Map<SessionId, ToySession>();
  readonly #listeners: ((event: EngineFailure) => void)[] = [];

  constructor(options: {
    span: Span;
    ends: Ends;
    config?: ModelConfig;
    kvTokensMax?: number;
  }) {
    const config = options.config ?? toyConfig;
    this.info = {
      description: 'toy',
      device: 'cpu',
      deviceName: 'arithmetic',
      threads: 1,
      config,
      span: options.span,
      ends: options.ends,
      weightType: 'f32',
      kvType: 'f32',
      weightBytes: 0,
      kvBytesPerToken: 8 * config.hiddenSize * (options.span.end - options.span.start),
      kvTokensMax: options.kvTokensMax ?? 1024,
    };
  }

  get sessions(): readonly SessionId[] {
    return [...this.#sessions.keys()];
  }

  /** What a session was opened with; a toy rounds nothing. */
  residualTypeOf(session: SessionId): HiddenType | undefined {
    return this.#find(session).residualType;
  }

  get kvTokensFree(): number {
    let used = 0;
    for (const session of this.#sessions.values()) used += session.length;
    return this.info.kvTokensMax - used;
  }

  openSession(session: SessionId, use: SessionUse): void {
    if (this.#sessions.has(session)) throw new SkeinError('session-exists', session);
    if (!spanContains(this.info.span, use.span)) throw new SkeinError('not-hosting', session);
    const blocks = use.span.end - use.span.start;
    const cache = Array.from({ length: blocks }, () => []);
    this.#sessions.set(session, { ...use, cache, length: 0 });
  }

  closeSession(session: SessionId): void {
    this.#sessions.delete(session);
  }

  length(session: SessionId): number {
    return this.#find(session).length;
  }

  async step(items: readonly StepItem[]) {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) throw refusal;
    this.batches.push([...items]);
    await this.gate;
    const startedAtMs = performance.now();
    const outcomes = items.map((item): StepOutcome => {
      try {
        return { ok: true, output: this.#run(item) };
      } catch (error) {
        return { ok: false, error: error as Error };
      }
    });
    return { outcomes, computeUs: Math.max(1, (performance.now() - startedAtMs) * 1000) };
  }

  async truncate(session: SessionId, position: number): Promise<void> {
    const found = this.#find(session);
    if (position > found.length) throw new SkeinError('bad-argument', 'beyond the end');
    for (const tokens of found.cache) tokens.length = position;
    found.length = position;
  }

  async exportKv(
    session: SessionId,
    range: { block: number; start: number; end: number },
  ): Promise<KvChunk> {
    const { span, cache } = this.#find(session);
    const tokens = (cache[range.block - span.start] ?? []).slice(range.start, range.end);
    const width = this.info.config.hiddenSize;
    const values = new Float32Array(tokens.length * width);
    for (const [index, token] of tokens.entries()) values.set(token, index * width);
    const { block, start: position } = range;
    const bytes = bytesOf(values);
    return { block, position, count: tokens.length, type: 'f32', keys: bytes, values: bytes };
  }

  async importKv(session: SessionId, chunk: KvChunk): Promise<void> {
    const { span, cache } = this.#find(session);
    this.imports += 1;
    const width = this.info.config.hiddenSize;
    const values = float32View(chunk.values.slice());
    for (let index = 0; index < chunk.count; index++) {
      const token = values.subarray(index * width, (index + 1) * width);
      const block = cache[chunk.block - span.start] as Float32Array[];
      block[chunk.position + index] = token;
    }
  }

  async setLength(session: SessionId, length: number): Promise<void> {
    const found = this.#find(session);
    if (found.cache.some((tokens) => tokens.length < length)) {
      throw new SkeinError('bad-argument', 'tokens are missing');
    }
    found.length = length;
  }

  onFailure(listener: (event: EngineFailure) => void): void {
    this.#listeners.push(listener);
  }

  /** Plays a crash of native code. */
  crash(): void {
    const lostSessions = this.sessions;
    this.#sessions.clear();
    for (const listener of this.#listeners) {
      listener({ kind: 'failed', error: new Error('abort'), lostSessions });
    }
  }

  restart(): void {
    for (const listener of this.#listeners) listener({ kind: 'restarted', elapsedMs: 1 });
  }

  async stop(): Promise<void> {
    this.#sessions.clear();
  }

  #find(session: SessionId): ToySession {
    const found = this.#sessions.get(session);
    if (found === undefined) throw new SkeinError('session-unknown', session);
    return found;
  }

  #run(item: StepItem) {
    const session = this.#find(item.session);
    if (item.position !== session.length) throw new SkeinError('position-mismatch', 'toy');
    if (item.rows > this.kvTokensFree) throw new SkeinError('kv-full', 'toy');
    const rows = this.#input(item).map((row, index) =>
      this.#blocks(session, row, item.position + index),
    );
    session.length += item.rows;
    if (this.isPoisoned) {
      this.isPoisoned = false;
      (rows[0] as Float32Array)[0] = Number.NaN;
    }
    const { output } = item;
    if (output.kind === 'none') return { kind: 'none' as const };
    if (output.kind === 'logits') {
      const wanted = output.rows === 'last' ? rows.slice(-1) : rows;
      return { kind: 'logits' as const, logits: this.#logits(wanted, output) };
    }
    const shape = [item.rows, this.info.config.hiddenSize];
    const { bytes } = encodeHidden(joined(rows), shape, output.type);
    return { kind: 'hidden' as const, type: output.type, bytes };
  }

  #input(item: StepItem): Float32Array[] {
    const { hiddenSize } = this.info.config;
    const { input } = item;
    if (input.kind === 'tokens') {
      return [...input.tokens].map((token) =>
        new Float32Array(hiddenSize).map((_, index) => Math.sin((token + 1) * (index + 1))),
      );
    }
    const shape = [item.rows, hiddenSize];
    const values = decodeHidden({ type: input.type, shape, bytes: input.bytes }).slice();
    return Array.from({ length: item.rows }, (_, row) =>
      values.subarray(row * hiddenSize, (row + 1) * hiddenSize),
    );
  }

  /** One token through the session's blocks; what an import left behind it is overwritten. */
  #blocks(session: ToySession, input: Float32Array, position: number): Float32Array {
    let row = input;
    for (const [index, tokens] of session.cache.entries()) {
      tokens.length = position;
      tokens.push(row);
      const block = session.span.start + index;
      row = row.map((value, column) => {
        let sum = 0;
        for (const token of tokens) sum += token[column] as number;
        return Math.fround(0.5 * value + Math.tanh(sum / tokens.length) + 0.01 * (block + 1));
      });
    }
    return row;
  }

  #logits(
    rows: readonly Float32Array[],
    { topK, targets }: Extract<StepItem['output'], { kind: 'logits' }>,
  ): Logits {
    const { vocabSize } = this.info.config;
    const width = topK === 0 ? vocabSize : Math.min(topK, vocabSize);
    const ids: number[] = [];
    const logits: number[] = [];
    const normalisers: number[] = [];
    const told: number[] = [];
    for (const row of rows) {
      const all = Array.from({ length: vocabSize }, (_, id) => {
        let sum = 0;
        for (const [index, value] of row.entries()) sum += value * Math.cos((id + 1) * (index + 1));
        return Math.fround(sum);
      });
      normalisers.push(Math.log(all.reduce((sum, logit) => sum + Math.exp(logit), 0)));
      if (targets !== undefined) told.push(all[targets[told.length] as number] as number);
      const order = all.map((_, id) => id);
      if (topK > 0) order.sort((left, right) => (all[right] ?? 0) - (all[left] ?? 0));
      for (const id of order.slice(0, width)) {
        ids.push(id);
        logits.push(all[id] as number);
      }
    }
    return {
      rowCount: rows.length,
      width,
      ids: topK === 0 ? null : Int32Array.from(ids),
      logits: Float32Array.from(logits),
      logNormalisers: Float32Array.from(normalisers),
      ...(targets !== undefined && { targetLogits: Float32Array.from(told) }),
    };
  }
}

function joined(rows: readonly Float32Array[]): Float32Array {
  const width = rows[0]?.length ?? 0;
  const values = new Float32Array(rows.length * width);
  for (const [index, row] of rows.entries()) values.set(row, index * width);
  return values;
}
