/**
 * The parts of `@huggingface/tokenizers` that Skein uses, typed here: the package's own
 * declarations import each other without file extensions, which `nodenext` cannot resolve.
 */
import * as library from '@huggingface/tokenizers';

export interface Normalizer {
  normalize: (text: string) => string;
}

export interface PreTokenizer {
  /** `section_index` 0 marks the beginning of the whole text. */
  pre_tokenize(text: string, options: { section_index: number }): string[];
}

/** Words to the texts of tokens. */
interface TokenizerModel {
  _call(words: string[]): string[];
  readonly unk_token_id?: number;
}

interface PostProcessor {
  /** The second argument is the other text of a pair. */
  post_process(tokens: string[], pair: null, addSpecialTokens: boolean): { tokens: string[] };
}

export interface TokenizerParts {
  readonly normalizer: Normalizer | null;
  readonly pre_tokenizer: PreTokenizer | null;
  readonly model: TokenizerModel;
  readonly post_processor: PostProcessor | null;
  token_to_id(text: string): number | undefined;
  id_to_token(id: number): string | undefined;
}

interface StripNormalizer extends Normalizer {
  readonly config: { readonly strip_left?: boolean; readonly strip_right?: boolean };
}

interface SequenceNormalizer extends Normalizer {
  readonly normalizers: readonly (Normalizer | null)[];
}

interface SequencePreTokenizer extends PreTokenizer {
  readonly tokenizers: readonly (PreTokenizer | null)[];
}

interface ByteLevelPreTokenizer extends PreTokenizer {
  pattern: RegExp;
}

interface DigitsPreTokenizer extends PreTokenizer {
  readonly config: { readonly individual_digits?: boolean };
  pattern: RegExp;
}

/** `Split` by a pattern, which the package has translated from Oniguruma's syntax. */
export interface SplitPreTokenizer extends PreTokenizer {
  readonly config: { readonly behavior?: string; readonly invert?: boolean };
  readonly pattern: RegExp | null;
  pre_tokenize_text: (text: string) => string[];
}

type Constructor<Part> = new (...fields: never[]) => Part;

export const {
  Tokenizer: TokenizerParts,
  ByteLevelPreTokenizer,
  DigitsPreTokenizer,
  SequenceNormalizer,
  SequencePreTokenizer,
  SplitPreTokenizer,
  StripNormalizer,
} = library as unknown as {
  readonly Tokenizer: new (json: object, config: object) => TokenizerParts;
  readonly ByteLevelPreTokenizer: Constructor<ByteLevelPreTokenizer>;
  readonly DigitsPreTokenizer: Constructor<DigitsPreTokenizer>;
  readonly SequenceNormalizer: Constructor<SequenceNormalizer>;
  readonly SequencePreTokenizer: Constructor<SequencePreTokenizer>;
  readonly SplitPreTokenizer: Constructor<SplitPreTokenizer>;
  readonly StripNormalizer: Constructor<StripNormalizer>;
};
