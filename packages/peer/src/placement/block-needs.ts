import { fractionalOptimum, type Host } from './swarm.js';

/**
 * How far queues may raise or lower what a block is meant to get, against the mean. Queues are
 * noisy, and partly the fault of one slow peer, so they bend the plan and do not make it.
 */
const needRatioMax = 2;

/**
 * Rows a second that each block is meant to have: the fractional optimum, shared out by demand.
 *
 * Every token passes every block, so without demand all blocks need the same. A block whose queue
 * is `q` times the mean counts `(1 + q) / 2`, at most {@link needRatioMax}.
 *
 * @param demand work queued per block, smoothed by the caller, in any unit; default: the same for all
 */
export function blockNeeds(
  hosts: readonly Host[],
  blockCount: number,
  demand?: readonly number[],
): Float64Array {
  const weights = demandWeights(blockCount, demand);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  // A swarm without speed is still placed, by coverage alone.
  const optimum = Math.max(fractionalOptimum(hosts, blockCount), Number.MIN_VALUE * 2 ** 60);
  return weights.map((weight) => (optimum * weight * blockCount) / sum);
}

function demandWeights(blockCount: number, demand: readonly number[] | undefined): Float64Array {
  const weights = new Float64Array(blockCount).fill(1);
  if (demand === undefined) return weights;
  const queues = weights.map((_, block) => Math.max(0, demand[block] ?? 0));
  const mean = queues.reduce((total, queue) => total + queue, 0) / blockCount;
  if (!(mean > 0) || !Number.isFinite(mean)) return weights;
  return queues.map((queue) => Math.min((1 + queue / mean) / 2, needRatioMax));
}
