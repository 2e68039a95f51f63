import { refuseWindow } from '../model/huggingface/parse-sliding-window.js';
import type { ArchitectureDefinition } from './architecture.js';
import { readGgufWindow } from './read-gguf-window.js';

/** Llama 2 and 3, and the many that share their form: what all other families are compared with. */
export const llama: ArchitectureDefinition = {
  name: 'llama',
  huggingFace: {
    modelType: 'llama',
    className: 'LlamaForCausalLM',
    defaults: { contextLength: 2048 },
    read: (fields, { blockCount }) => {
      const attentionBias = fields.boolean('attention_bias') ?? false;
      refuseWindow(fields, blockCount);
      return {
        qkvBias: attentionBias,
        attentionOutputBias: attentionBias,
        feedForwardBias: fields.boolean('mlp_bias') ?? false,
      };
    },
  },
  gguf: {
    name: 'llama',
    // The converter permutes the rows of q and k, so that neighbours are rotated.
    ropeMode: 'norm',
    read: (fields, { hasTensor }) => ({
      slidingWindow: readGgufWindow(fields),
      qkvBias: hasTensor('blk.0.attn_q.bias'),
      attentionOutputBias: hasTensor('blk.0.attn_output.bias'),
      feedForwardBias: hasTensor('blk.0.ffn_up.bias'),
    }),
  },
};
