import type { Random } from '../clock.js';
import { bestRoutes } from './best-routes.js';
import { routingLimits } from './routing-limits.js';
import { type CostTable, costsToGo, costsToReach, hopsCostMs, type Segment } from './segment.js';
import type { RouteHop } from './snapshot.js';

/** A route, what it costs, and what it cost in the draw that it won. */
export interface DrawnRoute {
  readonly hops: readonly RouteHop[];
  readonly costMs: number;
  readonly drawnMs: number;
}

/**
 * Draws a route such that many clients with the same picture of the swarm load its peers by their
 * speed, while none of them gets a route that costs more than `1 + spreadRatio` times the best.
 *
 * A client does not know who else plans at this moment. For every peer it guesses how many others
 * choose it: an exponentially distributed number around one. It then takes the route that would
 * be quickest if a peer gave every session the same share of its time. Among idle peers the least
 * `guess / speed` wins with a probability proportional to the speed; among busy ones, where the
 * known sessions outweigh the guess, the one with most to spare per session wins.
 *
 * A source that gives nothing but zeros guesses one session everywhere: the plan without luck.
 */
export function drawRoute(segment: Segment, random: Random): DrawnRoute | null {
  const toGo = costsToGo(segment);
  const [best] = bestRoutes(segment, 1, toGo);
  if (best === undefined) return null;
  const bestMs = hopsCostMs(segment, best);
  const throughMs = costsThrough(segment, toGo);
  let spread: number = routingLimits.spreadRatio;
  for (let draw = 0; draw < routingLimits.drawsMax; draw += 1, spread /= 2) {
    const boundMs = bestMs * (1 + spread);
    const peers = segment.peers.flatMap((peer, index) => {
      const sharers = peer.sessions + guessSessions(random);
      if ((throughMs[index] as number) > boundMs) return [];
      return [{ ...peer, blockMs: peer.blockMs * sharers }];
    });
    const race = { ...segment, peers };
    const [hops] = bestRoutes(race, 1);
    if (hops === undefined) continue;
    const costMs = hopsCostMs(segment, hops);
    if (costMs <= bestMs * (1 + routingLimits.spreadRatio)) {
      return { hops, costMs, drawnMs: hopsCostMs(race, hops) };
    }
  }
  return { hops: best, costMs: bestMs, drawnMs: bestMs };
}

/** Exponentially distributed around 1; 1 exactly where the source gives 0. */
function guessSessions(random: Random): number {
  const uniform = (random() + 1 - 1 / Math.E) % 1;
  return -Math.log(1 - uniform);
}

/** The least cost of any way that uses a peer, by index. */
function costsThrough(segment: Segment, toGo: CostTable): readonly number[] {
  const reach = costsToReach(segment);
  return segment.peers.map((_peer, index) => {
    let throughMs = Number.POSITIVE_INFINITY;
    for (const [offset, costs] of toGo.entries()) {
      const reachedMs = (reach[offset] as Float64Array)[index] as number;
      throughMs = Math.min(throughMs, reachedMs + (costs[index] as number));
    }
    return throughMs;
  });
}
