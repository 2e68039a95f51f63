/** ggml's numbers for element types; how weights are stored is in `model/tensor-types.ts`. */
import { ggmlTypeIds } from '../model/gguf/gguf-types.js';

/** Values of `ggml_type`: those of weights, and of indices. */
export const typeIds = { ...ggmlTypeIds, i32: 26, i64: 27 } as const;
