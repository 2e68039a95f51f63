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

/** Soft caps of scores and of logits, under the same names in files of either kind. */
export const gemmaSoftCapFields = ['attn_logit_softcapping', 'final_logit_softcapping'] as const;

/** Soft caps; null and absent are none. */
export function readSoftCaps(
  fields: MetadataFields,
): Pick<ModelConfig, 'attentionSoftCap' | 'logitSoftCap'> {
  const [attentionKey, logitsKey] = gemmaSoftCapFields;
  const attention = fields.positive(attentionKey);
  const logits = fields.positive(logitsKey);
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

/** What a GGUF file does not tell, as llama.cpp has it: the head's size, but for the largest model. */
export function queryScalarOf(
  { blockCount, headDim, hiddenSize, headCount }: ModelSizes,
  blocksOfLargest: number,
): number {
  return blockCount === blocksOfLargest ? hiddenSize / headCount : headDim;
}
