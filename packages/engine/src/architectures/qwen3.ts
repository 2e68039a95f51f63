import { qwenWindow } from '../model/huggingface/parse-sliding-window.js';
import type { ArchitectureDefinition } from './architecture.js';
import { readGgufWindow } from './read-gguf-window.js';

/** Qwen 3: norms on each head of q and k. */
export const qwen3: ArchitectureDefinition = {
  name: 'qwen3',
  huggingFace: {
    modelType: 'qwen3',
    className: 'Qwen3ForCausalLM',
    defaults: { kvHeadCount: 32, contextLength: 32_768, headDim: 128 },
    read: (fields, { blockCount }) => {
      const attentionBias = fields.boolean('attention_bias') ?? false;
      return {
        slidingWindow: qwenWindow(fields, blockCount),
        qkvBias: attentionBias,
        attentionOutputBias: attentionBias,
        qkNorm: true,
      };
    },
  },
  gguf: {
    name: 'qwen3',
    ropeMode: 'neox',
    read: (fields, { hasTensor }) => ({
      slidingWindow: readGgufWindow(fields),
      qkvBias: hasTensor('blk.0.attn_q.bias'),
      attentionOutputBias: hasTensor('blk.0.attn_output.bias'),
      feedForwardBias: hasTensor('blk.0.ffn_up.bias'),
      qkNorm: true,
    }),
  },
};
