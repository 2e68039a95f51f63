import { summationSlack } from './sampling-limits.js';

/** A number that is known only to lie in `[low, high]`. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * The most likely tokens by descending weight, where a weight is exp((logit - largest) /
 * temperature), and what is known about the rest.
 */
export interface WeightedPrefix {
  /** Weights of the first tokens; the first is 1. */
  readonly weights: Float64Array;
  /** Sums of the weights up to and with each. */
  readonly cumulative: Float64Array;
  /** Whether these are all tokens there are. */
  readonly isComplete: boolean;
  /** The sum of the weights of all tokens. */
  readonly total: Interval;
  /** No token after the prefix weighs more. */
  readonly nextWeightMax: number;
}

/** Where the distribution is cut off; see `SamplingSettings`. `topK` 0 is no limit. */
export interface Cuts {
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
}

/**
 * Draws by inverse CDF in descending order of weight. Returns the index within the prefix, or null
 * where what is unknown about the rest could change the outcome.
 *
 * Each cut keeps the first so many tokens, and the kept mass grows with the total. The index grows
 * with the kept mass. So the outcome is certain when both ends of the interval agree.
 */
export function drawIndex(prefix: WeightedPrefix, cuts: Cuts, random: number): number | null {
  const kept = keptMass(prefix, cuts);
  const first = indexAt(prefix, kept.low, random);
  const last = indexAt(prefix, kept.high, random);
  return first === last ? first : null;
}

/** The weight of all tokens that top-k, top-p and min-p keep. */
function keptMass(prefix: WeightedPrefix, cuts: Cuts): Interval {
  const afterTopK = cutTopK(prefix, cuts.topK);
  const afterTopP = cutTopP(prefix, afterTopK, cuts.topP);
  const afterMinP = cutMinP(prefix, cuts.minP);
  return {
    low: Math.min(afterTopP.low, afterMinP.low),
    high: Math.min(afterTopP.high, afterMinP.high),
  };
}

function cutTopK(prefix: WeightedPrefix, topK: number): Interval {
  const { cumulative, total, nextWeightMax, isComplete } = prefix;
  const count = cumulative.length;
  if (topK === 0 || (isComplete && topK >= count)) return total;
  if (topK <= count) return exactly(cumulative[topK - 1] ?? 0);
  const known = cumulative[count - 1] ?? 0;
  const high = known + (topK - count) * nextWeightMax * (1 + summationSlack);
  return { low: known, high: Math.min(total.high, high) };
}

/** Token j is kept when the weight before it is under `topP` of what top-k left. */
function cutTopP(prefix: WeightedPrefix, base: Interval, topP: number): Interval {
  if (topP >= 1) return base;
  const lowTarget = topP * base.low;
  const highTarget = topP * base.high;
  const low = massReaching(prefix, lowTarget);
  const high = massReaching(prefix, highTarget);
  const known = prefix.cumulative[prefix.cumulative.length - 1] ?? 0;
  return {
    low: low ?? Math.max(known, lowTarget) * (1 - summationSlack),
    high: high ?? Math.min(base.high, highTarget + prefix.nextWeightMax) * (1 + summationSlack),
  };
}

/** The first cumulative weight that reaches the target; null when it lies after the prefix. */
function massReaching(prefix: WeightedPrefix, target: number): number | null {
  const { cumulative, isComplete } = prefix;
  const index = firstIndex(cumulative.length, (at) => (cumulative[at] ?? 0) >= target);
  if (index < cumulative.length) return cumulative[index] ?? 0;
  return isComplete ? (cumulative[index - 1] ?? 0) : null;
}

function cutMinP(prefix: WeightedPrefix, minP: number): Interval {
  const { weights, cumulative, isComplete, nextWeightMax, total } = prefix;
  if (minP === 0) return exactly(Number.POSITIVE_INFINITY);
  const count = firstIndex(weights.length, (at) => (weights[at] ?? 0) < minP);
  const known = cumulative[count - 1] ?? 0;
  const isCut = count < weights.length || isComplete || nextWeightMax < minP;
  return isCut ? exactly(known) : { low: known, high: total.high };
}

/** The token at `random` of the way through `mass`; null when it lies after the prefix. */
function indexAt(prefix: WeightedPrefix, mass: number, random: number): number | null {
  const { cumulative, isComplete } = prefix;
  const target = random * mass;
  // The second condition: rounding must not carry `random * mass` to the first token cut off.
  const index = firstIndex(cumulative.length, (at) => {
    const sum = cumulative[at] ?? 0;
    return sum > target || sum >= mass;
  });
  if (index < cumulative.length) return index;
  return isComplete ? index - 1 : null;
}

/** The first index in `[0, count)` for which a monotone condition holds, or `count`. */
function firstIndex(count: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function exactly(value: number): Interval {
  return { low: value, high: value };
}
