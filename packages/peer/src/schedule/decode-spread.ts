import type { BatchCost } from './batch-cost.js';
import type { SessionRhythm } from './session-rhythm.js';

/** Numbers of {@link decodeSpread}. */
const spreadLimits = {
  /** Groups into which the sessions of a hop are divided. */
  groupsMax: 4,
  /** Milliseconds: a batch that computes for less costs as much around it, and is not divided. */
  computeMsMin: 4,
  /** Share of a round trip that one more group has to save: waits at other hops make `h` too large. */
  gainMin: 0.08,
} as const;

/**
 * How many decoding steps a batch takes of those that are ready.
 *
 * Sessions that are computed together arrive together at the next hop, and so on around: all hops but
 * one are idle. In several groups they keep more hops busy, but each group pays for reading the weights.
 * With a round trip of `h` batches (this hop has the share `1 / h` of it) and a batch of `n` sessions
 * that takes `t(n)`, `g` groups take `max(g, h) * t(n / g)` for a token each: the best `g` is taken.
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
  const batches = sessions / shares;
  const roundMs = (groups: number) =>
    Math.max(groups, batches) * (fixedMs + (perRowMs * sessions) / groups);
  if (sessions < 2 || fixedMs + perRowMs * sessions < computeMsMin) return Number.POSITIVE_INFINITY;
  let best = 1;
  for (let groups = 2; groups <= Math.min(groupsMax, sessions); groups += 1) {
    if (roundMs(groups) <= (1 - gainMin) * roundMs(best)) best = groups;
  }
  return best === 1 ? Number.POSITIVE_INFINITY : Math.ceil(sessions / best);
}
