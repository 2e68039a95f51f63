import type { RouteHop } from '../routing/snapshot.js';
import type { Hop } from './hop.js';
import type { Failure } from './hop-chain.js';
import type { RerouteEvent } from './session-types.js';

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
    const covering = hops.filter(
      ({ span }) => span.start < hop.span.end && hop.span.start < span.end,
    );
    events.push({
      type: 'reroute',
      kind: kind === 'lost' ? 'replaced' : 'relayed',
      reason: error.code,
      message: error.message,
      lostPeer: hop.peer,
      span: hop.span,
      newPeers: kind === 'lost' ? covering.map(({ peer }) => peer) : [],
      detectionMs,
      rebuildMs: times.rebuildMs,
      recoveryMs: times.nowMs - noticedAtMs,
    });
  }
  return events;
}

/** The plain facts of a hop. */
export function toRouteHop(hop: Hop): RouteHop {
  const { peer, name, multiaddrs, span, ends, numericKind } = hop;
  return { peer, name, multiaddrs, span, ends, numericKind };
}
