import type { PeerId, StatusSession } from '@skein/protocol';
import type { ObservedPeer } from '../watch/observed-peer.js';

/** One hop of a session, as its peer tells of it. */
export interface SessionHop {
  readonly peer: ObservedPeer;
  readonly part: StatusSession;
}

/** A session put together from what its hops tell. */
export interface JoinedSession {
  readonly id: string;
  /** In the order of the blocks. */
  readonly hops: readonly SessionHop[];
  readonly isWhole: boolean;
}

/**
 * Puts sessions together. The way leads from the hop with the first block to the one that it names
 * as its successor; where an output goes back to the client, to the one whose blocks come next.
 * Peers that stand by hold the session too, but nothing leads to them.
 */
export function joinSessions(peers: readonly ObservedPeer[]): JoinedSession[] {
  const parts = new Map<string, SessionHop[]>();
  for (const peer of peers) {
    if (peer.lostAtMs !== null) continue;
    for (const part of peer.status?.sessionList ?? []) {
      const others = parts.get(part.id);
      if (others === undefined) parts.set(part.id, [{ peer, part }]);
      else others.push({ peer, part });
    }
  }
  return [...parts].map(([id, hops]) => joinOne(id, hops));
}

function joinOne(id: string, all: readonly SessionHop[]): JoinedSession {
  // Of two that could be on the way, the one that is at work is.
  const byWork = [...all].sort((left, right) => left.part.idleMs - right.part.idleMs);
  const blockCount = byWork[0]?.peer.record.blockCount ?? 0;
  const first = byWork.find(({ part }) => part.span.start === 0);
  if (first === undefined) {
    const heard = byWork.sort((left, right) => left.part.span.start - right.part.span.start);
    return { id, hops: heard, isWhole: false };
  }
  const hops = [first];
  for (let hop: SessionHop | undefined = first; hop !== undefined; ) {
    hop = nextOf(hop, byWork);
    // Every hop adds a block at least: a circle that hostile peers tell of ends.
    if (hop === undefined || hop.part.span.start !== hops.at(-1)?.part.span.end) break;
    hops.push(hop);
  }
  return { id, hops, isWhole: hops.at(-1)?.part.span.end === blockCount };
}

function nextOf({ part }: SessionHop, hops: readonly SessionHop[]): SessionHop | undefined {
  const isNext = (hop: SessionHop) =>
    hop.part.span.start === part.span.end && hop.part.span.end > hop.part.span.start;
  const named: PeerId | null = part.next;
  if (named === null) return hops.find(isNext);
  return hops.find((hop) => hop.peer.id === named && isNext(hop));
}
