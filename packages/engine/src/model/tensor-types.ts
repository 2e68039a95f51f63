import type { WeightType } from '@skein/protocol';

interface StorageLayout {
  /** Elements that are stored together; a row is a whole number of such blocks. */
  readonly blockElements: number;
  readonly blockBytes: number;
}

/** How each type is stored, as ggml's `type_traits` have it. */
export const storageLayouts: Readonly<Record<WeightType, StorageLayout>> = {
  f32: { blockElements: 1, blockBytes: 4 },
  f16: { blockElements: 1, blockBytes: 2 },
  bf16: { blockElements: 1, blockBytes: 2 },
  q8_0: { blockElements: 32, blockBytes: 34 },
  q4_0: { blockElements: 32, blockBytes: 18 },
  q4_1: { blockElements: 32, blockBytes: 20 },
  q5_0: { blockElements: 32, blockBytes: 22 },
  q5_1: { blockElements: 32, blockBytes: 24 },
  q2_k: { blockElements: 256, blockBytes: 84 },
  q3_k: { blockElements: 256, blockBytes: 110 },
  q4_k: { blockElements: 256, blockBytes: 144 },
  q5_k: { blockElements: 256, blockBytes: 176 },
  q6_k: { blockElements: 256, blockBytes: 210 },
  mxfp4: { blockElements: 32, blockBytes: 17 },
};

/**
 * Bytes of a tensor, or null when there is no such tensor: a row that is not a whole number of
 * blocks, or a size that no file can have.
 *
 * @param shape outermost dimension first
 */
export function tensorByteLength(type: WeightType, shape: readonly number[]): number | null {
  const { blockElements, blockBytes } = storageLayouts[type];
  const elements = elementCount(shape);
  if (elements === null || (shape.at(-1) ?? 1) % blockElements !== 0) return null;
  const bytes = (elements / blockElements) * blockBytes;
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** Product of the dimensions, or null when it is not a safe integer. */
export function elementCount(shape: readonly number[]): number | null {
  let count = 1;
  for (const dimension of shape) {
    count *= dimension;
    if (!Number.isSafeInteger(count)) return null;
  }
  return count;
}

/** Bytes of one row of `columns` elements; `columns` is a multiple of the type's block. */
export function rowBytes(type: WeightType, columns: number): number {
  const { blockElements, blockBytes } = storageLayouts[type];
  return (columns / blockElements) * blockBytes;
}
