import { type Span, spanLength } from '@skein/protocol';

/** A peer as far as the choice of what to do to it goes. */
export interface PeerState {
  readonly span: Span;
  /** It serves, and nothing is being done to it. */
  readonly isHealthy: boolean;
}

/**
 * The peers that may be harmed now: those without which every block still has `hostsMin` healthy
 * hosts. A swarm without a host for a block proves nothing but that it cannot generate.
 */
export function possibleVictims(
  peers: readonly PeerState[],
  options: { readonly blockCount: number; readonly hostsMin: number },
): number[] {
  return peers.flatMap((victim, index) => {
    const others = peers.filter((peer) => peer !== victim && peer.isHealthy);
    return victim.isHealthy && fewestHosts(others, options.blockCount) >= options.hostsMin
      ? [index]
      : [];
  });
}

/** Hosts of the block that has the fewest. */
export function fewestHosts(peers: readonly Pick<PeerState, 'span'>[], blockCount: number): number {
  let fewest = Number.POSITIVE_INFINITY;
  for (let block = 0; block < blockCount; block += 1) {
    const hosts = peers.filter(({ span }) => span.start <= block && block < span.end);
    fewest = Math.min(fewest, hosts.length);
  }
  return fewest;
}

/**
 * Another span of the same length for a peer that moves, such that every block keeps `hostsMin`
 * peers, up or not. Null when there is none: the peer has to stay where it is.
 */
export function chooseMove(
  spans: readonly Span[],
  mover: number,
  options: {
    readonly blockCount: number;
    readonly hostsMin: number;
    readonly random: () => number;
  },
): Span | null {
  const now = spans[mover] as Span;
  const length = spanLength(now);
  const possible: Span[] = [];
  for (let start = 0; start + length <= options.blockCount; start += 1) {
    const span = { start, end: start + length };
    const moved = spans.map((other, index) => ({ span: index === mover ? span : other }));
    const isEnough = fewestHosts(moved, options.blockCount) >= options.hostsMin;
    if (start !== now.start && isEnough) possible.push(span);
  }
  return possible[Math.floor(options.random() * possible.length)] ?? null;
}

/** A hop of a client's route, and how many clients use its peer at this moment. */
export interface HazardHop {
  readonly peer: string;
  readonly clients: number;
}

/**
 * After a token: which hop of the route fails, if any. One event at a peer strikes every client
 * that uses it; a peer that `n` clients share is therefore struck `n` times less often on behalf of
 * each, so that each *route* suffers a failure with probability `perToken` a token.
 */
export function drawHopFailure(
  route: readonly HazardHop[],
  options: { readonly perToken: number; readonly random: () => number },
): string | null {
  const hop = route[Math.floor(options.random() * route.length)];
  if (hop === undefined) return null;
  return options.random() < options.perToken / Math.max(1, hop.clients) ? hop.peer : null;
}

/** Milliseconds until the next event of a Poisson process. */
export function nextDelayMs(ratePerMinute: number, random: () => number): number {
  return (-Math.log(1 - random()) * 60_000) / ratePerMinute;
}
