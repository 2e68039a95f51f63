import { bytesOf, type Tensor, type TokenId } from '@skein/protocol';

/** The tokens of a session, growing at the end: what a client replays from. */
export class TokenBuffer {
  #tokens = new Int32Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(tokens: readonly TokenId[] | Int32Array): void {
    const length = this.#length + tokens.length;
    if (length > this.#tokens.length) {
      const grown = new Int32Array(Math.max(length, 2 * this.#tokens.length));
      grown.set(this.#tokens.subarray(0, this.#length));
      this.#tokens = grown;
    }
    this.#tokens.set(tokens, this.#length);
    this.#length = length;
  }

  /** Forgets all tokens from `length` on. */
  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  /** The token at `position`, which must lie within the buffer. */
  at(position: number): TokenId {
    return this.#tokens[position] as TokenId;
  }

  /** The tokens of `[start, end)` as a step's input: a copy, since a sent tensor must not change. */
  tensor(start: number, end: number): Tensor {
    const bytes = bytesOf(this.#tokens.slice(start, end));
    return { type: 'i32', shape: [end - start], bytes };
  }
}
