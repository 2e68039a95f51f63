import type { ModelHash, PeerId, Span } from '@skein/protocol';
import type { Random } from '../clock.js';
import { bestRoutes } from './best-routes.js';
import { type DrawnRoute, drawRoute } from './draw-route.js';
import { type CostBasis, distanceOf, peerCost, sessionsPerSpeed, type Work } from './peer-cost.js';
import { referenceSpeed } from './reference-speed.js';
import { routingLimits } from './routing-limits.js';
import { hopsCostMs, type Segment } from './segment.js';
import type {
  NoRoute,
  PeerView,
  Route,
  RouteHop,
  SegmentRequest,
  SwarmSnapshot,
} from './snapshot.js';

/** What a whole route must satisfy; see {@link SegmentRequest} for the fields. */
export interface RouteRequest
  extends Omit<SegmentRequest, 'span' | 'ends' | 'before' | 'after' | 'numericKind'> {
  readonly model: ModelHash;
  readonly blockCount: number;
  readonly numericKind?: string | null;
}

/** The request for all of a model, both ends hosted by peers. */
function wholeModel(request: RouteRequest): SegmentRequest {
  return {
    ...request,
    numericKind: request.numericKind ?? null,
    span: { start: 0, end: request.blockCount },
    ends: { embedding: true, head: true },
  };
}

/** Plans a route through the whole model, both ends hosted by peers; see {@link planRepair}. */
export function planRoute(
  snapshot: SwarmSnapshot,
  request: RouteRequest,
  random: Random,
): Route | NoRoute {
  return planRepair(snapshot, wholeModel(request), random);
}

/**
 * The best routes through the whole model, cheapest first, without any luck: what there is to
 * choose from. Empty when there is none.
 */
export function planRoutes(
  snapshot: SwarmSnapshot,
  request: RouteRequest,
  options: { readonly count: number },
): readonly Route[] {
  const { segments } = segmentsOf(snapshot, wholeModel(request));
  const count = Math.min(options.count, routingLimits.routesMax);
  return segments
    .flatMap((segment) => bestRoutes(segment, count).map((hops) => toRoute(segment, hops)))
    .sort((left, right) => left.costMs - right.costMs)
    .slice(0, count);
}

/**
 * Plans hops for a part of a model: the range of a lost hop, or all of it. Many clients that plan
 * from one snapshot spread over the peers; see {@link drawRoute}. Without a numeric kind one that
 * covers the segment is taken, and all hops have it.
 */
export function planRepair(
  snapshot: SwarmSnapshot,
  request: SegmentRequest,
  random: Random,
): Route | NoRoute {
  const { hosts, usable, groups, segments } = segmentsOf(snapshot, request);
  const drawn = segments
    .map((segment) => drawRoute(segment, random))
    .filter((route) => route !== null);
  const bestMs = Math.min(...drawn.map(({ costMs }) => costMs));
  const boundMs = bestMs * (1 + routingLimits.spreadRatio);
  let chosen: DrawnRoute | null = null;
  for (const route of drawn) {
    if (route.costMs > boundMs) continue;
    if (chosen === null || route.drawnMs < chosen.drawnMs) chosen = route;
  }
  if (chosen === null) return explain(hosts, usable, groups, request);
  return { kind: 'route', hops: chosen.hops, costMs: chosen.costMs };
}

/**
 * What hops of a segment cost as they are, or null when one of them is unknown, banned or excluded:
 * to compare a route in use with one that could replace it.
 */
export function costOfHops(
  snapshot: SwarmSnapshot,
  request: SegmentRequest,
  hops: readonly RouteHop[],
): number | null {
  for (const segment of segmentsOf(snapshot, request).segments) {
    const isKnown = ({ peer }: RouteHop) => segment.peers.some(({ view }) => view.peer === peer);
    if (hops.every(isKnown)) return hopsCostMs(segment, hops);
  }
  return null;
}

/** The problems to be solved: one for each numeric kind, unless kinds may be mixed. */
function segmentsOf(snapshot: SwarmSnapshot, request: SegmentRequest) {
  const hosts = snapshot.peers.filter((view) => couldServe(view, request));
  const usable = hosts.filter((view) => isUsable(view, request));
  const isMixed = request.acceptMixedNumerics === true;
  const groups = isMixed ? [usable] : groupByKind(usable, request.numericKind);
  const work: Work = {
    tokensMax: request.tokensMax ?? 0,
    promptRowsPerToken: request.promptRowsPerToken ?? 0,
    rowBytes: request.rowBytes ?? null,
  };
  const distanceTo = (peer: PeerId | null | undefined) => {
    const found = snapshot.peers.find((view) => view.peer === peer);
    return found === undefined ? null : distanceOf(found, work);
  };
  // Whoever serves the model is a yardstick, wherever its blocks lie.
  const reference = referenceSpeed(snapshot.peers);
  const basis: CostBasis = {
    work,
    reference,
    sessionsPerSpeed: sessionsPerSpeed(snapshot.peers, reference),
  };
  const segments = groups.map(
    (peers): Segment => ({
      peers: peers.map((view) => peerCost(view, basis)),
      span: request.span,
      ends: request.ends,
      before: distanceTo(request.before),
      after: distanceTo(request.after),
    }),
  );
  return { hosts, usable, groups, segments };
}

function toRoute(segment: Segment, hops: readonly RouteHop[]): Route {
  return { kind: 'route', hops, costMs: hopsCostMs(segment, hops) };
}

/** Whether the peer hosts some block of the segment now, whatever else keeps it from being used. */
function couldServe({ record }: PeerView, request: SegmentRequest): boolean {
  const isServing = record.state === 'serving' && record.model === request.model;
  const { start, end } = record.span;
  return isServing && start < request.span.end && request.span.start < end;
}

function isUsable(view: PeerView, request: SegmentRequest): boolean {
  // A peer that can never hold the context refuses the session: do not even ask.
  return isAllowed(view, request) && view.record.kvTokensMax >= (request.tokensMax ?? 0);
}

function isAllowed(view: PeerView, request: SegmentRequest): boolean {
  return !view.isBanned && request.excluded?.has(view.peer) !== true;
}

function groupByKind(
  peers: readonly PeerView[],
  numericKind: string | null,
): readonly (readonly PeerView[])[] {
  const groups = new Map<string, PeerView[]>();
  for (const view of peers) {
    const kind = view.record.numericKind;
    if (numericKind !== null && kind !== numericKind) continue;
    const group = groups.get(kind);
    if (group === undefined) groups.set(kind, [view]);
    else group.push(view);
  }
  return [...groups.values()];
}

/** Says what is missing, by the group of peers that comes closest to a route. */
function explain(
  hosts: readonly PeerView[],
  usable: readonly PeerView[],
  groups: readonly (readonly PeerView[])[],
  request: SegmentRequest,
): NoRoute {
  const gaps = groups.map((peers) => findGaps(peers, request));
  gaps.sort((a, b) => gapSize(a) - gapSize(b));
  const smallest = gaps[0] ?? findGaps([], request);
  const anySize = hosts.filter((view) => isAllowed(view, request));
  return {
    kind: 'no-route',
    ...smallest,
    needsShorterContext:
      gapSize(findGaps(usable, request)) > 0 && gapSize(findGaps(anySize, request)) === 0,
    needsMixedNumerics:
      request.acceptMixedNumerics !== true && gapSize(findGaps(usable, request)) === 0,
    unusablePeers: hosts.filter((view) => !usable.includes(view)).map((view) => view.peer),
  };
}

type Gaps = Pick<NoRoute, 'missingBlocks' | 'isEmbeddingMissing' | 'isHeadMissing'>;

function findGaps(peers: readonly PeerView[], { span, ends }: SegmentRequest): Gaps {
  const missingBlocks: Span[] = [];
  let gapStart: number | null = null;
  for (let block = span.start; block <= span.end; block += 1) {
    const isHosted =
      block === span.end ||
      peers.some(({ record }) => record.span.start <= block && block < record.span.end);
    if (!isHosted) gapStart ??= block;
    else if (gapStart !== null) {
      missingBlocks.push({ start: gapStart, end: block });
      gapStart = null;
    }
  }
  const hostsStart = ({ record }: PeerView) =>
    record.ends.embedding && record.span.start <= span.start && span.start < record.span.end;
  const hostsEnd = ({ record }: PeerView) =>
    record.ends.head && record.span.end >= span.end && record.span.start < span.end;
  return {
    missingBlocks,
    isEmbeddingMissing: ends.embedding && !peers.some(hostsStart),
    isHeadMissing: ends.head && !peers.some(hostsEnd),
  };
}

function gapSize(gaps: Gaps): number {
  const blocks = gaps.missingBlocks.reduce((sum, { start, end }) => sum + end - start, 0);
  return blocks + Number(gaps.isEmbeddingMissing) + Number(gaps.isHeadMissing);
}

/**
 * The longest context for which there is a route, at most `tokensMax`; 0 when there is no route at
 * all.
 */
export function longestContext(
  snapshot: SwarmSnapshot,
  request: RouteRequest & { readonly tokensMax: number },
): number {
  const rooms = snapshot.peers.map(({ record }) => Math.min(record.kvTokensMax, request.tokensMax));
  const sizes = [...new Set(rooms)].sort((a, b) => a - b);
  const isServed = (tokensMax: number) =>
    planRoutes(snapshot, { ...request, tokensMax }, { count: 1 }).length > 0;
  // What is served at one size is served at every smaller one.
  let served = 0;
  let low = 0;
  let high = sizes.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const size = sizes[middle] as number;
    if (isServed(size)) {
      served = size;
      low = middle + 1;
    } else high = middle - 1;
  }
  return served;
}
