import { SkeinError } from './errors.js';
import { limits } from './limits.js';

/** Element types of tensors on the wire. `int8` is blockwise: see `docs/protocol.md`. */
export const tensorTypes = ['f32', 'f16', 'bf16', 'int8', 'i32', 'u8'] as const;
export type TensorType = (typeof tensorTypes)[number];

/** A tensor as it travels: little-endian bytes and what they mean. */
export interface Tensor {
  readonly type: TensorType;
  /** Outermost dimension first. */
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Values of an `int8` tensor that share one scale: a run within the last dimension. */
export const int8BlockSize = 32;
/** Bytes of the f16 scale that stands before each block. */
export const int8ScaleBytes = 2;

const elementBytes = { f32: 4, f16: 2, bf16: 2, i32: 4, u8: 1 } as const;

/**
 * Bytes that a tensor takes on the wire. A shape of no dimensions is one element; a dimension may
 * be 0.
 *
 * @throws SkeinError `bad-argument` for dimensions that are not whole numbers, too many of them, or
 *   more than `limits.bodyBytesMax` bytes
 */
export function byteLengthOf(type: TensorType, shape: readonly number[]): number {
  if (shape.length > limits.tensorRankMax) {
    throw badShape(type, shape, `has over ${limits.tensorRankMax} dimensions`);
  }
  let elements = 1;
  let isEmpty = false;
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0) {
      throw badShape(type, shape, 'has a dimension that is not a whole number from 0');
    }
    if (dimension === 0) isEmpty = true;
    else elements *= dimension;
    // Checked at each step: two safe integers multiply to far less than infinity.
    if (elements > limits.bodyBytesMax) {
      throw badShape(type, shape, `has over ${limits.bodyBytesMax} elements`);
    }
  }
  if (isEmpty) return 0;
  const byteLength =
    type === 'int8' ? int8Bytes(elements, shape.at(-1) ?? 1) : elements * elementBytes[type];
  if (byteLength > limits.bodyBytesMax) {
    throw badShape(type, shape, `takes over ${limits.bodyBytesMax} bytes`);
  }
  return byteLength;
}

/** Bytes of `elements` blockwise values in rows of `columns`. */
function int8Bytes(elements: number, columns: number): number {
  const scales = (elements / columns) * Math.ceil(columns / int8BlockSize);
  return elements + scales * int8ScaleBytes;
}

function badShape(type: TensorType, shape: readonly number[], problem: string): SkeinError {
  const text = shape.slice(0, limits.tensorRankMax + 1).join(', ');
  return new SkeinError('bad-argument', `tensor ${type} [${text}] ${problem}`);
}
