/** How many of something costly may happen now: so many at once, and so many a second in the long run. */
export class RateBudget {
  readonly #options: {
    readonly atOnceMax: number;
    readonly perSecond: number;
    /** Milliseconds on a steady clock. */
    now(): number;
  };
  #left: number;
  #countedAtMs: number;

  constructor(options: { readonly atOnceMax: number; readonly perSecond: number; now(): number }) {
    this.#options = options;
    this.#left = options.atOnceMax;
    this.#countedAtMs = options.now();
  }

  /** Takes as many as there are, up to a number. */
  take(wanted: number): number {
    const { atOnceMax, perSecond, now } = this.#options;
    const nowMs = now();
    const earned = ((nowMs - this.#countedAtMs) / 1000) * perSecond;
    this.#left = Math.min(this.#left + earned, atOnceMax);
    this.#countedAtMs = nowMs;
    const taken = Math.min(wanted, Math.floor(this.#left));
    this.#left -= taken;
    return taken;
  }

  /** Something that was taken cost nothing after all. */
  giveBack(count: number): void {
    this.#left = Math.min(this.#left + count, this.#options.atOnceMax);
  }
}
