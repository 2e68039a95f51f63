/** What a round depends on of a peer. */
export interface PlannedPeer {
  /** Its line stays open from round to round. */
  isKept: boolean;
  /** Orders peers alike for all observers, so that they choose the same reporters. */
  readonly place: number;
  readonly lostAtMs: number | null;
  /** On a steady clock; null before the first question. */
  readonly askedAtMs: number | null;
  /** When it was last heard, whatever the way, or first seen; on a steady clock. */
  readonly heardAtMs: number;
  readonly nextQuestionAtMs: number;
  /** Questions without an answer, in a row. */
  readonly silences: number;
  /** Whether it tells of others, and signs what it tells of itself; null: not known. */
  readonly reports: boolean | null;
  /** A reporter says that it keeps silent. */
  readonly isSuspect: boolean;
  readonly record: { readonly sessions: number };
}

/** Whom to ask in a round. */
export interface RoundPlan<Peer> {
  /** Over lines that are open. */
  readonly open: readonly Peer[];
  /** These have to be dialled: kept ones first, then suspects, then those not asked for longest. */
  readonly dialled: readonly Peer[];
  /** Their lines are not kept any longer. */
  readonly released: readonly Peer[];
}

/** Options of {@link planRound}. */
export interface RoundPlanOptions<Peer> {
  readonly keptMax: number;
  /**
   * Peers that are kept for what they tell of others; null where every peer can have a line.
   * In their place peers that do not tell of others are kept, up to `keptMax` in all.
   */
  readonly reportersMax: number | null;
  /** Whether peers without a line are dialled in turn, beyond suspects. */
  readonly isRotating: boolean;
  readonly nowMs: number;
  /** A peer that was not heard for so long is dialled although there are reporters. */
  readonly untoldMs: number;
  hasLine(peer: Peer): boolean;
  /** How many of a number may be dialled. */
  takeDials(wanted: number): number;
}

/**
 * Plans a round. A small swarm has a line to every peer, as far as memory allows, to peers with sessions
 * before others. In a large one some peers have lines, and tell of all others; whoever is not told of is
 * dialled, and let go again.
 *
 * @param peers all but this node itself; `isKept` is set here
 */
export function planRound<Peer extends PlannedPeer>(
  peers: readonly Peer[],
  options: RoundPlanOptions<Peer>,
): RoundPlan<Peer> {
  const { reportersMax, isRotating, nowMs, untoldMs, hasLine, takeDials } = options;
  for (const peer of peers) {
    if (peer.lostAtMs !== null) peer.isKept = false;
  }
  if (reportersMax === null) chooseKept(peers, options.keptMax);
  else chooseReporters(peers, { ...options, reportersMax });
  const due = peers.filter(({ nextQuestionAtMs }) => nextQuestionAtMs <= nowMs);
  const kept = due.filter(({ isKept }) => isKept);
  const hasReporter = reportersMax !== null && kept.some((peer) => peer.reports && hasLine(peer));
  const isTold = (peer: Peer) =>
    hasReporter && peer.reports !== false && nowMs - peer.heardAtMs < untoldMs;
  const others = due
    .filter((peer) => !peer.isKept && (peer.isSuspect || (isRotating && !isTold(peer))))
    .sort(
      (left, right) =>
        Number(right.isSuspect) - Number(left.isSuspect) ||
        (left.askedAtMs ?? -1) - (right.askedAtMs ?? -1),
    );
  const waiting = [...kept.filter((peer) => !hasLine(peer)), ...others];
  return {
    open: kept.filter(hasLine),
    dialled: waiting.slice(0, takeDials(waiting.length)),
    released: peers.filter((peer) => !peer.isKept && hasLine(peer)),
  };
}

/** Whoever is kept stays so; free places go to peers with sessions first. */
function chooseKept<Peer extends PlannedPeer>(peers: readonly Peer[], keptMax: number): void {
  const free = keptMax - peers.filter(({ isKept }) => isKept).length;
  if (free <= 0) return;
  const candidates = peers
    .filter(({ isKept, lostAtMs }) => !isKept && lostAtMs === null)
    .sort((left, right) => right.record.sessions - left.record.sessions);
  for (const peer of candidates.slice(0, free)) peer.isKept = true;
}

/** Reporters stay so; free places go by an order that all observers share, those that keep silent last. */
function chooseReporters<Peer extends PlannedPeer>(
  peers: readonly Peer[],
  options: RoundPlanOptions<Peer> & { readonly reportersMax: number },
): void {
  const { keptMax, reportersMax, nowMs, hasLine } = options;
  const isAway = (peer: Peer) => peer.nextQuestionAtMs > nowMs && !hasLine(peer);
  for (const peer of peers) if (isAway(peer)) peer.isKept = false;
  const kept = peers.filter(({ isKept }) => isKept);
  const reporters = kept
    .filter(({ reports }) => reports !== false)
    .sort(
      (left, right) => Number(hasLine(right)) - Number(hasLine(left)) || left.place - right.place,
    );
  for (const peer of reporters.slice(reportersMax)) peer.isKept = false;
  let places = keptMax - peers.filter(({ isKept }) => isKept).length;
  const candidates = peers.filter(
    (peer) => !peer.isKept && peer.lostAtMs === null && !isAway(peer),
  );
  const able = candidates
    .filter(({ reports }) => reports !== false)
    .sort(
      (left, right) =>
        Number(left.silences > 0) - Number(right.silences > 0) || left.place - right.place,
    )
    .slice(0, Math.min(places, Math.max(0, reportersMax - reporters.length)));
  for (const peer of able) peer.isKept = true;
  places -= able.length;
  const unable = candidates
    .filter(({ reports }) => reports === false)
    .sort((left, right) => right.record.sessions - left.record.sessions)
    .slice(0, Math.max(0, places));
  for (const peer of unable) peer.isKept = true;
}
