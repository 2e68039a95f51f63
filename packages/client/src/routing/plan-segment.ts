import type { Ends, Span } from '@skein/protocol';
import type { Random } from '../clock.js';
import { blockMs, edgeMs, entryMs } from './peer-cost.js';
import { routingLimits } from './routing-limits.js';
import type { PeerView, Route, RouteHop } from './snapshot.js';

/** What {@link cheapestSegment} needs: peers that may be chained with each other. */
export interface SegmentProblem {
  readonly peers: readonly PeerView[];
  readonly span: Span;
  readonly ends: Ends;
  readonly tokensMax: number;
  readonly before: PeerView | null;
  readonly after: PeerView | null;
  readonly random: Random;
}

/** A peer with its costs fixed for one decision, tie-break included. */
interface Candidate {
  readonly view: PeerView;
  readonly entryMs: number;
  readonly blockMs: number;
  /** At least 1: scales all that the peer costs. */
  readonly luck: number;
  /** The blocks that it may be used for, except for the closed ones. */
  readonly span: Span;
  readonly closedBlocks: readonly number[];
}

/** The cheapest way to stand before a block at a candidate. */
interface State {
  costMs: number;
  /** Candidate that computed the block before; itself when it was not entered here. */
  cameFrom: number;
}

/** Keyed by candidate index. */
type Frontier = Map<number, State>;

/**
 * Shortest path over (block, peer): a peer may be entered before any block that it hosts and left
 * after any. Returns null when the segment cannot be covered.
 *
 * Every peer's cost is scaled by a random factor of up to `1 + nearEqualRatio`, so near-equal
 * routes are taken at random, and the one taken is within that ratio of the best.
 *
 * A peer serves a session once, so a way that comes back to a peer which it left is no route. Each
 * time the shortest way does so, it is sought again in three parts that hold all others: those that
 * use the peer before the block at which it was left, after it, or at it.
 */
export function cheapestSegment(problem: SegmentProblem): Route | null {
  const candidates = problem.peers.map((view): Candidate => {
    const luck = 1 + routingLimits.nearEqualRatio * problem.random();
    const { span } = view.record;
    const costs = { entryMs: entryMs(view, problem.tokensMax), blockMs: blockMs(view), luck };
    return { view, ...costs, span, closedBlocks: [] };
  });
  const open = [candidates];
  let best: Path | null = null;
  for (let tries = 1; open.length > 0; tries += 1) {
    const parts = open.pop() as Candidate[];
    const path = shortestPath(problem, parts);
    if (path === null || (best !== null && path.luckyMs >= best.luckyMs)) continue;
    const left = firstReturn(path.hops);
    if (left === null) best = path;
    else if (tries < routingLimits.returnTriesMax) open.push(...partsAt(parts, left));
    // Any route will do then: what a peer hosts has no gaps, so it can stay where it was left.
    else best ??= { ...path, hops: stayWhereItReturns(path.hops) };
  }
  if (best === null) return null;
  const { hops } = best;
  return { kind: 'route', hops, costMs: segmentCostMs(problem, hops) };
}

/** A way through the segment; the luck of the peers is in its cost. */
interface Path {
  readonly hops: readonly RouteHop[];
  readonly luckyMs: number;
}

/** The first hop whose peer is used again further on; null when there is none. */
function firstReturn(hops: readonly RouteHop[]): RouteHop | null {
  const isLeft = (hop: RouteHop, index: number) =>
    hops.some(({ peer }, other) => other > index && peer === hop.peer);
  return hops.find(isLeft) ?? null;
}

/** The candidates of the three parts of all ways; see {@link cheapestSegment}. */
function partsAt(candidates: readonly Candidate[], { peer, span }: RouteHop): Candidate[][] {
  const block = span.end;
  const change = (changed: (candidate: Candidate) => Candidate, isForPeer: boolean) =>
    candidates.map((candidate) =>
      (candidate.view.peer === peer) === isForPeer ? changed(candidate) : candidate,
    );
  const closed = (candidate: Candidate) => ({
    ...candidate,
    closedBlocks: [...candidate.closedBlocks, block],
  });
  const before = (candidate: Candidate) => ({
    ...candidate,
    span: { ...candidate.span, end: Math.min(candidate.span.end, block) },
  });
  const after = (candidate: Candidate) => ({
    ...candidate,
    span: { ...candidate.span, start: Math.max(candidate.span.start, block + 1) },
  });
  return [change(closed, false), change(after, true), change(before, true)];
}

function shortestPath(problem: SegmentProblem, candidates: readonly Candidate[]): Path | null {
  const frontiers: Frontier[] = [enter(problem, candidates)];
  for (let block = problem.span.start; block < problem.span.end; block += 1) {
    frontiers.push(advance(problem, candidates, frontiers.at(-1) as Frontier, block));
  }
  const last = cheapestLast(problem, candidates, frontiers.at(-1) as Frontier);
  if (last === null) return null;
  const hops = traceBack(problem, candidates, frontiers, last.index);
  return { hops, luckyMs: last.costMs };
}

/** States before the first block: entered from `before`. */
function enter(problem: SegmentProblem, candidates: readonly Candidate[]): Frontier {
  const frontier: Frontier = new Map();
  for (const [index, candidate] of candidates.entries()) {
    if (!hosts(candidate, problem.span.start)) continue;
    if (problem.ends.embedding && !candidate.view.record.ends.embedding) continue;
    const enterMs = candidate.entryMs + edgeMs(problem.before, candidate.view);
    frontier.set(index, { costMs: enterMs * candidate.luck, cameFrom: index });
  }
  return frontier;
}

/** Computes `block` at every candidate of the frontier, then allows a change of peer behind it. */
function advance(
  problem: SegmentProblem,
  candidates: readonly Candidate[],
  frontier: Frontier,
  block: number,
): Frontier {
  const next: Frontier = new Map();
  const isLastBlock = block + 1 === problem.span.end;
  const computed: { index: number; candidate: Candidate; costMs: number }[] = [];
  for (const [index, state] of frontier) {
    const candidate = candidates[index] as Candidate;
    const costMs = state.costMs + candidate.blockMs * candidate.luck;
    computed.push({ index, candidate, costMs });
    if (isLastBlock || hosts(candidate, block + 1)) next.set(index, { costMs, cameFrom: index });
  }
  if (isLastBlock) return next;
  computed.sort((a, b) => a.costMs - b.costMs);
  computed.length = Math.min(computed.length, routingLimits.peersPerBlockMax);
  for (const [index, candidate] of candidates.entries()) {
    if (!hosts(candidate, block + 1)) continue;
    for (const from of computed) {
      if (from.index === index) continue;
      const enterMs = candidate.entryMs + edgeMs(from.candidate.view, candidate.view);
      const costMs = from.costMs + enterMs * candidate.luck;
      if (costMs < (next.get(index)?.costMs ?? Number.POSITIVE_INFINITY)) {
        next.set(index, { costMs, cameFrom: from.index });
      }
    }
  }
  return next;
}

function hosts({ span, closedBlocks }: Candidate, block: number): boolean {
  return span.start <= block && block < span.end && !closedBlocks.includes(block);
}

/** The candidate behind the last block from which the way on is cheapest. */
function cheapestLast(
  problem: SegmentProblem,
  candidates: readonly Candidate[],
  frontier: Frontier,
): { index: number; costMs: number } | null {
  let last: number | null = null;
  let bestMs = Number.POSITIVE_INFINITY;
  for (const [index, state] of frontier) {
    const candidate = candidates[index] as Candidate;
    if (problem.ends.head && !candidate.view.record.ends.head) continue;
    const costMs = state.costMs + edgeMs(candidate.view, problem.after) * candidate.luck;
    if (costMs >= bestMs) continue;
    bestMs = costMs;
    last = index;
  }
  return last === null ? null : { index: last, costMs: bestMs };
}

/** Follows the frontiers back from the last candidate, and cuts hops where the peer changes. */
function traceBack(
  problem: SegmentProblem,
  candidates: readonly Candidate[],
  frontiers: readonly Frontier[],
  last: number,
): RouteHop[] {
  const { span, ends } = problem;
  const hops: RouteHop[] = [];
  let current = last;
  let end = span.end;
  for (let block = span.end; block >= span.start; block -= 1) {
    const { cameFrom } = (frontiers[block - span.start] as Frontier).get(current) as State;
    const isEntered = cameFrom !== current || block === span.start;
    if (!isEntered) continue;
    const { peer, record } = (candidates[current] as Candidate).view;
    hops.unshift({
      peer,
      name: record.name,
      multiaddrs: record.multiaddrs,
      span: { start: block, end },
      ends: {
        embedding: ends.embedding && block === span.start,
        head: ends.head && end === span.end,
      },
      numericKind: record.numericKind,
    });
    current = cameFrom;
    end = block;
  }
  return hops;
}

/** The hops of a way, with each peer that it comes back to kept in between. */
function stayWhereItReturns(path: readonly RouteHop[]): RouteHop[] {
  const hops = [...path];
  for (let first = 0; first < hops.length; first += 1) {
    const hop = hops[first] as RouteHop;
    const last = hops.findLastIndex(({ peer }) => peer === hop.peer);
    if (last === first) continue;
    const { span, ends } = hops[last] as RouteHop;
    hops.splice(first, last - first + 1, {
      ...hop,
      span: { start: hop.span.start, end: span.end },
      ends: { embedding: hop.ends.embedding, head: ends.head },
    });
  }
  return hops;
}

/** The cost of given hops, without the random tie-break. */
function segmentCostMs(
  problem: Pick<SegmentProblem, 'before' | 'after' | 'tokensMax' | 'peers'>,
  hops: readonly RouteHop[],
): number {
  let costMs = 0;
  let previous = problem.before;
  for (const { peer, span } of hops) {
    const view = problem.peers.find((candidate) => candidate.peer === peer) as PeerView;
    costMs += edgeMs(previous, view) + entryMs(view, problem.tokensMax);
    costMs += blockMs(view) * (span.end - span.start);
    previous = view;
  }
  return costMs + edgeMs(previous, problem.after);
}
