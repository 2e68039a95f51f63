import { bytesOf, type Tensor, type TokenId } from '@skein/protocol';

import { type RepeatedSteps, repeatSteps } from './cut-steps.js';

/**
 * The tokens of a session, growing at the end: what a client replays from. It also knows how they
 * were cut into steps, because a product over other rows rounds differently: a replay that repeats
 * the steps rebuilds the very caches that were lost.
 */
export class TokenBuffer {
  #tokens = new Int32Array(256);
  #length = 0;
  /** Positions after which a step ended, ascending. */
  readonly #stepEnds: number[] = [];

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

  /** Forgets all tokens from `length` on. A step that is cut by it ends there from now on. */
  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
    let isCut = false;
    while ((this.#stepEnds.at(-1) ?? 0) > this.#length) {
      this.#stepEnds.pop();
      isCut = true;
    }
    if (isCut) this.noteStep(this.#length);
  }

  /** Positions after which steps ended, ascending. */
  get bookedEnds(): readonly number[] {
    return this.#stepEnds;
  }

  /** Books that a step of new tokens ended before `position`. */
  noteStep(position: number): void {
    if (position > (this.#stepEnds.at(-1) ?? 0)) this.#stepEnds.push(position);
  }

  /** Books a step of new tokens, or several of one row each that are computed as one. */
  noteSteps(chunk: {
    readonly position: number;
    readonly rows: number;
    readonly rowByRow: boolean;
  }): void {
    const { position, rows, rowByRow } = chunk;
    for (let row = rowByRow ? 1 : rows; row <= rows; row += 1) this.noteStep(position + row);
  }

  /** The end of the step that holds a position; null when no step went so far yet. */
  stepEndAfter(position: number): number | null {
    const ends = this.#stepEnds;
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] as number) > position) high = middle;
      else low = middle + 1;
    }
    return ends[low] ?? null;
  }

  /**
   * How the tokens `[from, to)` were cut into steps: the end of the one that begins at a position;
   * several of one row each are given as one, to be computed row by row. Null when there were so
   * many that repeating them would take too long.
   */
  stepsAgain(from: number, to: number): RepeatedSteps | null {
    return repeatSteps(this.#stepEnds, from, to);
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
