import type { Ends, Span } from '@skein/protocol';
import { edgeMs, type PeerCost, type Work } from './peer-cost.js';
import { routingLimits } from './routing-limits.js';
import type { PeerView, RouteHop } from './snapshot.js';

/** A part of a model, and the peers that may be chained with each other to cover it. */
export interface Segment {
  readonly peers: readonly PeerCost[];
  readonly span: Span;
  readonly ends: Ends;
  readonly work: Work;
  readonly before: PeerView | null;
  readonly after: PeerView | null;
}

/**
 * Least costs between places, a place being a block and a peer that computes it, by block of the
 * segment and index of the peer; infinite where there is no way.
 */
export type CostTable = readonly (readonly number[])[];

/** Whether a peer hosts a block of the model. */
export function hosts({ view }: PeerCost, block: number): boolean {
  const { span } = view.record;
  return span.start <= block && block < span.end;
}

/** What it costs to come to a peer; null is the client, or whatever lies before the segment. */
export function enterMs(segment: Segment, from: PeerCost | null, to: PeerCost): number {
  const fromView = from === null ? segment.before : from.view;
  return to.entryMs + edgeMs(fromView, to.view, segment.work);
}

/** What it costs to begin the segment at a peer; infinite where it cannot begin. */
export function beginMs(segment: Segment, peer: PeerCost): number {
  const { span, ends } = segment;
  const isBeginning =
    hosts(peer, span.start) && (!ends.embedding || peer.view.record.ends.embedding);
  return isBeginning ? enterMs(segment, null, peer) : Number.POSITIVE_INFINITY;
}

/** What it costs to leave the segment behind its last block; infinite where it cannot end. */
export function endMs({ span, ends, after, work }: Segment, peer: PeerCost): number {
  const isEnd = hosts(peer, span.end - 1) && (!ends.head || peer.view.record.ends.head);
  return isEnd ? edgeMs(peer.view, after, work) : Number.POSITIVE_INFINITY;
}

/** The least cost from before a place's block to the end of the segment. */
export function costsToGo(segment: Segment): CostTable {
  const { peers, span } = segment;
  const table: number[][] = [];
  let next: number[] | null = null;
  for (let block = span.end - 1; block >= span.start; block -= 1) {
    const entrances = next === null ? [] : cheapest(peers, next, (peer) => peer.entryMs);
    const row = peers.map((peer, index) => {
      if (!hosts(peer, block)) return Number.POSITIVE_INFINITY;
      if (next === null) return peer.blockMs + endMs(segment, peer);
      let restMs = next[index] as number;
      for (const other of entrances) {
        if (other === index) continue;
        const enteredMs = enterMs(segment, peer, peers[other] as PeerCost);
        restMs = Math.min(restMs, enteredMs + (next[other] as number));
      }
      return peer.blockMs + restMs;
    });
    table.unshift(row);
    next = row;
  }
  return table;
}

/** The least cost from the beginning of the segment to before a place's block. */
export function costsToReach(segment: Segment): CostTable {
  const { peers, span } = segment;
  const table: number[][] = [peers.map((peer) => beginMs(segment, peer))];
  for (let block = span.start + 1; block < span.end; block += 1) {
    const before = table.at(-1) as number[];
    const exits = cheapest(peers, before, (peer) => peer.blockMs);
    const row = peers.map((peer, index) => {
      if (!hosts(peer, block)) return Number.POSITIVE_INFINITY;
      let reachedMs = (before[index] as number) + peer.blockMs;
      for (const other of exits) {
        if (other === index) continue;
        const from = peers[other] as PeerCost;
        const leftMs = (before[other] as number) + from.blockMs;
        reachedMs = Math.min(reachedMs, leftMs + enterMs(segment, from, peer));
      }
      return reachedMs;
    });
    table.push(row);
  }
  return table;
}

/** The peers from or to which it is cheapest to change, as indices. */
export function cheapest(
  peers: readonly PeerCost[],
  costs: readonly number[],
  extraMs: (peer: PeerCost) => number,
): number[] {
  const totalMs = (index: number) => (costs[index] as number) + extraMs(peers[index] as PeerCost);
  return [...peers.keys()]
    .filter((index) => Number.isFinite(costs[index] as number))
    .sort((left, right) => totalMs(left) - totalMs(right))
    .slice(0, routingLimits.peersPerBlockMax);
}

/** The cost of given hops, which must be peers of the segment. */
export function hopsCostMs(segment: Segment, hops: readonly RouteHop[]): number {
  let costMs = 0;
  let previous: PeerCost | null = null;
  for (const hop of hops) {
    const peer = segment.peers.find(({ view }) => view.peer === hop.peer) as PeerCost;
    costMs += enterMs(segment, previous, peer) + peer.blockMs * (hop.span.end - hop.span.start);
    previous = peer;
  }
  return previous === null ? 0 : costMs + endMs(segment, previous);
}
