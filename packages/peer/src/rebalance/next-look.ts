import type { Random } from '@skein/client/network';
import { rebalanceLimits } from './rebalance-limits.js';

/**
 * Milliseconds until a peer looks for a better span again: about the interval, longer where moves
 * fail again and again, and after a move, so that speeds which wobble do not make peers wander.
 */
export function nextLookMs(options: {
  /** In the mean. */
  readonly intervalMs: number;
  readonly random: Random;
  /** Moves in a row that failed on this machine. */
  readonly failures: number;
  readonly hasJustMoved: boolean;
}): number {
  const { intervalMs, random, failures, hasJustMoved } = options;
  const { intervalSpread, pauseDoublingsMax, intervalsAfterMove } = rebalanceLimits;
  const share = 1 - intervalSpread + 2 * intervalSpread * random();
  const pause = hasJustMoved ? intervalsAfterMove : 2 ** Math.min(failures, pauseDoublingsMax);
  return intervalMs * share * pause;
}
