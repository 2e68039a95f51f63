import { type ModelHash, type PeerId, spanContains } from '@skein/protocol';
import type { Random } from '../clock.js';
import { planRepair } from '../routing/plan-route.js';
import type { RouteHop, SwarmSnapshot } from '../routing/snapshot.js';

/** What standbys must satisfy. */
export interface StandbysRequest {
  readonly model: ModelHash;
  readonly tokensMax: number;
  /** Hops of a route that lack a standby, as indices into it. */
  readonly lacking: readonly number[];
  /** Peers that are not to be used: standbys of other hops, and those that refused. */
  readonly excluded: ReadonlySet<PeerId>;
  readonly acceptMixedNumerics: boolean;
}

/** Who is to stand by for a hop: one peer or several in a row; null when there is nobody. */
export interface StandbyPlan {
  readonly index: number;
  readonly hops: readonly RouteHop[] | null;
}

/**
 * Chooses peers to stand by for hops of a route, none of them twice: a peer serves a session once.
 * The hop that the fewest peers could stand by for comes first, so that one with many does not take
 * the only one of another.
 */
export function planStandbys(
  snapshot: SwarmSnapshot,
  route: readonly RouteHop[],
  request: StandbysRequest,
  random: Random,
): StandbyPlan[] {
  const { model, tokensMax, acceptMixedNumerics } = request;
  const used = new Set(request.excluded);
  for (const { peer } of route) used.add(peer);
  const hostCount = (index: number) =>
    snapshot.peers.filter(
      ({ peer, record }) =>
        !used.has(peer) && spanContains(record.span, (route[index] as RouteHop).span),
    ).length;
  const scarcest = request.lacking
    .map((index) => ({ index, hosts: hostCount(index) }))
    .sort((a, b) => a.hosts - b.hosts);
  return scarcest.map(({ index }) => {
    const { span, ends, numericKind } = route[index] as RouteHop;
    const segment = planRepair(
      snapshot,
      {
        model,
        span,
        ends,
        tokensMax,
        acceptMixedNumerics,
        numericKind: acceptMixedNumerics ? null : numericKind,
        excluded: used,
        before: route[index - 1]?.peer ?? null,
        after: route[index + 1]?.peer ?? null,
      },
      random,
    );
    if (segment.kind === 'no-route') return { index, hops: null };
    for (const { peer } of segment.hops) used.add(peer);
    return { index, hops: segment.hops };
  });
}
