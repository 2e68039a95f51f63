import type { PeerId, Span } from '@skein/protocol';
import type { SimMove, SimPeer } from '../swarm/sim-peer.js';
import type { FaultRecord } from './fault-injector.js';

/** A co-host that is struck so shortly before a move may have been asked, and have answered. */
const answeredMs = 5_000;

/**
 * Blocks that have no host any more once a peer has given them up, as things are and not as any
 * view of the swarm has it. What a fault took at the same moment is no fault of the move.
 */
export function blocksLostBy(
  { peer: mover, from, to }: SimMove,
  peers: readonly (SimPeer | null)[],
  faults: readonly FaultRecord[],
  nowMs: number,
): number[] {
  const struck = new Set<PeerId>(
    faults.filter(({ atMs }) => atMs > nowMs - answeredMs).flatMap(({ parties }) => parties),
  );
  const others = peers.filter((peer) => peer !== null && peer !== mover) as SimPeer[];
  const lost: number[] = [];
  for (let block = from.start; block < from.end; block += 1) {
    if (contains(to, block)) continue;
    const hosts = others.filter(({ spans }) => contains(spans.placement.span, block));
    const isHeld = hosts.some((peer) => isHosting(peer) || struck.has(peer.plan.peer));
    if (!isHeld) lost.push(block);
  }
  return lost;
}

function isHosting({ node, isServing, spans }: SimPeer): boolean {
  return !node.isDead && isServing && spans.current?.host.isDraining === false;
}

function contains(span: Span, block: number): boolean {
  return span.start <= block && block < span.end;
}
