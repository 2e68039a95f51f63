/** What a round depends on of a peer. */
export interface PlannedPeer {
  /** Its line stays open from round to round. */
  isKept: boolean;
  readonly lostAtMs: number | null;
  /** On a steady clock; null before the first question. */
  readonly askedAtMs: number | null;
  readonly nextQuestionAtMs: number;
  readonly record: { readonly sessions: number };
}

/** Whom to ask in a round. */
export interface RoundPlan<Peer> {
  /** Over lines that are open. */
  readonly open: readonly Peer[];
  /** These have to be dialled: kept ones first, then those that were not asked for longest. */
  readonly dialled: readonly Peer[];
}

/**
 * Plans a round. As many lines stay open as memory allows, to peers with sessions before others; these
 * peers are asked in every round. All others are dialled in turn, and let go again.
 *
 * @param peers all but this node itself; `isKept` is set here
 */
export function planRound<Peer extends PlannedPeer>(
  peers: readonly Peer[],
  options: {
    readonly keptMax: number;
    /** Whether peers beyond these are asked at all. */
    readonly isRotating: boolean;
    readonly nowMs: number;
    hasLine(peer: Peer): boolean;
    /** How many of a number may be dialled. */
    takeDials(wanted: number): number;
  },
): RoundPlan<Peer> {
  const { keptMax, isRotating, nowMs, hasLine, takeDials } = options;
  chooseKept(peers, keptMax);
  const due = peers.filter(({ nextQuestionAtMs }) => nextQuestionAtMs <= nowMs);
  const kept = due.filter(({ isKept }) => isKept);
  const others = due
    .filter(({ isKept }) => isRotating && !isKept)
    .sort((left, right) => (left.askedAtMs ?? -1) - (right.askedAtMs ?? -1));
  const waiting = [...kept.filter((peer) => !hasLine(peer)), ...others];
  return { open: kept.filter(hasLine), dialled: waiting.slice(0, takeDials(waiting.length)) };
}

/** Whoever is kept stays so; free places go to peers with sessions first. */
function chooseKept<Peer extends PlannedPeer>(peers: readonly Peer[], keptMax: number): void {
  let free = keptMax;
  for (const peer of peers) {
    if (peer.lostAtMs !== null) peer.isKept = false;
    if (peer.isKept) free -= 1;
  }
  if (free <= 0) return;
  const candidates = peers
    .filter(({ isKept, lostAtMs }) => !isKept && lostAtMs === null)
    .sort((left, right) => right.record.sessions - left.record.sessions);
  for (const peer of candidates.slice(0, free)) peer.isKept = true;
}
