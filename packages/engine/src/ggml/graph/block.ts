/** One transformer block of any architecture: which pieces it has, the config and the weights say. */
import type { ModelConfig } from '@skein/protocol';
import type { Tensor } from '../c-types.js';
import type { KvLayout, KvStore } from '../kv-store.js';
import type { BlockWeights } from '../weights/model-weights.js';
import { type AttentionKind, appendAttention } from './attention.js';
import { appendFeedForward } from './feed-forward.js';
import type { Operations, RopeParameters, RowsKind } from './operations.js';

/** What depends on the device that computes a block. */
export interface UnitSettings {
  /** Rotation in blocks that see all tokens, and in those with a window. */
  readonly rope: { readonly everywhere: RopeParameters; readonly windowed: RopeParameters };
  readonly attention: AttentionKind;
}

/** What a block is computed by, beside its weights. */
export interface BlockSettings extends UnitSettings {
  readonly config: ModelConfig;
  readonly kvLayout: KvLayout;
}

/** The rows of one session in a batch, and the cache that they attend to. */
export interface Segment {
  readonly store: KvStore;
  /** First row in the batch. */
  readonly start: number;
  readonly rows: number;
  /** The rows are steps of their own, each with the attention of a single row. */
  readonly rowByRow: boolean;
  /** Cached tokens that are looked at, the new ones included; padded. */
  readonly attendedTokens: number;
  /** `[rows]` i64: where in the cache the new rows go. */
  readonly cacheIndices: Tensor;
  /** `[rows, attendedTokens]` f16 for each kind of block; null where no block attends by it. */
  readonly masks: { readonly everywhere: Tensor | null; readonly windowed: Tensor | null };
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

/** What enters a block, and which block it is. */
export interface BlockInput {
  /** `[rows, hiddenSize]`: the residual stream. */
  readonly x: Tensor;
  /** Which tensors of the sessions' stores belong to this block. */
  readonly storeIndex: number;
  readonly isWindowed: boolean;
}

/** Appends one block. @returns `[kept rows, hiddenSize]`, or null when nothing is kept */
export function appendBlock(
  operations: Operations,
  settings: BlockSettings,
  weights: BlockWeights,
  batch: BlockBatch,
  input: BlockInput,
): Tensor | null {
  const { config } = settings;
  const norm = (rows: Tensor, weight: Tensor | null) =>
    weight === null ? rows : operations.rmsNorm(rows, weight, config.rmsNormEpsilon);
  let { rowsKind } = batch;
  let x = input.x;

  const normed = norm(x, weights.attentionNorm); // [rows, hidden]
  const attended = appendAttention(operations, settings, weights, batch, { ...input, x: normed });
  if (attended === null) return null;
  let mixed = attended; // [rows, heads * headDim]
  if (typeof batch.keep === 'bigint') {
    mixed = operations.gather(mixed, batch.keep);
    x = operations.gather(x, batch.keep);
    rowsKind = batch.keptKind;
  }
  const projected = operations.linear(mixed, weights.attentionOutput, rowsKind); // [rows, hidden]
  x = operations.add(x, norm(projected, weights.attentionPostNorm));

  const inner = norm(x, weights.feedForwardNorm); // [rows, hidden]
  const rows = { x: inner, rowsKind };
  const fed = appendFeedForward(operations, config, weights.feedForward, rows); // [rows, hidden]
  return operations.add(x, norm(fed, weights.feedForwardPostNorm));
}
