import type { Ends, Span } from '@skein/protocol';
import { type Distance, edgeMs, type PeerCost } from './peer-cost.js';
import { routingLimits } from './routing-limits.js';
import type { RouteHop } from './snapshot.js';

/** A part of a model, and the peers that may be chained with each other to cover it. */
export interface Segment {
  readonly peers: readonly PeerCost[];
  readonly span: Span;
  readonly ends: Ends;
  /** What lies on both sides; null is the client. */
  readonly before: Distance | null;
  readonly after: Distance | null;
}

/**
 * Least costs of places, a place being a block and a peer that computes it: by block of the
 * segment and index of the peer, infinite where there is no way.
 */
export type CostTable = readonly Float64Array[];

/** The hosts of each block of a segment, as indices of its peers. */
function hostsByBlock({ peers, span }: Segment): readonly (readonly number[])[] {
  return Array.from({ length: span.end - span.start }, (_, offset) => {
    const block = span.start + offset;
    return [...peers.keys()].filter((index) => {
      const { record } = (peers[index] as PeerCost).view;
      return record.span.start <= block && block < record.span.end;
    });
  });
}

/** What it costs to come to a peer; null is whatever lies before the segment. */
export function enterMs(segment: Segment, from: PeerCost | null, to: PeerCost): number {
  return to.entryMs + edgeMs(from ?? segment.before, to);
}

/** What it costs to begin at a host of the first block; infinite where it cannot begin. */
export function beginMs(segment: Segment, peer: PeerCost): number {
  const isBeginning = !segment.ends.embedding || peer.view.record.ends.embedding;
  return isBeginning ? enterMs(segment, null, peer) : Number.POSITIVE_INFINITY;
}

/** What it costs to leave a host of the last block; infinite where it cannot end. */
function endMs({ ends, after }: Segment, peer: PeerCost): number {
  const isEnd = !ends.head || peer.view.record.ends.head;
  return isEnd ? edgeMs(peer, after) : Number.POSITIVE_INFINITY;
}

/** The least cost from before a place's block to the end of the segment. */
export function costsToGo(segment: Segment): CostTable {
  const { peers } = segment;
  const hosts = hostsByBlock(segment);
  const table: Float64Array[] = new Array(hosts.length);
  for (let offset = hosts.length - 1; offset >= 0; offset -= 1) {
    const row = new Float64Array(peers.length).fill(Number.POSITIVE_INFINITY);
    const next = table[offset + 1];
    const entrances = next === undefined ? [] : entrancesOf(segment, next);
    for (const index of hosts[offset] as readonly number[]) {
      const peer = peers[index] as PeerCost;
      let restMs = next === undefined ? endMs(segment, peer) : (next[index] as number);
      for (const other of entrances) {
        if (other === index) continue;
        const enteredMs = enterMs(segment, peer, peers[other] as PeerCost);
        restMs = Math.min(restMs, enteredMs + (next?.[other] as number));
      }
      row[index] = peer.blockMs + restMs;
    }
    table[offset] = row;
  }
  return table;
}

/** The least cost from the beginning of the segment to before a place's block. */
export function costsToReach(segment: Segment): CostTable {
  const { peers } = segment;
  const table: Float64Array[] = [];
  for (const hosts of hostsByBlock(segment)) {
    const row = new Float64Array(peers.length).fill(Number.POSITIVE_INFINITY);
    const before = table.at(-1);
    const exits = before === undefined ? [] : cheapest(peers, before, (peer) => peer.blockMs);
    for (const index of hosts) {
      const peer = peers[index] as PeerCost;
      let reachedMs =
        before === undefined ? beginMs(segment, peer) : (before[index] as number) + peer.blockMs;
      for (const other of exits) {
        if (other === index) continue;
        const from = peers[other] as PeerCost;
        const leftMs = (before?.[other] as number) + from.blockMs;
        reachedMs = Math.min(reachedMs, leftMs + enterMs(segment, from, peer));
      }
      row[index] = reachedMs;
    }
    table.push(row);
  }
  return table;
}

/** The peers that it is cheapest to change to, by what is left to pay from them. */
export function entrancesOf({ peers }: Segment, costs: Float64Array): readonly number[] {
  return cheapest(peers, costs, ({ entryMs }) => entryMs);
}

function cheapest(
  peers: readonly PeerCost[],
  costs: Float64Array,
  extraMs: (peer: PeerCost) => number,
): readonly number[] {
  const reachable: { index: number; totalMs: number }[] = [];
  for (const [index, costMs] of costs.entries()) {
    const totalMs = costMs + extraMs(peers[index] as PeerCost);
    if (Number.isFinite(totalMs)) reachable.push({ index, totalMs });
  }
  if (reachable.length > routingLimits.peersPerBlockMax) {
    reachable.sort((left, right) => left.totalMs - right.totalMs);
    reachable.length = routingLimits.peersPerBlockMax;
  }
  return reachable.map(({ index }) => index);
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
