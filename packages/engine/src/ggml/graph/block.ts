/** One transformer block: the same for Llama, Mistral, Qwen2 and Qwen3, as the config says. */
import type { ModelConfig } from '@skein/protocol';
import type { Tensor } from '../c-types.js';
import { type KvLayout, type KvStore, kvRowBytes } from '../kv-store.js';
import type { BlockWeights } from '../weights/model-weights.js';
import type { Operations, RopeParameters, RowsKind } from './operations.js';

/**
 * How attention is computed: in one fused operation, or in primitives.
 *
 * `flash-by-group` is the fused one for the CPU, which gives a single row the same bits on any
 * number of threads. Over 512 tokens and more, ggml's CPU kernel divides the tokens of a single row
 * among its threads, and sums in another order with each number of threads: a session that goes on
 * at a peer with other cores would choose other words. It does not do so for several sequences, so
 * each key-value head, with the query heads that share it, is passed off as one.
 */
export type AttentionKind = 'flash' | 'flash-by-group' | 'plain';

/** What all blocks of a graph have in common. */
export interface BlockSettings {
  readonly config: ModelConfig;
  readonly rope: RopeParameters;
  readonly kvLayout: KvLayout;
  readonly attention: AttentionKind;
}

/** The rows of one session in a batch, and the cache that they attend to. */
export interface Segment {
  readonly store: KvStore;
  /** First row in the batch. */
  readonly start: number;
  readonly rows: number;
  /** Cached tokens that are looked at, the new ones included; padded. */
  readonly attendedTokens: number;
  /** `[rows]` i64: where in the cache the new rows go. */
  readonly cacheIndices: Tensor;
  /** `[rows, attendedTokens]` f16; null when nothing of the batch is attended to. */
  readonly mask: Tensor | null;
}

/** The part of a graph that changes from batch to batch. */
export interface BlockBatch {
  readonly rowCount: number;
  readonly rowsKind: RowsKind;
  /** Of the rows that {@link keep} names. */
  readonly keptKind: RowsKind;
  /** `[rowCount]` i32 */
  readonly positions: Tensor;
  readonly segments: readonly Segment[];
  /**
   * In the last block only: the rows whose output is wanted (i32), or `nothing` when only the
   * cache is. The other rows end at the attention, which saves their feed-forward layer.
   */
  readonly keep: Tensor | 'all' | 'nothing';
}

/**
 * Appends one block.
 * @param x `[rows, hiddenSize]` the residual stream
 * @param storeIndex which tensors of the sessions' stores belong to this block
 * @returns `[kept rows, hiddenSize]`, or null when nothing is kept
 */
export function appendBlock(
  operations: Operations,
  settings: BlockSettings,
  weights: BlockWeights,
  batch: BlockBatch,
  input: { x: Tensor; storeIndex: number },
): Tensor | null {
  const { rmsNormEpsilon } = settings.config;
  let { rowsKind } = batch;
  let x = input.x;

  const normed = operations.rmsNorm(x, weights.attentionNorm, rmsNormEpsilon); // [rows, hidden]
  const attended = appendAttention(operations, settings, weights, batch, {
    x: normed,
    storeIndex: input.storeIndex,
  });
  if (attended === null) return null;
  let mixed = attended; // [rows, heads * headDim]
  if (typeof batch.keep === 'bigint') {
    mixed = operations.gather(mixed, batch.keep);
    x = operations.gather(x, batch.keep);
    rowsKind = batch.keptKind;
  }
  mixed = operations.linear(mixed, weights.attentionOutput, rowsKind); // [rows, hidden]
  x = operations.add(x, mixed);

  const inner = operations.rmsNorm(x, weights.feedForwardNorm, rmsNormEpsilon); // [rows, hidden]
  const gate = operations.linear(inner, weights.gate, rowsKind); // [rows, feedForward]
  const up = operations.linear(inner, weights.up, rowsKind); // [rows, feedForward]
  const activated = operations.swiglu(gate, up); // [rows, feedForward]
  return operations.add(x, operations.linear(activated, weights.down, rowsKind)); // [rows, hidden]
}

/** Queries, keys and values in one product each for all rows; then each session on its own. */
function appendAttention(
  operations: Operations,
  settings: BlockSettings,
  weights: BlockWeights,
  batch: BlockBatch,
  input: { x: Tensor; storeIndex: number },
): Tensor | null {
  const { config, rope } = settings;
  const { headCount, kvHeadCount, headDim, rmsNormEpsilon } = config;
  const { rowCount, rowsKind } = batch;

  const value = operations.linear(input.x, weights.value, rowsKind); // [rows, kvHeads * headDim]
  let key = operations.linear(input.x, weights.key, rowsKind);
  key = operations.reshape(key, [rowCount, kvHeadCount, headDim]); // [rows, kvHeads, headDim]
  if (weights.keyNorm !== null) key = operations.rmsNorm(key, weights.keyNorm, rmsNormEpsilon);
  key = operations.rope(key, batch.positions, rope);
  key = operations.reshape(key, [rowCount, kvHeadCount * headDim]); // [rows, kvHeads * headDim]

  if (batch.keep === 'nothing') {
    for (const segment of batch.segments) store(operations, settings, segment, input, key, value);
    return null;
  }

  let query = operations.linear(input.x, weights.query, rowsKind);
  query = operations.reshape(query, [rowCount, headCount, headDim]); // [rows, heads, headDim]
  if (weights.queryNorm !== null) {
    query = operations.rmsNorm(query, weights.queryNorm, rmsNormEpsilon);
  }
  query = operations.rope(query, batch.positions, rope);
  operations.now(query);

  const parts = batch.segments.map((segment) => {
    store(operations, settings, segment, input, key, value);
    return attend(operations, settings, segment, input, query);
  });
  return operations.stack(parts); // [rows, heads * headDim]
}

/** Writes a session's new keys and values into its cache, before anything reads them. */
function store(
  operations: Operations,
  settings: BlockSettings,
  segment: Segment,
  { storeIndex }: { storeIndex: number },
  key: Tensor,
  value: Tensor,
): void {
  const { rowElements } = settings.kvLayout;
  const write = (target: Tensor, source: Tensor) => {
    const rows = operations.rows(source, rowElements, segment);
    operations.now(operations.scatter(target, rows, segment.cacheIndices));
  };
  write(segment.store.keys[storeIndex] as Tensor, key);
  write(segment.store.values[storeIndex] as Tensor, value);
}

/** Attention of one session's rows to its cache: `[rows, heads * headDim]`. */
function attend(
  operations: Operations,
  settings: BlockSettings,
  segment: Segment,
  { storeIndex }: { storeIndex: number },
  query: Tensor,
): Tensor {
  const { ggml, context } = operations;
  const { kvLayout, attention } = settings;
  const { headCount, kvHeadCount, headDim } = settings.config;
  if (attention === 'flash-by-group' && segment.rows === 1) {
    return attendByGroup(operations, settings, segment, { storeIndex }, query);
  }
  const headBytes = headDim * 4;
  const queryRows = ggml.view_3d(
    context,
    query,
    headDim,
    headCount,
    segment.rows,
    headBytes,
    headCount * headBytes,
    segment.start * headCount * headBytes,
  ); // [rows, heads, headDim]
  const queries = ggml.permute(context, queryRows, 0, 2, 1, 3); // [heads, rows, headDim]

  const tokenBytes = kvRowBytes(kvLayout);
  const cached = (tensor: Tensor) =>
    ggml.view_3d(
      context,
      tensor,
      headDim,
      segment.attendedTokens,
      kvHeadCount,
      tokenBytes,
      tokenBytes / kvHeadCount,
      0,
    ); // [kvHeads, tokens, headDim]
  const keys = cached(segment.store.keys[storeIndex] as Tensor);
  const values = cached(segment.store.values[storeIndex] as Tensor);

  const mask = segment.mask as Tensor;
  const scale = 1 / Math.sqrt(headDim);
  const attended =
    attention === 'plain'
      ? operations.plainAttention(queries, keys, values, mask, scale)
      : operations.flashAttention(queries, keys, values, mask, scale);
  return operations.reshape(attended, [segment.rows, headCount * headDim]);
}

/** Attention of one row, each key-value head as a sequence of its own: `[1, heads * headDim]`. */
function attendByGroup(
  operations: Operations,
  settings: BlockSettings,
  segment: Segment,
  { storeIndex }: { storeIndex: number },
  query: Tensor,
): Tensor {
  const { ggml, context } = operations;
  const { headCount, kvHeadCount, headDim } = settings.config;
  const headBytes = headDim * 4;
  const rowBytes = headCount * headBytes;
  const groupHeads = headCount / kvHeadCount;
  const queries = ggml.view_4d(
    context,
    query,
    headDim,
    1,
    groupHeads,
    kvHeadCount,
    rowBytes,
    headBytes,
    groupHeads * headBytes,
    segment.start * rowBytes,
  ); // [kvHeads, groupHeads, 1, headDim]

  const tokenBytes = kvRowBytes(settings.kvLayout);
  const cached = (tensor: Tensor) =>
    ggml.view_4d(
      context,
      tensor,
      headDim,
      segment.attendedTokens,
      1,
      kvHeadCount,
      tokenBytes,
      tokenBytes / kvHeadCount,
      tokenBytes / kvHeadCount,
      0,
    ); // [kvHeads, 1, tokens, headDim]
  const keys = cached(segment.store.keys[storeIndex] as Tensor);
  const values = cached(segment.store.values[storeIndex] as Tensor);
  const mask = segment.mask as Tensor;
  const scale = 1 / Math.sqrt(headDim);
  const attended = operations.flashAttention(queries, keys, values, mask, scale);
  return operations.reshape(attended, [1, headCount * headDim]);
}
