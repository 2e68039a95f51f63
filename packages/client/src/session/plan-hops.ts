import type { ModelHash, PeerId, Span } from '@skein/protocol';
import type { Random } from '../clock.js';
import { planRepair, planRoute } from '../routing/plan-route.js';
import type { NoRoute, RouteHop, SwarmSnapshot } from '../routing/snapshot.js';

/** A hop of the route as it is: in use, or lost. */
export interface CurrentHop extends RouteHop {
  readonly isLost: boolean;
}

/** What a whole route of a session must satisfy. */
export interface HopsRequest {
  readonly model: ModelHash;
  readonly blockCount: number;
  readonly tokensMax: number;
  readonly acceptMixedNumerics: boolean;
  /** The kind that the session's tokens were computed in so far; null before the first. */
  readonly numericKind: string | null;
  readonly excluded: ReadonlySet<PeerId>;
  /** Prompt rows to be computed for each token that is generated. Default: 0. */
  readonly promptRowsPerToken?: number;
}

/** The hops to go on with: numbers are indices of hops that stay. */
export type HopsPlan =
  | { readonly kind: 'repair'; readonly hops: readonly (number | RouteHop)[] }
  /** No lost range can be replaced by itself, but another route through other spans exists. */
  | { readonly kind: 'fresh'; readonly hops: readonly RouteHop[] }
  | NoRoute;

/**
 * Plans a whole route out of the hops that are left: each run of lost hops is replaced by the best
 * peers for its range. A peer serves a session at most once, so those in use cannot help out;
 * where that leaves a gap, a route is planned from scratch.
 */
export function planHops(
  snapshot: SwarmSnapshot,
  current: readonly CurrentHop[],
  request: HopsRequest,
  random: Random,
): HopsPlan {
  const kept = current.filter((hop) => !hop.isLost);
  const repair =
    kept.length === 0 ? null : planRepairs(snapshot, current, { ...request, kept }, random);
  if (repair?.kind === 'repair') return repair;
  const fresh = planRoute(snapshot, request, random);
  return fresh.kind === 'route' ? { kind: 'fresh', hops: fresh.hops } : fresh;
}

function planRepairs(
  snapshot: SwarmSnapshot,
  current: readonly CurrentHop[],
  request: HopsRequest & { readonly kept: readonly CurrentHop[] },
  random: Random,
): Extract<HopsPlan, { kind: 'repair' }> | NoRoute {
  const used = new Set(request.excluded);
  for (const hop of request.kept) used.add(hop.peer);
  const numericKind = request.numericKind ?? (request.kept[0] as CurrentHop).numericKind;
  const hops: (number | RouteHop)[] = [];
  for (const range of lostRanges(current)) {
    hops.push(...range.keptBefore);
    if (range.span === null) continue;
    const segment = planRepair(
      snapshot,
      {
        ...request,
        numericKind: request.acceptMixedNumerics ? null : numericKind,
        span: range.span,
        ends: { embedding: range.span.start === 0, head: range.span.end === request.blockCount },
        excluded: used,
        before: current[range.first - 1]?.peer ?? null,
        after: current[range.last + 1]?.peer ?? null,
      },
      random,
    );
    if (segment.kind === 'no-route') return segment;
    for (const hop of segment.hops) used.add(hop.peer);
    hops.push(...segment.hops);
  }
  return { kind: 'repair', hops };
}

interface LostRange {
  /** Hops that stay, between the lost range before and this one. */
  readonly keptBefore: readonly number[];
  readonly first: number;
  readonly last: number;
  /** Null at the end, when no lost range follows. */
  readonly span: Span | null;
}

/** Maximal runs of lost hops, each with the kept hops before it. */
function lostRanges(current: readonly CurrentHop[]): LostRange[] {
  const ranges: LostRange[] = [];
  let keptBefore: number[] = [];
  let index = 0;
  while (index < current.length) {
    if (!(current[index] as CurrentHop).isLost) {
      keptBefore.push(index);
      index += 1;
      continue;
    }
    const first = index;
    while (current[index + 1]?.isLost) index += 1;
    const start = (current[first] as CurrentHop).span.start;
    const end = (current[index] as CurrentHop).span.end;
    ranges.push({ keptBefore, first, last: index, span: { start, end } });
    keptBefore = [];
    index += 1;
  }
  ranges.push({ keptBefore, first: current.length, last: current.length - 1, span: null });
  return ranges;
}
