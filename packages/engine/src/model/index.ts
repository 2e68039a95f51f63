/**
 * Model files: what a model is (configuration, tensors, tokenizer) and where its bytes lie, from a
 * Hugging Face style folder or a .gguf file.
 *
 * ```ts
 * const file = await openModel('/models/tiny-tales');
 * const location = file.tensors.get('blk.0.attn_q.weight');
 * if (location !== undefined) console.log(location.shape, await readTensor(location));
 * ```
 */
export { buildManifest, probeTensors } from './build-manifest.js';
export {
  blockTensors,
  type ExpectedTensor,
  embeddingTensors,
  expectedTensors,
  headTensors,
} from './expected-tensors.js';
export { type GgufHeader, type GgufTensor, readGgufHeader } from './gguf/read-gguf-header.js';
export { ggufTokenizerJson } from './gguf/tokenizer/gguf-tokenizer-json.js';
export {
  type GgufMetadata,
  type GgufMetadataValue,
  type GgufTensorSource,
  writeGguf,
} from './gguf/write-gguf.js';
export { type SafetensorsSource, writeSafetensors } from './huggingface/write-safetensors.js';
export type { ModelFile, ProbeTensors, TensorLocation } from './model-file.js';
export { modelFileLimits } from './model-file-limits.js';
export { type OpenModelOptions, openModel } from './open-model.js';
export { readTensor } from './read-tensor.js';
export { storageLayouts, tensorByteLength } from './tensor-types.js';
