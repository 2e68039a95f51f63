import type { OrderedCandidates } from './candidate-order.js';
import type { Interval, WeightedPrefix } from './draw.js';

/**
 * Turns ordered candidates into weights. Full and top rows both come through here, so that the same
 * candidates give the same sums to the last bit.
 */
export function weighPrefix(
  candidates: OrderedCandidates,
  options: {
    inverseTemperature: number;
    isComplete: boolean;
    total: Interval;
    nextWeightMax: number;
  },
): WeightedPrefix {
  const { logits } = candidates;
  const { inverseTemperature, isComplete, total, nextWeightMax } = options;
  const largest = logits[0] ?? 0;
  const weights = new Float64Array(logits.length);
  const cumulative = new Float64Array(logits.length);
  let sum = 0;
  for (let index = 0; index < logits.length; index++) {
    const weight = Math.exp(((logits[index] ?? 0) - largest) * inverseTemperature);
    sum += weight;
    weights[index] = weight;
    cumulative[index] = sum;
  }
  return { weights, cumulative, isComplete, total, nextWeightMax };
}
