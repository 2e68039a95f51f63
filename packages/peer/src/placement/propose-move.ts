import { formatSpan, type Span, spanContains } from '@skein/protocol';
import { blockNeeds } from './block-needs.js';
import { type BlockProfile, blockProfile, weakestBlock, weakestRatioWith, withSpan } from './block-profile.js';
import { missingCounter, sortedById } from './choose-span.js';
import { soleHostSpan } from './may-leave.js';
import { moveWeights, scoreProfile } from './score.js';
import { searchSpans } from './search-spans.js';
import { hostOf, type PlacementPeer, type PlacementSwarm } from './swarm.js';

export interface ProposeMoveOptions {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Work queued per block, smoothed, in any unit; default: the same for all blocks. */
  readonly demand?: readonly number[];
  /** Ranges whose weights this peer has on disk, its own span apart. */
  readonly onDisk?: readonly Span[];
}

export interface MoveProposal {
  readonly span: Span;
  /** What the swarm gains: a share of the fractional optimum, over 1 when a hole is filled. */
  readonly gain: number;
  /** For people. */
  readonly reason: string;
}

/**
 * A move must gain this part of an average peer's share of the swarm, which is `1 / peers`, and as
 * much again for a span that is all new to the mover: that is the hysteresis.
 */
const marginOfShare = 0.02;
const downloadOfShare = 0.02;
/** Of the peers that see something to gain, the one after the best acts this much less often. */
const rankChance = 0.25;

/**
 * Whether this peer should take another span, from its own, stale view.
 *
 * Every member computes what each peer could gain the swarm by moving; the peer that could gain
 * most acts, and those after it only with a quickly falling chance, so that a swarm with one view
 * makes about one move. Where no single move pays, a peer looks for a partner: it moves
 * if its own move and the partner's next one pay together.
 *
 * The caller announces the move, waits until all have seen it, asks {@link reviewMove}, loads, asks
 * {@link mayLeave}, and only then lets the old span go.
 *
 * @param selfId id of a peer of the swarm; a swarm without it, or a peer that moves already, gets null
 */
export function proposeMove(
  swarm: PlacementSwarm,
  selfId: string,
  options: ProposeMoveOptions,
): MoveProposal | null {
  const peers = sortedById(swarm.peers);
  const self = peers.find((peer) => peer.id === selfId);
  if (self === undefined || self.nextSpan !== undefined) return null;
  const plan = planOf(swarm, peers, options.demand);
  const onDisk = [self.span, ...(options.onDisk ?? [])];
  const own = bestMove(plan, self, onDisk);
  const ranked = peers
    .filter((peer) => peer.id !== selfId && peer.nextSpan === undefined)
    .map((peer) => bestMove(plan, peer, [peer.span]))
    .filter((move) => move !== null);
  if (own === null) {
    // Somebody else's single move comes first: a partner may not be needed after it.
    return ranked.length > 0 ? null : bestPair(plan, self, onDisk, options.random);
  }
  const rank = ranked.filter((move) => move.net > own.net).length;
  if (options.random() >= rankChance ** rank) return null;
  return { span: own.span, gain: own.gain, reason: explainMove(plan, self, own.span) };
}

/**
 * Whether an announced move still pays, now that the announcements of others are seen: of peers
 * that set out at once, the one with the least id goes, and each other one only if its move pays
 * after those of lesser ids.
 *
 * @param selfId id of a peer with `nextSpan`
 */
export function reviewMove(
  swarm: PlacementSwarm,
  selfId: string,
  options: { readonly demand?: readonly number[] } = {},
): boolean {
  const peers = sortedById(swarm.peers);
  const self = peers.find((peer) => peer.id === selfId);
  if (self?.nextSpan === undefined) return false;
  // A move that was made for a partner need not pay by itself, so it is only judged in company.
  if (!peers.some((peer) => peer.id < selfId && peer.nextSpan !== undefined)) return true;
  const first = peers.map((peer) => (peer.id > selfId ? withoutMove(peer) : peer));
  const { needs } = planOf(swarm, first, options.demand);
  const others = blockProfile(first, swarm.blockCount, { without: [selfId] });
  const scoreWith = (span: Span) => scoreProfile(withSpan(others, self, span), needs, moveWeights);
  return scoreWith(self.nextSpan) > scoreWith(self.span);
}

interface Plan {
  readonly swarm: PlacementSwarm;
  readonly peers: readonly PlacementPeer[];
  readonly needs: Float64Array;
  readonly profile: BlockProfile;
  /** Score and weakest block as things stand. */
  readonly score: number;
  readonly weakestRatio: number;
  /** An average peer's share of the swarm. */
  readonly share: number;
}

interface Move {
  readonly span: Span;
  /** Difference of the scores, without and with the price of the download. */
  readonly gain: number;
  readonly net: number;
}

function planOf(
  swarm: PlacementSwarm,
  peers: readonly PlacementPeer[],
  demand: readonly number[] | undefined,
): Plan {
  const needs = blockNeeds(peers.map(hostOf), swarm.blockCount, demand);
  const profile = blockProfile(peers, swarm.blockCount);
  const score = scoreProfile(profile, needs, moveWeights);
  const weakestRatio = weakestBlock(profile, needs).ratio;
  return { swarm, peers, needs, profile, score, weakestRatio, share: 1 / peers.length };
}

/** The best move of one peer that pays, hurts no block and leaves none behind. */
function bestMove(plan: Plan, peer: PlacementPeer, onDisk: readonly Span[]): Move | null {
  const others = blockProfile(plan.peers, plan.swarm.blockCount, { without: [peer.id] });
  const accept = harmlessTo(plan, peer);
  return searchMove(plan, peer, { others, onDisk, accept, leastNet: marginOfShare * plan.share });
}

/** The best span of a peer beside `others`, of those that gain more than `leastNet`. */
function searchMove(
  plan: Plan,
  peer: PlacementPeer,
  search: {
    readonly others: BlockProfile;
    readonly onDisk: readonly Span[];
    readonly accept?: (span: Span) => boolean;
    readonly leastNet?: number;
  },
): Move | null {
  const { others, onDisk, accept } = search;
  const missing = missingCounter(onDisk, plan.swarm.blockCount);
  const host = hostOf(peer);
  const price = (downloadOfShare * plan.share) / Math.max(1, host.capacityBlocks);
  let best: Move | null = null;
  let leastNet = search.leastNet ?? Number.NEGATIVE_INFINITY;
  searchSpans(others, host, plan.needs, moveWeights, (start, end, score) => {
    const gain = score - plan.score;
    if (gain <= leastNet) return;
    const span = { start, end };
    const net = gain - price * missing(span);
    if (net <= leastNet || accept?.(span) === false) return;
    best = { span, gain, net };
    leastNet = net;
  });
  return best;
}

/** Tells moves by which no block is lost and the weakest is no weaker than before. */
function harmlessTo(plan: Plan, peer: PlacementPeer): (span: Span) => boolean {
  const soleHost = soleHostSpan(plan.swarm, peer.id);
  const others = blockProfile(plan.peers, plan.swarm.blockCount, { without: [peer.id] });
  return (span) => {
    if (soleHost !== null && !spanContains(span, soleHost)) return false;
    const after = weakestRatioWith(others, peer, span, plan.needs);
    return after >= plan.weakestRatio * (1 - 1e-9);
  };
}

/**
 * A first move that pays only together with a partner's second one. The partner's is not agreed
 * upon: once the first is announced, it is the best single move that everybody sees.
 */
function bestPair(
  plan: Plan,
  self: PlacementPeer,
  onDisk: readonly Span[],
  random: () => number,
): MoveProposal | null {
  // All peers search, each for itself, so each acts with its share of the chance.
  if (random() >= plan.share) return null;
  const { blockCount } = plan.swarm;
  const accept = harmlessTo(plan, self);
  let best: { move: Move; net: number; partner: PlacementPeer } | null = null;
  for (const partner of plan.peers) {
    if (partner.id === self.id || partner.nextSpan !== undefined) continue;
    const others = blockProfile(plan.peers, blockCount, { without: [self.id, partner.id] });
    const first = searchMove(plan, self, { others, onDisk, accept });
    if (first === null) continue;
    const beside = withSpan(others, self, first.span);
    const second = searchMove(plan, partner, { others: beside, onDisk: [partner.span] });
    if (second === null) continue;
    const net = second.net - (first.gain - first.net);
    if (best === null || net > best.net) best = { move: first, net, partner };
  }
  if (best === null || best.net <= 2 * marginOfShare * plan.share) return null;
  const { move, net, partner } = best;
  const reason = `${formatSpan(self.span)} to ${formatSpan(move.span)}: makes room for ${partner.id} to lift the weakest blocks`;
  return { span: move.span, gain: net, reason };
}

function withoutMove(peer: PlacementPeer): PlacementPeer {
  const { nextSpan: _, ...rest } = peer;
  return rest;
}

function explainMove(plan: Plan, self: PlacementPeer, span: Span): string {
  const way = `${formatSpan(self.span)} to ${formatSpan(span)}`;
  const others = blockProfile(plan.peers, plan.swarm.blockCount, { without: [self.id] });
  const after = withSpan(others, self, span);
  const filled = plan.profile.hosts.filter((hosts, block) => hosts === 0 && after.hosts[block] !== 0);
  if (filled.length > 0) return `${way}: ${filled.length} blocks had no host`;
  const weakest = weakestBlock(plan.profile, plan.needs);
  const percent = (weakestBlock(after, plan.needs).ratio / weakest.ratio - 1) * 100;
  if (percent >= 0.1) {
    return `${way}: lifts the weakest block, ${weakest.blockIndex}, by ${percent.toFixed(1)}%`;
  }
  const singles = (profile: BlockProfile) => profile.hosts.filter((hosts) => hosts === 1).length;
  const reinforced = singles(plan.profile) - singles(after);
  if (reinforced > 0) return `${way}: ${reinforced} blocks get a second host`;
  return `${way}: evens out the weakest blocks`;
}
