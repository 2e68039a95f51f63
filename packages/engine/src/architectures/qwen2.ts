import { qwenWindow } from '../model/huggingface/parse-sliding-window.js';
import type { ArchitectureDefinition } from './architecture.js';
import { readGgufWindow } from './read-gguf-window.js';

/** Qwen 2 and 2.5: biases on q, k and v. */
export const qwen2: ArchitectureDefinition = {
  name: 'qwen2',
  huggingFace: {
    modelType: 'qwen2',
    className: 'Qwen2ForCausalLM',
    defaults: { kvHeadCount: 32, contextLength: 32_768 },
    // The biases are not optional, and the output projection has none.
    read: (fields, { blockCount }) => ({
      slidingWindow: qwenWindow(fields, blockCount),
      qkvBias: true,
    }),
  },
  gguf: {
    name: 'qwen2',
    ropeMode: 'neox',
    read: (fields, { hasTensor }) => ({
      slidingWindow: readGgufWindow(fields),
      qkvBias: hasTensor('blk.0.attn_q.bias'),
      attentionOutputBias: hasTensor('blk.0.attn_output.bias'),
      feedForwardBias: hasTensor('blk.0.ffn_up.bias'),
    }),
  },
};
