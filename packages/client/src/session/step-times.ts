import { sessionLimits } from './session-limits.js';

const sampleWeight = 0.2;

/** What steps of one size took lately. */
interface Usual {
  ms: number | null;
  /** The route changed since. */
  isStale: boolean;
}

/** How long steps took lately, apart for single tokens and for chunks; decides when one is late. */
export class StepTimes {
  readonly #single: Usual = { ms: null, isStale: true };
  readonly #chunk: Usual = { ms: null, isStale: true };

  add(rows: number, elapsedMs: number): void {
    const usual = this.#of(rows);
    const isFirst = usual.ms === null || usual.isStale;
    usual.ms = isFirst ? elapsedMs : average(usual.ms as number, elapsedMs);
    usual.isStale = false;
  }

  /** The route changed: until it was measured, what is expected of it counts as well. */
  expectChange(): void {
    this.#single.isStale = true;
    this.#chunk.isStale = true;
  }

  /**
   * Milliseconds after which a step of so many rows is late.
   *
   * @param expectedMs what is known of the hops makes of such a step; null when nothing is
   * @param options.steps so many of them that are computed as one. Default: 1
   */
  lateMs(
    rows: number,
    expectedMs: () => number | null,
    options: { readonly steps?: number } = {},
  ): number {
    const { stepLateMsMin, firstStepLateMs } = sessionLimits;
    const stepLateFactor = sessionLimits.stepLateFactor * (options.steps ?? 1);
    const usual = this.#of(rows);
    const measuredMs = usual.ms ?? 0;
    if (!usual.isStale) return Math.max(stepLateMsMin, stepLateFactor * measuredMs);
    const expected = expectedMs();
    if (expected === null) return Math.max(firstStepLateMs, stepLateFactor * measuredMs);
    return Math.max(stepLateMsMin, stepLateFactor * Math.max(expected, measuredMs));
  }

  #of(rows: number): Usual {
    return rows === 1 ? this.#single : this.#chunk;
  }
}

function average(before: number, sample: number): number {
  return before + sampleWeight * (sample - before);
}
