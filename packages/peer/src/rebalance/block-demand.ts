import type { PeerId } from '@skein/protocol';
import type { MemberRecord } from '../hosting/swarm-of-records.js';
import { rebalanceLimits } from './rebalance-limits.js';

/** Queues of all peers, smoothed: one look at a queue says little. */
export class QueueAverages {
  readonly #rows = new Map<PeerId, number>();

  /** Takes the queues that the records tell of; peers that are gone are forgotten. */
  sample(records: readonly MemberRecord[]): void {
    const present = new Set(records.map(({ peerId }) => peerId));
    for (const peer of this.#rows.keys()) if (!present.has(peer)) this.#rows.delete(peer);
    for (const { peerId, body } of records) {
      const before = this.#rows.get(peerId) ?? 0;
      const change = body.queuedRows - before;
      this.#rows.set(peerId, before + rebalanceLimits.demandSampleShare * change);
    }
  }

  /** Rows that wait at a peer, in the mean over the last minute or so. */
  rowsAt(peer: PeerId): number {
    return this.#rows.get(peer) ?? 0;
  }
}

/**
 * Work that waits at each block, `[blockCount]`: the queues of all its hosts together, and a few
 * rows for every block, so that in a swarm without load nobody moves for the sake of one row.
 */
export function blockDemand(
  records: readonly MemberRecord[],
  blockCount: number,
  rowsAt: (peer: PeerId) => number,
): number[] {
  const demand = new Array<number>(blockCount).fill(rebalanceLimits.quietRows);
  for (const { peerId, body } of records) {
    const rows = rowsAt(peerId);
    for (let block = body.span.start; block < Math.min(body.span.end, blockCount); block++) {
      demand[block] = (demand[block] ?? 0) + rows;
    }
  }
  return demand;
}
