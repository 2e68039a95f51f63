import type { PeerId } from '@skein/protocol';

/** What a plan of reports depends on of a peer. */
export interface ReportedPeer {
  readonly id: PeerId;
  /** See {@link placeOf}. */
  readonly place: number;
  /** Reporters that did not tell of it, and until when it is not asked for there. */
  readonly avoids: ReadonlyMap<PeerId, number>;
}

/** A reporter takes on more than its share by this factor only where no other is left. */
const shareFactor = 1.25;

/**
 * Plans whom to ask for whom. Each peer has an order of reporters of its own, by the hash of both
 * (rendezvous hashing): as long as its first one is there, it is asked, whoever else comes or goes, and
 * its line stays warm. Other observers with the same reporters come to the same plan.
 *
 * @returns peers by reporter; who is left out has nobody who would tell
 */
export function planReports<Peer extends ReportedPeer>(
  peers: readonly Peer[],
  reporters: readonly Peer[],
  { nowMs, namesMax }: { readonly nowMs: number; readonly namesMax: number },
): ReadonlyMap<Peer, readonly Peer[]> {
  const plan = new Map<Peer, Peer[]>();
  if (reporters.length === 0) return plan;
  const share = Math.ceil((peers.length / reporters.length) * shareFactor);
  const loadOf = (reporter: Peer) => plan.get(reporter)?.length ?? 0;
  for (const peer of [...peers].sort((left, right) => left.place - right.place)) {
    const willing = reporters.filter(
      (reporter) =>
        reporter !== peer &&
        loadOf(reporter) < namesMax &&
        (peer.avoids.get(reporter.id) ?? Number.NEGATIVE_INFINITY) <= nowMs,
    );
    // Better one that has its share already than none.
    const best =
      firstOf(
        peer,
        willing.filter((reporter) => loadOf(reporter) < share),
      ) ?? firstOf(peer, willing);
    if (best === null) continue;
    const names = plan.get(best);
    if (names === undefined) plan.set(best, [peer]);
    else names.push(peer);
  }
  return plan;
}

/** The first in the peer's own order. */
function firstOf<Peer extends ReportedPeer>(peer: Peer, reporters: readonly Peer[]): Peer | null {
  let first: Peer | null = null;
  let firstScore = -1;
  for (const reporter of reporters) {
    const score = mix(peer.place, reporter.place);
    if (score > firstScore) [first, firstScore] = [reporter, score];
  }
  return first;
}

/** A number of 32 bits that all observers derive alike from an id (FNV-1a). */
export function placeOf(id: PeerId): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  return spread(hash);
}

function mix(left: number, right: number): number {
  return spread(left + Math.imul(right, 0x9e3779b1));
}

/** Spreads bits (the last steps of MurmurHash3). */
function spread(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
