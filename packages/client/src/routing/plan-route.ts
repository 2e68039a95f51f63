import type { ModelHash, PeerId, Span } from '@skein/protocol';
import type { Random } from '../clock.js';
import { cheapestSegment } from './plan-segment.js';
import type { NoRoute, PeerView, Route, SegmentRequest, SwarmSnapshot } from './snapshot.js';

/** What a whole route must satisfy; see {@link SegmentRequest} for the fields. */
export interface RouteRequest
  extends Omit<SegmentRequest, 'span' | 'ends' | 'before' | 'after' | 'numericKind'> {
  readonly model: ModelHash;
  readonly blockCount: number;
  readonly numericKind?: string | null;
}

/** Plans a route through the whole model, both ends hosted by peers. */
export function planRoute(
  snapshot: SwarmSnapshot,
  request: RouteRequest,
  random: Random,
): Route | NoRoute {
  const segment: SegmentRequest = {
    ...request,
    numericKind: request.numericKind ?? null,
    span: { start: 0, end: request.blockCount },
    ends: { embedding: true, head: true },
  };
  return planRepair(snapshot, segment, random);
}

/**
 * Plans hops for a part of a model: the range of a lost hop, or all of it. Without a numeric kind
 * the kind that gives the cheapest segment is taken, and all hops have it.
 */
export function planRepair(
  snapshot: SwarmSnapshot,
  request: SegmentRequest,
  random: Random,
): Route | NoRoute {
  const hosts = snapshot.peers.filter((view) => couldServe(view, request));
  const usable = hosts.filter((view) => isUsable(view, request));
  const isMixed = request.acceptMixedNumerics === true;
  const groups = isMixed ? [usable] : groupByKind(usable, request.numericKind);
  const find = (peer: PeerId | null | undefined) =>
    snapshot.peers.find((view) => view.peer === peer) ?? null;

  let best: Route | null = null;
  for (const peers of groups) {
    const route = cheapestSegment({
      peers,
      span: request.span,
      ends: request.ends,
      tokensMax: request.tokensMax ?? 0,
      before: find(request.before),
      after: find(request.after),
      random,
    });
    if (route !== null && (best === null || route.costMs < best.costMs)) best = route;
  }
  return best ?? explain(hosts, usable, groups, request);
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
    planRoute(snapshot, { ...request, tokensMax }, () => 0).kind === 'route';
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
