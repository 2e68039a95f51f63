import type { Random } from '../support/seeded-random.js';

/** Uniform in [low, high). */
export function between(random: Random, low: number, high: number): number {
  return low + random() * (high - low);
}

/** Exponentially distributed. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}
