import { confidence } from './measured.js';
import { routingLimits } from './routing-limits.js';
import type { PeerView } from './snapshot.js';

/** How speeds are trusted: fully after a few steps, less as they age. */
export const speedTrust = {
  samplesTrusted: routingLimits.stepsTrusted,
  halfLifeMs: routingLimits.speedHalfLifeMs,
} as const;

/** What a typical peer of the swarm needs, milliseconds: the yardstick for claims. */
export interface ReferenceSpeed {
  /** A block for one token. */
  readonly blockMs: number;
  /** A block for one row of a chunk. */
  readonly rowMs: number;
}

/**
 * The median of what this client measured, once that is a few peers, else of what all peers claim.
 * Of two in the middle the slower one counts, so that half of the peers cannot raise it by lying.
 */
export function referenceSpeed(peers: readonly PeerView[]): ReferenceSpeed {
  const isTrusted = (measured: PeerView['blockMs']) => confidence(measured, speedTrust) >= 0.5;
  const { blockMsDefault, referencePeersMin } = routingLimits;
  const measuredBlocks = peers.flatMap(({ blockMs }) =>
    blockMs !== null && isTrusted(blockMs) ? [blockMs.value] : [],
  );
  const measuredRows = peers.flatMap(({ rowMs }) => (rowMs === null ? [] : [rowMs.value]));
  const claimedBlocks = peers.map(({ record }) => claimMs(record.decodeBlocksPerSecond));
  const claimedRows = peers.map(({ record }) => claimMs(record.prefillBlockRowsPerSecond));
  const choose = (measured: readonly number[], claimed: readonly (number | null)[]) =>
    measured.length >= referencePeersMin
      ? slowerMedian(measured)
      : slowerMedian(claimed.filter((claim) => claim !== null));
  const blockMs = choose(measuredBlocks, claimedBlocks) ?? blockMsDefault;
  return { blockMs, rowMs: choose(measuredRows, claimedRows) ?? blockMs };
}

/**
 * What a claimed speed counts for before it was measured. Nobody gains by claiming more than
 * `claimedSpeedupMax` times the median; slower than the median is believed.
 *
 * @param perSecond the claim; 0 when the peer claims nothing
 */
export function boundedClaimMs(perSecond: number, referenceMs: number): number {
  const claimedMs = claimMs(perSecond) ?? Math.max(routingLimits.blockMsDefault, referenceMs);
  return Math.max(claimedMs, referenceMs / routingLimits.claimedSpeedupMax);
}

function claimMs(perSecond: number): number | null {
  return perSecond > 0 ? 1000 / perSecond : null;
}

function slowerMedian(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? null;
}
