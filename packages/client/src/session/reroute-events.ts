import type { PeerId } from '@skein/protocol';
import type { RouteHop } from '../routing/snapshot.js';
import type { Hop } from './hop.js';
import type { Failure } from './hop-chain.js';
import type { MovedCache, RerouteEvent } from './session-types.js';

/** A hop that left in good order. */
export interface Departure {
  readonly hop: Hop;
  /** Null when the cache was not moved, and had to be rebuilt. */
  readonly moved: MovedCache | null;
  readonly startedAtMs: number;
}

/**
 * What there is to tell of failures once the route is whole again.
 *
 * @param hops the route as it is now
 */
export function rerouteEvents(
  failures: readonly Failure[],
  hops: readonly Hop[],
  times: { readonly rebuildMs: number; readonly nowMs: number },
): RerouteEvent[] {
  const events: RerouteEvent[] = [];
  for (const { kind, hop, error, detectionMs, noticedAtMs } of failures) {
    // The successor turned out to be lost, which is a failure of its own.
    if (kind === 'edge' && !(hops.includes(hop) && hop.target === 'client')) continue;
    events.push({
      type: 'reroute',
      kind: kind === 'lost' ? 'replaced' : 'relayed',
      reason: error.code,
      message: error.message,
      lostPeer: hop.peer,
      span: hop.span,
      newPeers: kind === 'lost' ? peersOf(hop, hops) : [],
      detectionMs,
      rebuildMs: times.rebuildMs,
      recoveryMs: times.nowMs - noticedAtMs,
    });
  }
  return events;
}

/** What there is to tell of hops that left once their replacements stand. */
export function departureEvents(
  departures: readonly Departure[],
  hops: readonly Hop[],
  times: { readonly rebuildMs: number; readonly nowMs: number },
): RerouteEvent[] {
  return departures.map(({ hop, moved, startedAtMs }) => ({
    type: 'reroute',
    kind: moved === null ? 'replaced' : 'handed-over',
    reason: 'draining',
    message: `${hop.name} (${hop.peer}) leaves the swarm`,
    lostPeer: hop.peer,
    span: hop.span,
    newPeers: peersOf(hop, hops),
    detectionMs: 0,
    rebuildMs: moved === null ? times.rebuildMs : 0,
    recoveryMs: times.nowMs - startedAtMs,
    ...(moved !== null && { moved }),
  }));
}

/** The peers that cover a hop's blocks now. */
function peersOf({ span }: Hop, hops: readonly Hop[]): PeerId[] {
  return hops
    .filter((hop) => hop.span.start < span.end && span.start < hop.span.end)
    .map(({ peer }) => peer);
}

/** The plain facts of a hop. */
export function toRouteHop(hop: Hop): RouteHop {
  const { peer, name, multiaddrs, span, ends, numericKind } = hop;
  return { peer, name, multiaddrs, span, ends, numericKind };
}
