/** Attention: queries, keys and values for all rows in one product each, then session by session. */
import type { ModelConfig } from '@skein/protocol';
import type { BlockWeights } from '../model/model-weights.js';
import type { TfTensor } from './open-backend.js';
import type { Operations } from './operations.js';
import { type RotationTable, rotate } from './rotation.js';
import type { TensorCache, TensorKvType } from './tensor-cache.js';

/** The rows of one session in a batch. */
export interface Segment {
  readonly cache: TensorCache;
  readonly position: number;
  /** First row in the batch. */
  readonly start: number;
  readonly rows: number;
}

/** What attention needs beside the rows. */
export interface AttentionInput {
  /** `[rows, hiddenSize]`, normed. */
  readonly x: TfTensor;
  readonly block: number;
  readonly segments: readonly Segment[];
  readonly table: RotationTable;
  /** Tokens that a row sees, itself included; null for all. */
  readonly window: number | null;
  /** Of the last block when only the cache is wanted. */
  readonly isCacheOnly: boolean;
}

/**
 * Caches the new keys and values of one block, and attends to all.
 * @returns `[rows, heads * headDim]`, or null when only the cache is wanted
 */
export async function attend(
  operations: Operations,
  config: ModelConfig,
  kvType: TensorKvType,
  weights: BlockWeights<TfTensor>,
  input: AttentionInput,
): Promise<TfTensor | null> {
  const { query, key, value } = project(operations, config, weights, input.x);
  const keys = await operations.round(rotate(operations, key, input.table), kvType);
  const values = await operations.round(value, kvType);
  const width = [config.kvHeadCount, config.headDim] as const;
  const take = (x: TfTensor, { start, rows }: Segment) =>
    operations.slice(x, [start, 0, 0], [rows, ...width]);
  const cached = input.segments.map((segment) =>
    segment.cache.append(input.block, segment.position, {
      keys: take(keys, segment),
      values: take(values, segment),
    }),
  );
  if (input.isCacheOnly) return null;
  const queries = rotate(operations, query(), input.table); // [rows, heads, headDim]
  const parts = input.segments.map((segment, index) => {
    const own = operations.slice(
      queries,
      [segment.start, 0, 0],
      [segment.rows, config.headCount, config.headDim],
    );
    const mask = maskOf(operations, segment, input.window);
    const kv = cached[index] as (typeof cached)[number];
    return attendTo(operations, config, weights.sinks, { queries: own, ...kv, mask });
  });
  return operations.concat(parts, 0);
}

/** What the projections give; queries only when they are asked for. */
interface Projected {
  /** `[rows, heads, headDim]` */
  readonly query: () => TfTensor;
  /** `[rows, kvHeads, headDim]`, as `value` */
  readonly key: TfTensor;
  readonly value: TfTensor;
}

function project(
  operations: Operations,
  config: ModelConfig,
  { projections, queryNorm, keyNorm }: BlockWeights<TfTensor>,
  x: TfTensor,
): Projected {
  const { headCount, kvHeadCount, headDim, rmsNormEpsilon } = config;
  const rows = x.shape[0] as number;
  const split = (part: TfTensor, count: number) => operations.reshape(part, [rows, count, headDim]);
  if (projections.kind === 'fused') {
    const kvWidth = kvHeadCount * headDim;
    const all = operations.linear(x, projections.all);
    const [query, key, value] = operations.split(all, [headCount * headDim, kvWidth, kvWidth]) as [
      TfTensor,
      TfTensor,
      TfTensor,
    ];
    return {
      query: () => split(query, headCount),
      key: split(key, kvHeadCount),
      value: split(value, kvHeadCount),
    };
  }
  const isWide = config.qkNormScope === 'projection';
  const heads = (part: TfTensor, count: number, norm: TfTensor | null) => {
    if (norm === null) return split(part, count);
    const normed = (of: TfTensor) => operations.rmsNorm(of, norm, rmsNormEpsilon);
    return isWide ? split(normed(part), count) : normed(split(part, count));
  };
  const { query, key, value } = projections;
  return {
    query: () => heads(operations.linear(x, query), headCount, queryNorm),
    key: heads(operations.linear(x, key), kvHeadCount, keyNorm),
    value: split(operations.linear(x, value), kvHeadCount),
  };
}

/** Attention of one session's rows to its cache: `[rows, heads * headDim]`. */
function attendTo(
  operations: Operations,
  config: ModelConfig,
  sinks: TfTensor | null,
  {
    queries,
    keys,
    values,
    mask,
  }: { queries: TfTensor; keys: TfTensor; values: TfTensor; mask: TfTensor | null },
): TfTensor {
  const { headCount, kvHeadCount, headDim, attentionScale, attentionSoftCap } = config;
  const rows = queries.shape[0] as number;
  const tokens = keys.shape[1] as number;
  const group = headCount / kvHeadCount;
  const grouped = operations.reshape(queries, [rows, kvHeadCount, group, headDim]);
  const stacked = operations.reshape(operations.transpose(grouped, [1, 2, 0, 3]), [
    kvHeadCount,
    group * rows,
    headDim,
  ]);
  const products = operations.matMul(stacked, keys, { transposeB: true }); // [kvHeads, group * rows, tokens]
  let scores = operations.multiply(products, attentionScale ?? 1 / Math.sqrt(headDim));
  if (attentionSoftCap !== undefined) scores = operations.softCap(scores, attentionSoftCap);
  scores = operations.reshape(scores, [headCount, rows, tokens]);
  if (mask !== null) scores = operations.add(scores, mask);
  const weights = operations.reshape(shareOut(operations, scores, sinks), [
    kvHeadCount,
    group * rows,
    tokens,
  ]);
  const mixed = operations.reshape(operations.matMul(weights, values), [
    kvHeadCount,
    group,
    rows,
    headDim,
  ]);
  return operations.reshape(operations.transpose(mixed, [2, 0, 1, 3]), [rows, headCount * headDim]);
}

/** Softmax over the tokens of `[heads, rows, tokens]`, of which sinks take their share. */
function shareOut(operations: Operations, scores: TfTensor, sinks: TfTensor | null): TfTensor {
  if (sinks === null) return operations.softmax(scores);
  const [heads, rows, tokens] = scores.shape as [number, number, number];
  const column = operations.own(
    operations.tf.tile(operations.reshape(sinks, [heads, 1, 1]), [1, rows, 1]),
  );
  const shares = operations.softmax(operations.concat([scores, column], 2));
  return operations.slice(shares, [0, 0, 0], [heads, rows, tokens]);
}

/** `[rows, tokens]`: 0 where a row may look, minus infinity elsewhere; null where it may anywhere. */
function maskOf(
  operations: Operations,
  { position, rows }: Segment,
  window: number | null,
): TfTensor | null {
  const tokens = position + rows;
  if (rows === 1 && (window === null || tokens <= window)) return null;
  const mask = new Float32Array(rows * tokens).fill(Number.NEGATIVE_INFINITY);
  for (let row = 0; row < rows; row += 1) {
    const end = position + row + 1;
    const start = window === null ? 0 : Math.max(0, end - window);
    mask.fill(0, row * tokens + start, row * tokens + end);
  }
  return operations.input(mask, [rows, tokens]);
}
