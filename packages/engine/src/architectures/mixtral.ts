import { mistralWindow } from '../model/huggingface/parse-sliding-window.js';
import type { ArchitectureDefinition } from './architecture.js';
import { ggufExpertKeys, readExperts } from './experts.js';
import { readGgufWindow } from './read-gguf-window.js';

const keys = { count: 'num_local_experts', usedCount: 'num_experts_per_tok' };

/** Mixtral: Mistral whose feed-forward layers are mixtures of experts. As GGUF it is `llama`. */
export const mixtral: ArchitectureDefinition = {
  name: 'mixtral',
  huggingFace: {
    modelType: 'mixtral',
    className: 'MixtralForCausalLM',
    defaults: {
      kvHeadCount: 8,
      contextLength: 131_072,
      rmsNormEpsilon: 1e-5,
      theta: 1_000_000,
    },
    fields: ['num_local_experts'],
    tensorNames: {
      'block_sparse_moe.gate': 'ffn_gate_inp',
      'block_sparse_moe.experts.*.w1': 'ffn_gate_exps',
      'block_sparse_moe.experts.*.w2': 'ffn_down_exps',
      'block_sparse_moe.experts.*.w3': 'ffn_up_exps',
    },
    read: (fields, { blockCount }) => ({
      // Unlike Mistral's, an absent window is none.
      slidingWindow: fields.has('sliding_window') ? mistralWindow(fields, blockCount) : null,
      experts: readExperts(fields, keys, 'chosen'),
    }),
  },
  gguf: {
    name: 'llama',
    isMeant: (fields) => (fields.number('expert_count') ?? 0) > 0,
    ropeMode: 'norm',
    keys: ['expert_count'],
    read: (fields) => ({
      slidingWindow: readGgufWindow(fields),
      experts: readExperts(fields, ggufExpertKeys, 'chosen'),
    }),
  },
};
