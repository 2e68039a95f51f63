/** ggml's numbers for element types; how weights are stored is in `model/tensor-types.ts`. */
import type { HiddenType, WeightType } from '@skein/protocol';
import { ggmlTypeIds } from '../model/gguf/gguf-types.js';
import { storageLayouts } from '../model/tensor-types.js';

/** Values of `ggml_type`: those of weights, and of indices. */
export const typeIds = { ...ggmlTypeIds, i32: 26, i64: 27 } as const;

/** Bytes of one element of a hidden row. */
export const hiddenElementBytes: Readonly<Record<HiddenType, number>> = { f32: 4, f16: 2, bf16: 2 };

/** Bytes of one row of `columns` elements; `columns` is a multiple of the type's block. */
export function rowBytes(type: WeightType, columns: number): number {
  const { blockElements, blockBytes } = storageLayouts[type];
  return (columns / blockElements) * blockBytes;
}
