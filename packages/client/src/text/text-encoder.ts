import { SkeinError, type TokenId } from '@skein/protocol';
import { AddedVocabulary } from './added-vocabulary.js';
import {
  repairNormalizer,
  repairPreTokenizer,
  repairPreTokenizerField,
} from './encoder-repairs.js';
import { TokenizerParts } from './huggingface-parts.js';
import type { AddedTokenFields, TokenizerFile } from './tokenizer-file.js';
import { splitAtSpaces, splitsExactlyAtSpaces } from './word-split.js';

/**
 * Text to tokens: the models, normalisers and pre-tokenisers of `@huggingface/tokenizers`, put
 * together as the Rust library does.
 */
export class TextEncoderOfFile {
  readonly #parts: TokenizerParts;
  readonly #plainTokens: AddedVocabulary;
  readonly #normalizedTokens: AddedVocabulary;
  readonly #idOfAddedContent = new Map<string, TokenId>();
  readonly #textOfAddedId = new Map<TokenId, string>();
  readonly #splitsAtSpaces: boolean;

  /** @throws SkeinError `model-unsupported` */
  constructor(file: TokenizerFile) {
    this.#parts = createParts(file);
    this.#splitsAtSpaces = splitsExactlyAtSpaces(file.json.model);
    repairNormalizer(this.#parts.normalizer);
    repairPreTokenizer(this.#parts.pre_tokenizer);
    for (const token of file.addedTokens) {
      this.#idOfAddedContent.set(token.content, token.id);
      this.#textOfAddedId.set(token.id, this.#contentOf(token));
    }
    this.#plainTokens = new AddedVocabulary(file.addedTokens.filter((token) => !token.normalized));
    this.#normalizedTokens = new AddedVocabulary(
      file.addedTokens.filter((token) => token.normalized),
      (token) => this.#contentOf(token),
    );
  }

  /** Encodes text; see `Tokenizer.encode`. */
  encode(text: string, { addSpecialTokens }: { addSpecialTokens: boolean }): TokenId[] {
    const tokens: string[] = [];
    for (const part of this.#plainTokens.split(text)) {
      if (part.kind === 'token') tokens.push(part.token.content);
      else appendAll(tokens, this.#encodeText(part.text, part.start === 0));
    }
    const { post_processor: postProcessor } = this.#parts;
    const processed = postProcessor?.post_process(tokens, null, addSpecialTokens).tokens ?? tokens;
    return processed.flatMap((token) => this.tokenId(token) ?? this.#unknownId ?? []);
  }

  /** The text of a token in the vocabulary. */
  tokenText(token: TokenId): string | null {
    return this.#textOfAddedId.get(token) ?? this.#parts.id_to_token(token) ?? null;
  }

  /** The token of a text in the vocabulary. */
  tokenId(text: string): TokenId | null {
    const id = this.#idOfAddedContent.get(text) ?? this.#parts.token_to_id(text);
    return (id ?? null) as TokenId | null;
  }

  get #unknownId(): TokenId | undefined {
    return this.#parts.model.unk_token_id as TokenId | undefined;
  }

  #encodeText(text: string, isTextStart: boolean): string[] {
    const { normalizer, pre_tokenizer: preTokenizer, model } = this.#parts;
    const tokens: string[] = [];
    for (const part of this.#normalizedTokens.split(normalizer?.normalize(text) ?? text)) {
      if (part.kind === 'token') {
        tokens.push(part.token.content);
        continue;
      }
      // `Metaspace` prepends a space to the first section only, when told so.
      const options = { section_index: isTextStart && part.start === 0 ? 0 : 1 };
      const words = preTokenizer?.pre_tokenize(part.text, options) ?? [part.text];
      const shortWords = this.#splitsAtSpaces ? words.flatMap(splitAtSpaces) : words;
      appendAll(tokens, model._call(shortWords.filter((word) => word !== '')));
    }
    return tokens;
  }

  /** The Rust library keeps tokens that are looked for in normalised text in normalised form. */
  #contentOf(token: AddedTokenFields): string {
    if (!token.normalized) return token.content;
    return this.#parts.normalizer?.normalize(token.content) ?? token.content;
  }
}

/** `push(...items)` overflows the stack on long texts. */
function appendAll(target: string[], items: readonly string[]): void {
  for (const item of items) target.push(item);
}

function createParts(file: TokenizerFile): TokenizerParts {
  try {
    const preTokenizer = repairPreTokenizerField(file.json.pre_tokenizer);
    // No config: its options are Python's, and the Rust library knows nothing of them.
    return new TokenizerParts({ ...file.json, pre_tokenizer: preTokenizer }, {});
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `tokenizer.json is of a kind that Skein cannot use: ${reason}`;
    throw new SkeinError('model-unsupported', message, { cause: error });
  }
}
