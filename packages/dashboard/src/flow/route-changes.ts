import { blocks } from '@skein/look';
import type { ApiSession } from '@skein/protocol/http-api';

/** A route that is not what it was. */
export interface RouteChange {
  readonly session: string;
  readonly gone: readonly string[];
  readonly come: readonly string[];
  /** `heron → teal for blocks 4–7`. */
  readonly text: string;
}

/** Which sessions take another way than before. A session that is new or gone changed nothing. */
export function routeChanges(
  before: readonly ApiSession[],
  after: readonly ApiSession[],
): readonly RouteChange[] {
  const old = new Map(before.map((session) => [session.id, session]));
  return after.flatMap((session) => {
    const known = old.get(session.id);
    // Hops that were not heard are not hops that went.
    if (known === undefined || !known.isWhole || !session.isWhole) return [];
    const goneHops = hopsWithout(known, session);
    const comeHops = hopsWithout(session, known);
    const [first] = comeHops;
    const last = comeHops.at(-1);
    if (first === undefined || last === undefined) return [];
    const span = { start: first.span.start, end: last.span.end };
    const names = (hops: ApiSession['route']) =>
      hops.map(({ name, peer }) => name || peer.slice(-8)).join(', ') || 'nobody';
    return [
      {
        session: session.id,
        gone: goneHops.map(({ peer }) => peer),
        come: comeHops.map(({ peer }) => peer),
        text: `${names(goneHops)} → ${names(comeHops)} for ${blocks(span)}`,
      },
    ];
  });
}

function hopsWithout(one: ApiSession, other: ApiSession): ApiSession['route'] {
  const others = new Set(other.route.map(({ peer }) => peer));
  return one.route.filter(({ peer }) => !others.has(peer));
}
