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

/** What making the route whole took. */
export interface Repair {
  readonly rebuildMs: number;
  readonly rebuiltTokens: number;
  readonly nowMs: number;
  /** Hops that had stood by. */
  readonly promoted: ReadonlySet<Hop>;
}

/**
 * What there is to tell of failures once the route is whole again.
 *
 * @param hops the route as it is now
 */
export function rerouteEvents(
  failures: readonly Failure[],
  hops: readonly Hop[],
  repair: Repair,
): RerouteEvent[] {
  const events: RerouteEvent[] = [];
  for (const { kind, hop, error, detectionMs, noticedAtMs } of failures) {
    // The successor turned out to be lost, which is a failure of its own.
    if (kind === 'edge' && !(hops.includes(hop) && hop.target === 'client')) continue;
    const areStandbys = coveringHops(hop, hops).every((other) => repair.promoted.has(other));
    events.push({
      type: 'reroute',
      kind: kind === 'edge' ? 'relayed' : areStandbys ? 'standby' : 'replaced',
      reason: error.code,
      message: error.message,
      lostPeer: hop.peer,
      span: hop.span,
      newPeers: kind === 'lost' ? peersOf(hop, hops) : [],
      detectionMs,
      rebuiltTokens: repair.rebuiltTokens,
      rebuildMs: repair.rebuildMs,
      recoveryMs: repair.nowMs - noticedAtMs,
    });
  }
  return events;
}

/** What there is to tell of hops that left once their replacements stand. */
export function departureEvents(
  departures: readonly Departure[],
  hops: readonly Hop[],
  repair: Repair,
): RerouteEvent[] {
  return departures.map(({ hop, moved, startedAtMs }) => ({
    type: 'reroute',
    kind:
      moved !== null
        ? 'handed-over'
        : coveringHops(hop, hops).every((other) => repair.promoted.has(other))
          ? 'standby'
          : 'replaced',
    reason: 'draining',
    message: `${hop.name} (${hop.peer}) leaves the swarm`,
    lostPeer: hop.peer,
    span: hop.span,
    newPeers: peersOf(hop, hops),
    detectionMs: 0,
    rebuiltTokens: moved === null ? repair.rebuiltTokens : 0,
    rebuildMs: moved === null ? repair.rebuildMs : 0,
    recoveryMs: repair.nowMs - startedAtMs,
    ...(moved !== null && { moved }),
  }));
}

/** The peers that cover a hop's blocks now. */
function peersOf(hop: Hop, hops: readonly Hop[]): PeerId[] {
  return coveringHops(hop, hops).map(({ peer }) => peer);
}

function coveringHops({ span }: Hop, hops: readonly Hop[]): Hop[] {
  return hops.filter((hop) => hop.span.start < span.end && span.start < hop.span.end);
}

/** The plain facts of a hop. */
export function toRouteHop(hop: Hop): RouteHop {
  const { peer, name, multiaddrs, span, ends, numericKind } = hop;
  return { peer, name, multiaddrs, span, ends, numericKind };
}
