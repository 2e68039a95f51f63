import { mix } from './seeded-random.js';

/** Lines that are kept for a failure's report; all of them count for the hash. */
const keptLinesMax = 4000;

/**
 * What happened in a run: a hash over everything, frames included, and the last lines in a form
 * for people. Two runs of one seed have the same hash.
 */
export class Trace {
  #high = 0x12345678;
  #low = 0x9abcdef0;
  #lines: string[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get hash(): string {
    const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }

  /** Something worth reading after a failure. */
  note(text: string): void {
    const line = `${(this.#nowMs() / 1000).toFixed(4).padStart(9)} ${text}`;
    this.#add(line);
    this.#lines.push(line);
    if (this.#lines.length > 2 * keptLinesMax) this.#lines = this.#lines.slice(-keptLinesMax);
  }

  /** A frame: only for the hash. */
  frame(from: string, to: string, type: string, bytes: number): void {
    this.#add(`${this.#nowMs()} ${from}>${to} ${type} ${bytes}`);
  }

  /** The newest lines, oldest first; those that match, if a pattern is given. */
  lines(count: number, pattern?: RegExp): string[] {
    const chosen = pattern === undefined ? this.#lines : this.#lines.filter((l) => pattern.test(l));
    return chosen.slice(-count);
  }

  #add(line: string): void {
    for (let index = 0; index < line.length; index += 1) {
      this.#low = Math.imul(this.#low ^ line.charCodeAt(index), 0x01000193);
    }
    this.#high = mix(this.#high ^ this.#low);
  }
}
