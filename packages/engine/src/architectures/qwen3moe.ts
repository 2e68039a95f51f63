import { qwenWindow } from '../model/huggingface/parse-sliding-window.js';
import type { MetadataFields } from '../model/metadata-fields.js';
import type { ArchitectureDefinition } from './architecture.js';
import { ggufExpertKeys, readExperts, readExpertWidth } from './experts.js';
import { readGgufWindow } from './read-gguf-window.js';

/** Qwen 3 with mixtures of experts: 30B-A3B, 235B-A22B. */
export const qwen3moe: ArchitectureDefinition = {
  name: 'qwen3moe',
  huggingFace: {
    modelType: 'qwen3_moe',
    className: 'Qwen3MoeForCausalLM',
    defaults: { kvHeadCount: 4, contextLength: 32_768 },
    fields: ['num_experts', 'num_local_experts'],
    tensorNames: {
      'mlp.gate': 'ffn_gate_inp',
      'mlp.experts.*.gate_proj': 'ffn_gate_exps',
      'mlp.experts.*.up_proj': 'ffn_up_exps',
      'mlp.experts.*.down_proj': 'ffn_down_exps',
    },
    read: (fields, { blockCount }) => {
      refuseDenseBlocks(fields);
      const attentionBias = fields.boolean('attention_bias') ?? false;
      // transformers 5 writes the number under another name than version 4 did.
      const count = fields.has('num_experts') ? 'num_experts' : 'num_local_experts';
      const isNormalised = fields.boolean('norm_topk_prob') ?? false;
      return {
        slidingWindow: qwenWindow(fields, blockCount),
        qkvBias: attentionBias,
        attentionOutputBias: attentionBias,
        qkNorm: true,
        feedForwardSize: readExpertWidth(fields, 'moe_intermediate_size'),
        experts: readExperts(
          fields,
          { count, usedCount: 'num_experts_per_tok' },
          isNormalised ? 'chosen' : 'all',
        ),
      };
    },
  },
  gguf: {
    name: 'qwen3moe',
    ropeMode: 'neox',
    keys: ['expert_count'],
    read: (fields) => ({
      slidingWindow: readGgufWindow(fields),
      qkNorm: true,
      feedForwardSize: readExpertWidth(fields, ggufExpertKeys.width),
      // llama.cpp makes the shares sum to one whatever the original did; so do all published ones.
      experts: readExperts(fields, ggufExpertKeys, 'chosen'),
    }),
  },
};

/** Blocks without experts among those with them: no published model has any. */
function refuseDenseBlocks(fields: MetadataFields): void {
  const wayOut = 'All blocks must have experts.';
  if ((fields.number('decoder_sparse_step') ?? 1) !== 1) {
    throw fields.unsupported('decoder_sparse_step', wayOut);
  }
  const dense = fields.raw('mlp_only_layers') ?? [];
  if (!Array.isArray(dense) || dense.length > 0) {
    throw fields.unsupported('mlp_only_layers', wayOut);
  }
}
