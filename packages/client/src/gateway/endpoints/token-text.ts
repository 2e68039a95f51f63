import type { TokenId } from '@skein/protocol';
import type { LoadedModel } from '../../model/model-store.js';
import type { Tokenizer } from '../../text/index.js';

const encoder = new TextEncoder();

/** The text of single tokens, as they stand in the middle of a text. */
export class TokenTexts {
  readonly #tokenizer: Tokenizer | null;
  /** Some decoders treat a text's first token in their own way: this one is put before. */
  readonly #lead: readonly TokenId[];

  constructor({ tokenizer }: LoadedModel) {
    this.#tokenizer = tokenizer;
    this.#lead = tokenizer?.encode('a', { addSpecialTokens: false }).slice(0, 1) ?? [];
  }

  /** Special tokens by their names; a part of a character is U+FFFD. */
  textOf(token: TokenId): string {
    if (this.#tokenizer === null) return '';
    const decoder = this.#tokenizer.createStreamDecoder({ skipSpecialTokens: false });
    for (const lead of this.#lead) decoder.push(lead);
    return decoder.push(token) + decoder.flush();
  }

  /** The bytes of a token's text; null where it is a part of a character only. */
  bytesOf(text: string): number[] | null {
    return text.includes('\ufffd') ? null : [...encoder.encode(text)];
  }
}
