import { observerLimits } from '../observer-limits.js';

/** How many peers may be dialled now: a handshake costs some 20 ms of computing on either side. */
export class DialBudget {
  readonly #now: () => number;
  #dials: number = observerLimits.dialsAtOnceMax;
  #countedAtMs: number;

  /** @param now milliseconds on a steady clock */
  constructor(now: () => number) {
    this.#now = now;
    this.#countedAtMs = now();
  }

  /** Takes as many as there are, up to a number. */
  take(wanted: number): number {
    const nowMs = this.#now();
    const earned = ((nowMs - this.#countedAtMs) / 1000) * observerLimits.dialsPerSecond;
    this.#dials = Math.min(this.#dials + earned, observerLimits.dialsAtOnceMax);
    this.#countedAtMs = nowMs;
    const taken = Math.min(wanted, Math.floor(this.#dials));
    this.#dials -= taken;
    return taken;
  }
}
