import { sessionLimits } from './session-limits.js';

const sampleWeight = 0.2;

/**
 * Notices a hop that became slow for good: alive, never late, yet many times slower than it was.
 * Slow steps do not count towards what is usual, or the usual would soon be slow.
 */
export class SlowSteps {
  #usualMs = 0;
  #known = 0;
  #inARow = 0;

  /**
   * Books what one single-token step took at the hop.
   * @returns true when the hop is slow now
   */
  add(computeMs: number): boolean {
    const { slowStepFactor, slowStepMsMin, slowStepsKnown, slowStepsMax } = sessionLimits;
    const isKnown = this.#known >= slowStepsKnown;
    if (isKnown && computeMs >= Math.max(slowStepMsMin, slowStepFactor * this.#usualMs)) {
      this.#inARow += 1;
      return this.#inARow >= slowStepsMax;
    }
    this.#inARow = 0;
    this.#known += 1;
    const weight = Math.max(sampleWeight, 1 / this.#known);
    this.#usualMs += weight * (computeMs - this.#usualMs);
    return false;
  }

  /** Nobody could take the hop's place: what it takes now is usual from here on. */
  accept(): void {
    this.#known = 0;
    this.#inARow = 0;
  }
}
