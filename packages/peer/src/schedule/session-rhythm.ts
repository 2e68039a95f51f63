import type { Expected } from './gather.js';

/** Numbers of {@link SessionRhythm}. Times are milliseconds. */
const rhythmLimits = {
  /** A session that decoded so recently is decoding. */
  decodingMs: 1_000,
  /** Served rows count half after so long. */
  servedHalfLifeMs: 10_000,
  /** What one more round trip counts in the averages of a session. */
  averageWeight: 0.25,
} as const;

/** How a session comes and goes at one hop. Pure: whoever calls tells the time. */
export class SessionRhythm {
  /** Nobody else's steps are arranged around it. */
  isBackground = false;
  /** Share of a decoding round trip in which this hop computes for it, 0 to 1. */
  share = 1;
  #awayMs: number | null = null;
  #servedRows = 0;
  #servedAtMs = Number.NEGATIVE_INFINITY;
  #decodedAtMs = Number.NEGATIVE_INFINITY;
  #computeMs = 0;

  /** When a step of it was done last. */
  get servedAtMs(): number {
    return this.#servedAtMs;
  }

  /** Somebody waits for its tokens, one after the other. */
  isDecoding(nowMs: number): boolean {
    return !this.isBackground && nowMs - this.#decodedAtMs < rhythmLimits.decodingMs;
  }

  /** When its next token is due here, if it decodes and went away as long as it usually does. */
  expected(nowMs: number): Expected | null {
    if (this.#awayMs === null || !this.isDecoding(nowMs)) return null;
    return { atMs: this.#decodedAtMs + this.#awayMs, awayMs: this.#awayMs };
  }

  /** Rows that it was served, older ones counting less. */
  servedRows(nowMs: number): number {
    if (this.#servedRows === 0) return 0;
    return this.#servedRows * 2 ** ((this.#servedAtMs - nowMs) / rhythmLimits.servedHalfLifeMs);
  }

  /** A step begins that arrived at a time. */
  begin(isDecode: boolean, arrivedAtMs: number): void {
    if (!isDecode || !this.isDecoding(arrivedAtMs)) return;
    const awayMs = Math.max(0, arrivedAtMs - this.#decodedAtMs);
    const share = this.#computeMs / Math.max(this.#computeMs + awayMs, Number.MIN_VALUE);
    this.share += rhythmLimits.averageWeight * (share - this.share);
    this.#awayMs ??= awayMs;
    this.#awayMs += rhythmLimits.averageWeight * (awayMs - this.#awayMs);
  }

  /** The step is done. */
  end(isDecode: boolean, done: { rows: number; computeMs: number; nowMs: number }): void {
    const { rows, computeMs, nowMs } = done;
    this.#servedRows = this.servedRows(nowMs) + rows;
    this.#servedAtMs = nowMs;
    if (!isDecode) return;
    this.#decodedAtMs = nowMs;
    this.#computeMs = computeMs;
  }
}
