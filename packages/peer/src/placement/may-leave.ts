import { type Span, spanContains } from '@skein/protocol';
import { type PlacementPeer, type PlacementSwarm, plannedSpan } from './swarm.js';

/**
 * Whether a peer may give up all of its span that `next` leaves out: each such block has another
 * host that serves it now and has announced no intention to leave it.
 *
 * Two peers that leave one block at once see each other's announcements, and neither counts on the
 * other, if a move is announced for longer than a view is old before the old span goes.
 *
 * @param selfId a peer that is not in the swarm leaves nothing behind
 */
export function mayLeave(swarm: PlacementSwarm, selfId: string, next: Span): boolean {
  const soleHost = soleHostSpan(swarm, selfId);
  return soleHost === null || spanContains(next, soleHost);
}

/**
 * The shortest span that holds every block for which the swarm depends on this peer, or null.
 * Spans have no gaps, so a next span that contains this one loses nothing.
 */
export function soleHostSpan(swarm: PlacementSwarm, selfId: string): Span | null {
  const self = swarm.peers.find((peer) => peer.id === selfId);
  if (self === undefined || self.isServing === false) return null;
  const isHeld = new Uint8Array(swarm.blockCount);
  for (const peer of swarm.peers) {
    if (peer.id !== selfId) markStaying(isHeld, peer);
  }
  const first = isHeld.indexOf(0, self.span.start);
  if (first === -1 || first >= self.span.end) return null;
  const last = isHeld.subarray(0, self.span.end).lastIndexOf(0);
  return { start: first, end: last + 1 };
}

/** Marks the blocks that a peer serves now and goes on serving. */
function markStaying(isHeld: Uint8Array, peer: PlacementPeer): void {
  if (peer.isServing === false) return;
  const planned = plannedSpan(peer);
  const start = Math.max(0, peer.span.start, planned.start);
  const end = Math.min(peer.span.end, planned.end);
  if (start < end) isHeld.fill(1, start, end);
}
