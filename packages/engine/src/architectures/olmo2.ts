import type { ArchitectureDefinition } from './architecture.js';

/** OLMo 2: norms after each half of a block, and over all heads of q and of k at once. */
export const olmo2: ArchitectureDefinition = {
  name: 'olmo2',
  huggingFace: {
    modelType: 'olmo2',
    className: 'Olmo2ForCausalLM',
    defaults: { contextLength: 2048, rmsNormEpsilon: 1e-5 },
    tensorNames: {
      post_attention_layernorm: 'post_attention_norm',
      post_feedforward_layernorm: 'post_ffw_norm',
    },
    read: (fields) => {
      const attentionBias = fields.boolean('attention_bias') ?? false;
      return {
        normPlacement: 'after',
        qkNorm: true,
        qkNormScope: 'projection',
        qkvBias: attentionBias,
        attentionOutputBias: attentionBias,
      };
    },
  },
  gguf: {
    name: 'olmo2',
    ropeMode: 'neox',
    read: () => ({ normPlacement: 'after', qkNorm: true, qkNormScope: 'projection' }),
  },
};
