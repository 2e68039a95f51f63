import type { PeerId } from '@skein/protocol';
import type { Random } from '../clock.js';
import { confidence } from '../routing/measured.js';
import { costOfHops, planRepair } from '../routing/plan-route.js';
import { speedTrust } from '../routing/reference-speed.js';
import type { PeerView, RouteHop, SegmentRequest, SwarmSnapshot } from '../routing/snapshot.js';
import type { HopsRequest } from './plan-hops.js';
import { sessionLimits } from './session-limits.js';

/** What a move saves and what it costs. */
export interface MoveFigures {
  /** A single-token step over the hops in question, as they are and as they could be. */
  readonly currentMs: number;
  readonly candidateMs: number;
  /** Opening the new hops and filling their caches. */
  readonly rebuildMs: number;
  /** Tokens that are going to be generated. */
  readonly remainingTokens: number;
}

/**
 * Whether a session should move: the new hops are faster by a margin, and what they save until the
 * end is worth more than the rebuild. Both are estimates, hence the margins; without them a session
 * would go to and fro between two peers of equal speed.
 */
export function isWorthMoving(figures: MoveFigures): boolean {
  const { currentMs, candidateMs, rebuildMs, remainingTokens } = figures;
  if (candidateMs > currentMs * (1 - sessionLimits.moveMarginRatio)) return false;
  const savedMs = (currentMs - candidateMs) * remainingTokens;
  return savedMs > rebuildMs * sessionLimits.moveRebuildFactor;
}

/** Hops of a route to be replaced, and by what. */
export interface Move extends MoveFigures {
  /** Indices into the route, both inclusive. */
  readonly first: number;
  readonly last: number;
  readonly hops: readonly RouteHop[];
}

export interface MoveRequest extends HopsRequest {
  /** Tokens that the caches of new hops must be filled with. */
  readonly committed: number;
  readonly remainingTokens: number;
}

/**
 * The move that saves most, if any is worth it: each hop by itself, and all of them at once, is
 * compared with peers that the route does not use. A peer in doubt does not count: one whose
 * distance or speed this client did not measure often enough and lately.
 */
export function planMove(
  snapshot: SwarmSnapshot,
  route: readonly RouteHop[],
  request: MoveRequest,
  random: Random,
): Move | null {
  const used = new Set<PeerId>(request.excluded);
  for (const { peer } of route) used.add(peer);
  const known = {
    peers: snapshot.peers.filter((view) => used.has(view.peer) || !isInDoubt(view)),
  };
  let best: Move | null = null;
  for (const { first, last } of rangesOf(route)) {
    const move = moveOf(known, route, { ...request, excluded: used, first, last }, random);
    if (move === null || !isWorthMoving(move)) continue;
    if (best === null || savedMs(move) > savedMs(best)) best = move;
  }
  return best;
}

function isInDoubt({ isBanned, latencyMs, blockMs }: PeerView): boolean {
  const confidenceMin = sessionLimits.moveConfidenceMin;
  return isBanned || latencyMs === null || confidence(blockMs, speedTrust) < confidenceMin;
}

function rangesOf(route: readonly RouteHop[]): { first: number; last: number }[] {
  const ranges = route.map((_hop, index) => ({ first: index, last: index }));
  return route.length > 1 ? [...ranges, { first: 0, last: route.length - 1 }] : ranges;
}

function moveOf(
  snapshot: SwarmSnapshot,
  route: readonly RouteHop[],
  request: MoveRequest & { readonly first: number; readonly last: number },
  random: Random,
): Move | null {
  const { first, last, committed, remainingTokens, numericKind } = request;
  const replaced = route.slice(first, last + 1);
  const span = {
    start: (replaced[0] as RouteHop).span.start,
    end: (replaced.at(-1) as RouteHop).span.end,
  };
  const segment: SegmentRequest = {
    ...request,
    numericKind: request.acceptMixedNumerics ? null : numericKind,
    span,
    ends: { embedding: span.start === 0, head: span.end === request.blockCount },
    before: route[first - 1]?.peer ?? null,
    after: route[last + 1]?.peer ?? null,
    promptRowsPerToken: 0,
  };
  const candidate = planRepair(snapshot, segment, random);
  // Its own hops have room for the session: they hold it.
  const inUse: SegmentRequest = { ...segment, excluded: new Set(), tokensMax: 0 };
  const currentMs = costOfHops(snapshot, inUse, replaced);
  if (candidate.kind === 'no-route' || currentMs === null) return null;
  const withRow = costOfHops(snapshot, { ...segment, promptRowsPerToken: 1 }, candidate.hops);
  const rowMs = (withRow ?? candidate.costMs) - candidate.costMs;
  return {
    first,
    last,
    hops: candidate.hops,
    currentMs,
    candidateMs: candidate.costMs,
    rebuildMs: sessionLimits.moveFixedMs + rowMs * committed,
    remainingTokens,
  };
}

function savedMs({ currentMs, candidateMs, remainingTokens, rebuildMs }: Move): number {
  return (currentMs - candidateMs) * remainingTokens - rebuildMs;
}
