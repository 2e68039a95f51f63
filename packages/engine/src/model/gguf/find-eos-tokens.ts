import { limits } from '@skein/protocol';
import { normaliseEosTokens } from '../check-model-config.js';
import type { MetadataFields } from '../metadata-fields.js';

const eosKeys = ['eos_token_id', 'eot_token_id', 'eom_token_id'];

/**
 * Texts that end a turn in chat models. GGUF has room for one end of text, and chat models have
 * several: as llama.cpp does, control tokens with one of these texts count too.
 */
const eosTexts: ReadonlySet<string> = new Set([
  '<|eot_id|>',
  '<|eom_id|>',
  '<|im_end|>',
  '<|end|>',
  '<|end_of_text|>',
  '<|endoftext|>',
  '<end_of_turn>',
  '<EOT>',
  '_<EOT>',
  '<|end_of_sentence|>',
  '<｜end▁of▁sentence｜>',
]);

/** Token type of control tokens. */
const controlType = 3;

/** Finds every token that ends a generation. @throws SkeinError `model-corrupt` */
export function findEosTokens(fields: MetadataFields, vocabSize: number): readonly number[] {
  const ids: number[] = [];
  for (const key of eosKeys) {
    const range = { min: 0, max: limits.vocabSizeMax };
    const id = fields.integer(`tokenizer.ggml.${key}`, range);
    if (id !== undefined) ids.push(id);
  }
  const tokens = fields.raw('tokenizer.ggml.tokens');
  const types = fields.raw('tokenizer.ggml.token_type');
  if (Array.isArray(tokens) && types instanceof Int32Array) {
    for (const [id, type] of types.entries()) {
      if (type === controlType && eosTexts.has(tokens[id])) ids.push(id);
    }
  }
  return normaliseEosTokens(ids, vocabSize);
}
