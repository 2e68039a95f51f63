import type { Vocabulary } from './read-vocabulary.js';

/** What the kinds of tokenizers differ in, in the words of tokenizer.json. */
export interface TokenizerParts {
  readonly normalizer: object | null;
  readonly preTokenizer: object | null;
  readonly decoder: object;
  readonly model: object;
  /** Put before every text. */
  readonly bosTokenId: number | null;
  /** Put after every text. */
  readonly eosTokenId: number | null;
  readonly unknownTokenId: number | null;
}

/** The `vocab` of a BPE model; without a prototype, so that any text can be a token. */
export function vocabularyObject({ ids }: Vocabulary): Record<string, number> {
  const object: Record<string, number> = Object.create(null);
  for (const [text, id] of ids) object[text] = id;
  return object;
}
