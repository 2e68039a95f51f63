import { readFullBlocks, readWindow } from '../model/huggingface/parse-sliding-window.js';
import type { ArchitectureDefinition } from './architecture.js';
import {
  attentionScaleOf,
  gemmaBlocks,
  gemmaSoftCapFields,
  gemmaTensorNames,
  queryScalarOf,
  readSoftCaps,
} from './gemma.js';
import { lastOfEach } from './last-of-each.js';
import { readGgufWindow } from './read-gguf-window.js';

/** Every other block sees all tokens, beginning with the second. */
const period = 2;

/** transformers' default, and that of llama.cpp where the file leaves it out. */
const defaultWindow = 4096;

/** Blocks of the 27B model, whose scale no GGUF key tells. */
const blocksOf27B = 46;

/** Gemma 2: soft caps on scores and logits, norms on both sides of each half, alternating windows. */
export const gemma2: ArchitectureDefinition = {
  name: 'gemma2',
  huggingFace: {
    modelType: 'gemma2',
    className: 'Gemma2ForCausalLM',
    defaults: { kvHeadCount: 4, contextLength: 8192, headDim: 256, tiedEmbeddings: true },
    fields: gemmaSoftCapFields,
    activation: 'gelu-tanh',
    tensorNames: gemmaTensorNames,
    read: (fields, sizes) => ({
      ...gemmaBlocks(sizes),
      ...readSoftCaps(fields),
      ...attentionScaleOf(fields.positive('query_pre_attn_scalar') ?? 256, sizes),
      normOffset: 1,
      slidingWindow: readWindow(fields, defaultWindow),
      fullAttentionBlocks:
        readFullBlocks(fields, sizes.blockCount) ?? lastOfEach(period, sizes.blockCount),
    }),
  },
  gguf: {
    name: 'gemma2',
    ropeMode: 'neox',
    keys: gemmaSoftCapFields,
    read: (fields, { sizes }) => ({
      ...gemmaBlocks(sizes),
      ...readSoftCaps(fields),
      ...attentionScaleOf(queryScalarOf(sizes, blocksOf27B), sizes),
      slidingWindow: readGgufWindow(fields) ?? defaultWindow,
      fullAttentionBlocks: lastOfEach(period, sizes.blockCount),
    }),
  },
};
