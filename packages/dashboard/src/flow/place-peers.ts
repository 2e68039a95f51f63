import type { PeerSummary } from '@skein/protocol/http-api';

/** A place on the drawing, 0 to 1 in both directions. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

const triesMax = 24;

/**
 * Finds a place for each peer: from left to right by the blocks that it hosts, up and down where there
 * is most room. Who has a place keeps it, so that the picture stays still while peers come and go.
 */
export function placePeers(
  peers: readonly PeerSummary[],
  blockCount: number,
  known: ReadonlyMap<string, Place> = new Map(),
): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  const xOf = ({ span }: PeerSummary) => (span.start + span.end) / 2 / Math.max(1, blockCount);
  for (const peer of peers) {
    const place = known.get(peer.id);
    // One that moved to other blocks needs another place.
    if (place !== undefined && Math.abs(place.x - xOf(peer)) < 1e-9) places.set(peer.id, place);
  }
  for (const peer of peers) {
    if (places.has(peer.id)) continue;
    places.set(peer.id, roomiest(xOf(peer), [...places.values()], numbersFrom(peer.id)));
  }
  return places;
}

/** Of some random places on a line, the one that is farthest from all others. */
function roomiest(x: number, others: readonly Place[], random: () => number): Place {
  let best: Place = { x, y: 0.5 };
  let most = -1;
  for (let attempt = 0; attempt < triesMax; attempt++) {
    const place = { x, y: others.length === 0 ? 0.5 : 0.04 + 0.92 * random() };
    const room = Math.min(2, ...others.map((other) => distance(place, other)));
    if (room > most) {
      best = place;
      most = room;
    }
  }
  return best;
}

/** Neighbours side by side are nearer than those above each other: names need width. */
function distance(a: Place, b: Place): number {
  return Math.hypot((a.x - b.x) * 1.4, a.y - b.y);
}

/** The same numbers for the same name: a small generator, seeded with a hash of it. */
function numbersFrom(name: string): () => number {
  let state = 2166136261;
  for (let index = 0; index < name.length; index++) {
    state = Math.imul(state ^ name.charCodeAt(index), 16777619);
  }
  return () => {
    state = Math.imul(state ^ (state >>> 15), state | 1);
    state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
    return ((state ^ (state >>> 14)) >>> 0) / 4294967296;
  };
}
