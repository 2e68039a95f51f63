import { sessionLimits } from './session-limits.js';

const sampleWeight = 0.2;

/** How long steps took lately, apart for single tokens and for chunks; decides when one is late. */
export class StepTimes {
  #singleMs: number | null = null;
  #chunkMs: number | null = null;

  add(rows: number, elapsedMs: number): void {
    if (rows === 1) this.#singleMs = average(this.#singleMs, elapsedMs);
    else this.#chunkMs = average(this.#chunkMs, elapsedMs);
  }

  /** Milliseconds after which a step of so many rows is late. */
  lateMs(rows: number): number {
    const usualMs = rows === 1 ? this.#singleMs : this.#chunkMs;
    if (usualMs === null) return sessionLimits.firstStepLateMs;
    return Math.max(sessionLimits.stepLateMsMin, sessionLimits.stepLateFactor * usualMs);
  }
}

function average(before: number | null, sample: number): number {
  return before === null ? sample : before + sampleWeight * (sample - before);
}
