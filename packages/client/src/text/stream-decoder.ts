import type { TokenId } from '@skein/protocol';
import type { DecodeStage } from './decode-stages.js';

/**
 * Turns tokens into text as they come. Text is given out once it is final: half a character waits
 * for its other half. The pieces and the flush joined are exactly the decoding of all tokens.
 */
export class StreamDecoder {
  readonly #stage: DecodeStage;
  readonly #tokenText: (token: TokenId) => string | null;
  #isEnded = false;

  /** @param tokenText the text of a token in the vocabulary; null for tokens to pass over */
  constructor(options: { stage: DecodeStage; tokenText: (token: TokenId) => string | null }) {
    this.#stage = options.stage;
    this.#tokenText = options.tokenText;
  }

  /** Takes the next token and returns the text that has become final, often all of the token's. */
  push(token: TokenId): string {
    if (this.#isEnded) throw new TypeError('the stream decoder has been flushed');
    const text = this.#tokenText(token);
    return text === null ? '' : this.#stage.push(text).join('');
  }

  /** Ends the stream: returns what was held back, an unfinished character as U+FFFD. */
  flush(): string {
    if (this.#isEnded) return '';
    this.#isEnded = true;
    return this.#stage.flush().join('');
  }

  /**
   * Takes the tokens of a prompt, whose text is not wanted, so that what follows is decoded as a
   * continuation: with its leading space, and with the rest of a character that the prompt began.
   */
  skip(tokens: Iterable<TokenId>): void {
    for (const token of tokens) this.push(token);
    this.#stage.settle();
  }
}
