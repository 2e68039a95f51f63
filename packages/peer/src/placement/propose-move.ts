import { formatSpan, type Span, spanContains } from '@skein/protocol';
import { blockNeeds } from './block-needs.js';
import {
  type BlockProfile,
  blockProfile,
  weakestBlock,
  weakestRatioWith,
  withSpan,
} from './block-profile.js';
import { missingCounter, sortedById } from './choose-span.js';
import { soleHostSpan } from './may-leave.js';
import { moveWeights, type ScoreWeights, scoreProfile } from './score.js';
import { searchSpans } from './search-spans.js';
import { hostOf, type PlacementPeer, type PlacementSwarm } from './swarm.js';

export interface ProposeMoveOptions {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Work queued per block, smoothed, in any unit; default: the same for all blocks. */
  readonly demand?: readonly number[];
  /** Ranges whose weights this peer has on disk, its own span apart. */
  readonly onDisk?: readonly Span[];
  /** {@link moveGains} of the same swarm and demand, where the caller has it; else it is computed. */
  readonly gains?: ReadonlyMap<string, number>;
}

export interface MoveProposal {
  readonly span: Span;
  /** What the swarm gains: a share of the fractional optimum, over 1 when a hole is filled. */
  readonly gain: number;
  /** For people. */
  readonly reason: string;
}

/**
 * A move must gain this much over the square of the number of peers: 0.8% with 8, 0.05% with 32.
 * In a greater swarm one peer is a smaller part, and many small gains add up. That is the hysteresis.
 */
const marginAlone = 0.5;
/** A span that is all new to the mover must gain this many margins more, a part of it in proportion. */
const downloadMargins = 1;
/** Of the peers that see something to gain, the one after the best acts this much less often. */
const rankChance = 0.25;
/** Where only pairs of moves pay, so many peers look for a partner while all ask themselves once. */
const pairsPerRound = 3;

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
  const gains = new Map(options.gains ?? gainsOf(plan));
  // What others see of it: they do not know what it has on disk, and all must rank alike.
  const netSeen = gains.get(selfId);
  gains.delete(selfId);
  if (own === null) {
    // Somebody else's single move comes first: a partner may not be needed after it.
    return gains.size > 0 ? null : bestPair(plan, self, onDisk, options.random);
  }
  // Equal machines gain equally, up to rounding: then the lesser id goes first.
  const ownNet = netSeen ?? own.net;
  const isAhead = ([id, net]: [string, number]) =>
    Math.abs(net - ownNet) < 1e-9 ? id < selfId : net > ownNet;
  const rank = [...gains].filter(isAhead).length;
  if (options.random() >= rankChance ** rank) return null;
  return { span: own.span, gain: own.gain, reason: explainMove(plan, self, own.span) };
}

/**
 * What the swarm would gain by the best move of each peer, as any member sees it. Peers without a
 * move that pays are not listed.
 */
export function moveGains(
  swarm: PlacementSwarm,
  options: { readonly demand?: readonly number[] } = {},
): ReadonlyMap<string, number> {
  return gainsOf(planOf(swarm, sortedById(swarm.peers), options.demand));
}

function gainsOf(plan: Plan): ReadonlyMap<string, number> {
  const gains = new Map<string, number>();
  for (const peer of plan.peers) {
    const move = isFreeToMove(peer) ? bestMove(plan, peer, [peer.span]) : null;
    if (move !== null) gains.set(peer.id, move.net);
  }
  return gains;
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
  const { needs, weights } = planOf(swarm, first, options.demand);
  const others = blockProfile(first, swarm.blockCount, { without: [selfId] });
  const scoreWith = (span: Span) => scoreProfile(withSpan(others, self, span), needs, weights);
  return scoreWith(self.nextSpan) > scoreWith(self.span);
}

/** Neither on its way already, nor held by its operator. */
function isFreeToMove(peer: PlacementPeer): boolean {
  return peer.nextSpan === undefined && peer.isFixed !== true;
}

interface Plan {
  readonly swarm: PlacementSwarm;
  readonly peers: readonly PlacementPeer[];
  readonly needs: Float64Array;
  readonly profile: BlockProfile;
  readonly weights: ScoreWeights;
  /** Score and weakest block as things stand. */
  readonly score: number;
  readonly weakestRatio: number;
  /** What a move must gain. */
  readonly margin: number;
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
  const weights = moveWeights(peers.length);
  const score = scoreProfile(profile, needs, weights);
  const weakestRatio = weakestBlock(profile, needs).ratio;
  const margin = marginAlone / peers.length ** 2;
  return { swarm, peers, needs, profile, weights, score, weakestRatio, margin };
}

/** The best move of one peer that pays, hurts no block and leaves none behind. */
function bestMove(plan: Plan, peer: PlacementPeer, onDisk: readonly Span[]): Move | null {
  const others = blockProfile(plan.peers, plan.swarm.blockCount, { without: [peer.id] });
  const accept = harmlessTo(plan, peer, others);
  return searchMove(plan, peer, { others, onDisk, accept, leastNet: plan.margin });
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
  const price = (downloadMargins * plan.margin) / Math.max(1, host.capacityBlocks);
  let best: Move | null = null;
  let leastNet = search.leastNet ?? Number.NEGATIVE_INFINITY;
  searchSpans(others, host, plan.needs, plan.weights, (start, end, score) => {
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
function harmlessTo(
  plan: Plan,
  peer: PlacementPeer,
  others: BlockProfile,
): (span: Span) => boolean {
  const soleHost = soleHostSpan(plan.swarm, peer.id);
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
  if (random() >= pairsPerRound / plan.peers.length) return null;
  const { blockCount } = plan.swarm;
  const withoutSelf = blockProfile(plan.peers, blockCount, { without: [self.id] });
  const accept = harmlessTo(plan, self, withoutSelf);
  let best: { move: Move; net: number; partner: PlacementPeer } | null = null;
  for (const partner of plan.peers) {
    if (partner.id === self.id || !isFreeToMove(partner)) continue;
    const others = blockProfile(plan.peers, blockCount, { without: [self.id, partner.id] });
    const first = searchMove(plan, self, { others, onDisk, accept });
    if (first === null) continue;
    const beside = withSpan(others, self, first.span);
    const second = searchMove(plan, partner, {
      others: beside,
      onDisk: [partner.span],
      accept: harmlessTo(afterMove(plan, self, first.span), partner, beside),
    });
    if (second === null) continue;
    const net = second.net - (first.gain - first.net);
    if (best === null || net > best.net) best = { move: first, net, partner };
  }
  if (best === null || best.net <= 2 * plan.margin) return null;
  const { move, net, partner } = best;
  const reason = `${formatSpan(self.span)} to ${formatSpan(move.span)}: makes room for ${partner.id} to lift the weakest blocks`;
  return { span: move.span, gain: net, reason };
}

/** The plan once a peer has moved; the marks that moves are held against stay. */
function afterMove(plan: Plan, moved: PlacementPeer, span: Span): Plan {
  const peers = plan.peers.map((peer) => (peer.id === moved.id ? { ...peer, span } : peer));
  return { ...plan, peers, swarm: { ...plan.swarm, peers } };
}

function withoutMove(peer: PlacementPeer): PlacementPeer {
  const { nextSpan: _, ...rest } = peer;
  return rest;
}

function explainMove(plan: Plan, self: PlacementPeer, span: Span): string {
  const way = `${formatSpan(self.span)} to ${formatSpan(span)}`;
  const others = blockProfile(plan.peers, plan.swarm.blockCount, { without: [self.id] });
  const after = withSpan(others, self, span);
  const filled = plan.profile.hosts.filter(
    (hosts, block) => hosts === 0 && after.hosts[block] !== 0,
  );
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
