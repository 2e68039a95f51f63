/** Attention: queries, keys and values for all rows in one product each, then session by session. */
import type { Tensor } from '../c-types.js';
import { kvRowBytes } from '../kv-store.js';
import type { BlockWeights } from '../weights/model-weights.js';
import type { BlockBatch, BlockInput, BlockSettings, Segment } from './block.js';
import type { Operations, ScoreSettings } from './operations.js';

/**
 * How attention is computed: in one fused operation, or in primitives.
 *
 * `flash-by-group` is the fused one for the CPU, which gives a single row the same bits on any
 * number of threads. Over 512 tokens and more, ggml's CPU kernel divides the tokens of a single row
 * among its threads, and sums in another order with each number of threads: a session that goes on
 * at a peer with other cores would choose other words. It does not do so for several sequences, so
 * each key-value head, with the query heads that share it, is passed off as one. Sinks, of which
 * there is one to a query head, cannot be divided so: such rows are computed in primitives.
 */
export type AttentionKind = 'flash' | 'flash-by-group' | 'plain';

/** Bytes of an f32, and of a mask's f16. */
const elementBytes = 4;
const maskElementBytes = 2;

/**
 * Appends the attention of one block.
 * @returns `[rows, heads * headDim]`, or null when only the cache is wanted
 */
export function appendAttention(
  operations: Operations,
  settings: BlockSettings,
  weights: BlockWeights,
  batch: BlockBatch,
  input: BlockInput,
): Tensor | null {
  const { config } = settings;
  const rope = input.isWindowed ? settings.rope.windowed : settings.rope.everywhere;
  const { query, key, value } = project(operations, settings, weights, batch, input.x);
  const rotated = operations.rope(key, batch.positions, rope);
  const kvWidth = config.kvHeadCount * config.headDim;
  const keys = operations.reshape(rotated, [batch.rowCount, kvWidth]); // [rows, kvHeads * headDim]

  if (batch.keep === 'nothing') {
    for (const segment of batch.segments) store(operations, settings, segment, input, keys, value);
    return null;
  }
  const queries = operations.rope(query(), batch.positions, rope); // [rows, heads, headDim]
  operations.now(queries);

  const parts = batch.segments.map((segment) => {
    store(operations, settings, segment, input, keys, value);
    return attend(operations, settings, weights, segment, input, queries);
  });
  return operations.stack(parts); // [rows, heads * headDim]
}

/** What the projections give; queries only when they are asked for. */
interface Projected {
  /** `[rows, heads, headDim]` */
  readonly query: () => Tensor;
  /** `[rows, kvHeads, headDim]` */
  readonly key: Tensor;
  /** `[rows, kvHeads * headDim]` */
  readonly value: Tensor;
}

function project(
  operations: Operations,
  { config }: BlockSettings,
  weights: BlockWeights,
  { rowCount, rowsKind }: BlockBatch,
  x: Tensor,
): Projected {
  const { headCount, kvHeadCount, headDim, rmsNormEpsilon } = config;
  const { projections, queryNorm, keyNorm } = weights;
  if (projections.kind === 'fused') {
    const all = operations.linear(x, projections.all, rowsKind); // [rows, (heads + 2 * kvHeads) * headDim]
    return splitHeads(operations, all, { headCount, kvHeadCount, headDim, rowCount });
  }
  const isWide = config.qkNormScope === 'projection';
  const heads = (rows: Tensor, count: number, norm: Tensor | null) => {
    const normed = (part: Tensor) =>
      norm === null ? part : operations.rmsNorm(part, norm, rmsNormEpsilon);
    return isWide
      ? operations.reshape(normed(rows), [rowCount, count, headDim])
      : normed(operations.reshape(rows, [rowCount, count, headDim]));
  };
  const value = operations.linear(x, projections.value, rowsKind);
  const key = heads(operations.linear(x, projections.key, rowsKind), kvHeadCount, keyNorm);
  const query = () =>
    heads(operations.linear(x, projections.query, rowsKind), headCount, queryNorm);
  return { query, key, value };
}

/** Cuts the product with one matrix for all three: queries first, then keys, then values. */
function splitHeads(
  operations: Operations,
  all: Tensor,
  sizes: { headCount: number; kvHeadCount: number; headDim: number; rowCount: number },
): Projected {
  const { ggml, context } = operations;
  const { headCount, kvHeadCount, headDim, rowCount } = sizes;
  const headBytes = headDim * elementBytes;
  const rowBytes = (headCount + 2 * kvHeadCount) * headBytes;
  const heads = (first: number, count: number) =>
    ggml.view_3d(context, all, headDim, count, rowCount, headBytes, rowBytes, first * headBytes);
  const kvWidth = kvHeadCount * headDim;
  const valueStart = (headCount + kvHeadCount) * headBytes;
  return {
    query: () => heads(0, headCount),
    key: heads(headCount, kvHeadCount),
    // Each session's rows are cut out of the values later, which wants them without gaps.
    value: ggml.cont(context, ggml.view_2d(context, all, kvWidth, rowCount, rowBytes, valueStart)),
  };
}

/** Writes a session's new keys and values into its cache, before anything reads them. */
function store(
  operations: Operations,
  settings: BlockSettings,
  segment: Segment,
  { storeIndex }: BlockInput,
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
  { sinks }: BlockWeights,
  segment: Segment,
  input: BlockInput,
  query: Tensor,
): Tensor {
  const { ggml, context } = operations;
  const { kvLayout } = settings;
  const { headCount, kvHeadCount, headDim } = settings.config;
  const isSingle = segment.rows === 1 || segment.rowByRow;
  const isByGroup = settings.attention === 'flash-by-group' && isSingle;
  const attention = isByGroup && sinks !== null ? 'plain' : settings.attention;
  if (isByGroup && sinks === null) {
    return attendByGroup(operations, settings, segment, input, query);
  }
  const headBytes = headDim * elementBytes;
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
  const keys = cached(segment.store.keys[input.storeIndex] as Tensor);
  const values = cached(segment.store.values[input.storeIndex] as Tensor);

  const mask = maskFor(segment, input);
  const scores = scoreSettings(settings, sinks);
  const attended =
    attention === 'plain'
      ? operations.plainAttention(queries, keys, values, mask, scores)
      : operations.flashAttention(queries, keys, values, mask, scores);
  return operations.reshape(attended, [segment.rows, headCount * headDim]);
}

/**
 * Attention of single rows, each key-value head as a sequence of its own, and the rows as further
 * query heads: the kernel computes them as it computes one row alone.
 * @returns `[rows, heads * headDim]`
 */
function attendByGroup(
  operations: Operations,
  settings: BlockSettings,
  segment: Segment,
  input: BlockInput,
  query: Tensor,
): Tensor {
  const { ggml, context } = operations;
  const { headCount, kvHeadCount, headDim } = settings.config;
  const { rows } = segment;
  const headBytes = headDim * elementBytes;
  const rowBytes = headCount * headBytes;
  const groupHeads = headCount / kvHeadCount;
  const byRow = ggml.view_3d(
    context,
    query,
    headDim,
    headCount,
    rows,
    headBytes,
    rowBytes,
    segment.start * rowBytes,
  ); // [rows, heads, headDim]
  // Several rows are passed off as heads of one row, which all have one stride.
  const isOne = rows === 1;
  const source = isOne ? byRow : ggml.cont(context, ggml.permute(context, byRow, 0, 2, 1, 3));
  const groupBytes = groupHeads * rows * headBytes;
  const queries = ggml.view_4d(
    context,
    source,
    headDim,
    1,
    groupHeads * rows,
    kvHeadCount,
    rowBytes,
    headBytes,
    groupBytes,
    0,
  ); // [kvHeads, groupHeads * rows, 1, headDim]

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
  const keys = cached(segment.store.keys[input.storeIndex] as Tensor);
  const values = cached(segment.store.values[input.storeIndex] as Tensor);
  const mask = isOne ? maskFor(segment, input) : maskByRow(operations, segment, input);
  const scores = scoreSettings(settings, null);
  const attended = operations.flashAttention(queries, keys, values, mask, scores);
  if (isOne) return operations.reshape(attended, [1, headCount * headDim]);
  const byHead = operations.reshape(attended, [headCount, rows, headDim]);
  const joined = ggml.cont(context, ggml.permute(context, byHead, 0, 2, 1, 3));
  return operations.reshape(joined, [rows, headCount * headDim]);
}

/** The mask as one for each head that is a row: `[1, rows, 1, tokens]`. */
function maskByRow({ ggml, context }: Operations, segment: Segment, input: BlockInput): Tensor {
  const { attendedTokens, rows } = segment;
  const bytes = attendedTokens * maskElementBytes;
  const mask = maskFor(segment, input);
  return ggml.view_4d(context, mask, attendedTokens, 1, rows, 1, bytes, bytes, rows * bytes, 0);
}

function maskFor({ masks }: Segment, { isWindowed }: BlockInput): Tensor {
  return (isWindowed ? masks.windowed : masks.everywhere) as Tensor;
}

function scoreSettings({ config, kvLayout }: BlockSettings, sinks: Tensor | null): ScoreSettings {
  const { attentionScale, attentionSoftCap, headDim } = config;
  return {
    scale: attentionScale ?? 1 / Math.sqrt(headDim),
    softCap: attentionSoftCap ?? 0,
    sinks,
    isQuantised: kvLayout.type === 'q8_0',
  };
}
