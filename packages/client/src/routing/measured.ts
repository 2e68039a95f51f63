import { routingLimits } from './routing-limits.js';

/** A smoothed measurement, and how far it can be relied upon. */
export interface Measured {
  /** Moving average of the samples. */
  readonly value: number;
  readonly samples: number;
  /** Since the newest sample. */
  readonly ageMs: number;
}

/** A moving average that knows how many samples it has seen, and when. */
export class MovingAverage {
  #value = 0;
  #samples = 0;
  #atMs = 0;

  add(sample: number, nowMs: number): void {
    this.#samples += 1;
    // The first samples count alike, so that one outlier among them is soon outvoted.
    const weight = Math.max(routingLimits.sampleWeight, 1 / this.#samples);
    this.#value += weight * (sample - this.#value);
    this.#atMs = nowMs;
  }

  /** Null before the first sample. */
  view(nowMs: number): Measured | null {
    if (this.#samples === 0) return null;
    return { value: this.#value, samples: this.#samples, ageMs: nowMs - this.#atMs };
  }
}

/**
 * How much a measurement counts against what was assumed before it, 0 to 1: it grows with the
 * samples up to `samplesTrusted`, and halves with every `halfLifeMs` of age.
 */
export function confidence(
  measured: Measured | null,
  trust: { readonly samplesTrusted: number; readonly halfLifeMs: number },
): number {
  if (measured === null) return 0;
  const seen = Math.min(1, measured.samples / trust.samplesTrusted);
  return seen * 2 ** (-measured.ageMs / trust.halfLifeMs);
}

/** What was measured and what is assumed, weighted by the {@link confidence} in the former. */
export function blend(
  measured: Measured | null,
  assumed: number,
  trust: { readonly samplesTrusted: number; readonly halfLifeMs: number },
): number {
  const weight = confidence(measured, trust);
  return measured === null ? assumed : weight * measured.value + (1 - weight) * assumed;
}
