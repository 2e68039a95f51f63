import type { ModelConfig } from '@skein/protocol';
import type { MetadataFields } from '../model/metadata-fields.js';
import type { ConfigDifferences, ModelSizes } from './architecture.js';

/** Names of a block's tensors in Gemma 2 and 3; Llama's `post_attention_layernorm` is another. */
export const gemmaTensorNames: Readonly<Record<string, string>> = {
  post_attention_layernorm: 'post_attention_norm',
  pre_feedforward_layernorm: 'ffn_norm',
  post_feedforward_layernorm: 'post_ffw_norm',
};

/** What Gemma 2 and 3 have in common, in files of either kind. */
export function gemmaBlocks({ hiddenSize }: ModelSizes): ConfigDifferences {
  return {
    normPlacement: 'around',
    activation: 'gelu-tanh',
    embeddingScale: Math.sqrt(hiddenSize),
  };
}

/** Soft caps under a file's own keys; null and absent are none. */
export function readSoftCaps(
  fields: MetadataFields,
  keys: { readonly attention: string; readonly logits: string },
): Pick<ModelConfig, 'attentionSoftCap' | 'logitSoftCap'> {
  const attention = fields.positive(keys.attention);
  const logits = fields.positive(keys.logits);
  return {
    ...(attention === undefined ? {} : { attentionSoftCap: attention }),
    ...(logits === undefined ? {} : { logitSoftCap: logits }),
  };
}

/** The scale of scores that follows from a size; left out where it is the head's. */
export function attentionScaleOf(
  size: number,
  { headDim }: ModelSizes,
): Pick<ModelConfig, 'attentionScale'> {
  return size === headDim ? {} : { attentionScale: size ** -0.5 };
}
