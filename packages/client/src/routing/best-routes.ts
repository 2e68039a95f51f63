import { MinHeap } from './min-heap.js';
import type { PeerCost } from './peer-cost.js';
import { routingLimits } from './routing-limits.js';
import {
  beginMs,
  type CostTable,
  costsToGo,
  enterMs,
  entrancesOf,
  type Segment,
} from './segment.js';
import type { RouteHop } from './snapshot.js';

/** Ways with equal cost up to a nanosecond are equal: sums in another order differ by less. */
const keysPerMs = 1e6;

/** Hops so far, the newest first. */
interface Visit {
  readonly index: number;
  readonly start: number;
  readonly previous: Visit | null;
}

/** A way from the beginning of a segment to before a block. */
interface PartialRoute {
  /** Least cost of a whole route that begins like this, in whole units to compare exactly. */
  readonly key: number;
  /** The block to be computed next, by the peer of the newest visit. */
  readonly depth: number;
  readonly costMs: number;
  readonly visit: Visit;
}

/**
 * The best routes through a segment, cheapest first: fewer than `count` where there are no more.
 *
 * An A* search over (block, peer). What is left to pay from a place is known exactly, but for one
 * thing: a peer serves a session once, so a way must not come back to a peer that it left. Such
 * ways are cut off as they arise, which leaves the estimate a lower bound and the order right.
 *
 * @param toGo what is left to pay, where the caller has it already
 */
export function bestRoutes(
  segment: Segment,
  count: number,
  toGo: CostTable = costsToGo(segment),
): readonly (readonly RouteHop[])[] {
  const { peers, span } = segment;
  const restMs = (block: number, index: number) =>
    (toGo[block - span.start] as Float64Array)[index] as number;
  const open = new MinHeap<PartialRoute>();
  const offer = (block: number, costMs: number, visit: Visit) => {
    const key = Math.round((costMs + restMs(block, visit.index)) * keysPerMs);
    if (Number.isFinite(key)) open.push({ key, depth: block, costMs, visit });
  };
  for (const [index, peer] of peers.entries()) {
    const costMs = beginMs(segment, peer);
    if (Number.isFinite(costMs))
      offer(span.start, costMs, { index, start: span.start, previous: null });
  }
  const entrances = toGo.map((costs) => entrancesOf(segment, costs));
  const routes: (readonly RouteHop[])[] = [];
  for (let tries = 0; tries < routingLimits.partialRoutesMax; tries += 1) {
    const partial = open.pop();
    if (partial === undefined) break;
    const { depth: block, visit } = partial;
    const peer = peers[visit.index] as PeerCost;
    const costMs = partial.costMs + peer.blockMs;
    if (block + 1 === span.end) {
      routes.push(hopsOf(segment, visit));
      if (routes.length === count) break;
      continue;
    }
    offer(block + 1, costMs, visit);
    for (const index of entrances[block + 1 - span.start] as readonly number[]) {
      if (isVisited(visit, index)) continue;
      const enteredMs = costMs + enterMs(segment, peer, peers[index] as PeerCost);
      offer(block + 1, enteredMs, { index, start: block + 1, previous: visit });
    }
  }
  if (routes.length > 0) return routes;
  const any = anyRoute(segment, toGo);
  return any === null ? [] : [any];
}

function isVisited(visit: Visit, index: number): boolean {
  for (let at: Visit | null = visit; at !== null; at = at.previous) {
    if (at.index === index) return true;
  }
  return false;
}

/**
 * A route where the search was given up: the shortest way, with each peer that it comes back to
 * kept in between. What a peer hosts has no gaps, so it can.
 */
function anyRoute(segment: Segment, toGo: CostTable): readonly RouteHop[] | null {
  const { peers, span } = segment;
  let first: number | null = null;
  let leastMs = Number.POSITIVE_INFINITY;
  for (const [index, peer] of peers.entries()) {
    const costMs = beginMs(segment, peer) + ((toGo[0] as Float64Array)[index] as number);
    if (costMs >= leastMs) continue;
    first = index;
    leastMs = costMs;
  }
  if (first === null) return null;
  let visit: Visit = { index: first, start: span.start, previous: null };
  for (let block = span.start + 1; block < span.end; block += 1) {
    const costs = toGo[block - span.start] as Float64Array;
    const peer = peers[visit.index] as PeerCost;
    let next = visit.index;
    let nextMs = costs[next] as number;
    for (const index of entrancesOf(segment, costs)) {
      if (index === visit.index) continue;
      const costMs = enterMs(segment, peer, peers[index] as PeerCost) + (costs[index] as number);
      if (costMs >= nextMs) continue;
      next = index;
      nextMs = costMs;
    }
    if (next !== visit.index)
      visit = returnTo(visit, next) ?? { index: next, start: block, previous: visit };
  }
  return hopsOf(segment, visit);
}

/** The visit of a peer that the way comes back to: it stays there, and what follows is dropped. */
function returnTo(visit: Visit, index: number): Visit | null {
  for (let at: Visit | null = visit; at !== null; at = at.previous)
    if (at.index === index) return at;
  return null;
}

function hopsOf({ peers, span, ends }: Segment, newest: Visit): readonly RouteHop[] {
  const hops: RouteHop[] = [];
  let end = span.end;
  for (let visit: Visit | null = newest; visit !== null; visit = visit.previous) {
    const { peer, record } = (peers[visit.index] as PeerCost).view;
    hops.unshift({
      peer,
      name: record.name,
      multiaddrs: record.multiaddrs,
      span: { start: visit.start, end },
      ends: {
        embedding: ends.embedding && visit.start === span.start,
        head: ends.head && end === span.end,
      },
      numericKind: record.numericKind,
    });
    end = visit.start;
  }
  return hops;
}
