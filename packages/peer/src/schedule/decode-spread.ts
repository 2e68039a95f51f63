import type { BatchCost } from './batch-cost.js';
import type { SessionRhythm } from './session-rhythm.js';

/** Numbers of {@link decodeSpread}. */
export const spreadLimits = {
  /** Groups into which the sessions of a hop are divided. */
  groupsMax: 4,
  /** Milliseconds: a batch that computes for less costs as much around it, and is not divided. */
  computeMsMin: 4,
  /** Share of a round trip that a division has to save. */
  gainMin: 0.1,
} as const;

/**
 * How many decoding steps a batch takes of those that are ready.
 *
 * Sessions that are computed together arrive together at the next hop, and so on around: all hops but
 * one are idle. In as many groups as a round trip takes batches, they keep every hop busy. It is not
 * done where it gains little: where a batch takes as long with few rows, or this hop takes nearly all
 * of the time.
 */
export function decodeSpread(
  rhythms: Iterable<SessionRhythm>,
  nowMs: number,
  { fixedMs, perRowMs }: Pick<BatchCost, 'fixedMs' | 'perRowMs'>,
): number {
  const { groupsMax, computeMsMin, gainMin } = spreadLimits;
  let sessions = 0;
  let shares = 0;
  for (const rhythm of rhythms) {
    if (!rhythm.isDecoding(nowMs)) continue;
    sessions += 1;
    shares += rhythm.share;
  }
  const computeMs = fixedMs + perRowMs * sessions;
  if (sessions < 2 || computeMs < computeMsMin) return Number.POSITIVE_INFINITY;
  const share = shares / sessions;
  // A hop that takes three quarters of the time has something to gain from a second group.
  const groups = Math.min(groupsMax, Math.floor(1 / share + 0.7));
  const savedMs = perRowMs * sessions * (1 - 1 / groups);
  const gain = (savedMs / computeMs) * share;
  return gain < gainMin ? Number.POSITIVE_INFINITY : Math.ceil(sessions / groups);
}
