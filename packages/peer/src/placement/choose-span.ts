import { formatSpan, type Span, spanLength } from '@skein/protocol';
import { blockNeeds } from './block-needs.js';
import { type BlockProfile, blockProfile, weakestBlock, withSpan } from './block-profile.js';
import { joinWeights } from './score.js';
import { longestSpan, searchSpans } from './search-spans.js';
import { type Host, hostOf, type PlacementPeer, type PlacementSwarm } from './swarm.js';

/** A machine that is about to join. */
export interface Newcomer extends Host {
  /** Ranges whose weights it has on disk already. */
  readonly onDisk?: readonly Span[];
}

export interface ChooseSpanOptions {
  /** Uniform in [0, 1): newcomers that see the same swarm should not all take the same span. */
  readonly random: () => number;
  /** Work queued per block, smoothed, in any unit; default: the same for all blocks. */
  readonly demand?: readonly number[];
}

export interface SpanChoice {
  readonly span: Span;
  /** For people: what the choice does for the swarm. */
  readonly reason: string;
}

/** Spans within this score of the best are equal: the least download wins, then the lot. */
const nearEqual = 0.001;
/** A download of the whole span is worth this much of the score, so a part of it in proportion. */
const downloadCost = 0.02;

/**
 * The span that a joining peer should take: it covers the most blocks without a host, then lifts
 * the weakest blocks most, then reinforces blocks with one host, and leaves a profile that the
 * next peers can build on.
 *
 * @throws RangeError when the newcomer can hold no block, or the model has none
 */
export function chooseSpan(
  swarm: PlacementSwarm,
  newcomer: Newcomer,
  options: ChooseSpanOptions,
): SpanChoice {
  const { blockCount } = swarm;
  if (longestSpan(newcomer, blockCount) < 1) {
    throw new RangeError(
      `no span to choose: ${newcomer.capacityBlocks} of ${blockCount} blocks fit`,
    );
  }
  const peers = sortedById(swarm.peers);
  const profile = blockProfile(peers, blockCount);
  const needs = blockNeeds([...peers.map(hostOf), newcomer], blockCount, options.demand);
  const candidates: { span: Span; score: number }[] = [];
  const missing = missingCounter(newcomer.onDisk, blockCount);
  searchSpans(profile, newcomer, needs, joinWeights, (start, end, score) => {
    const span = { start, end };
    const download = (downloadCost * missing(span)) / spanLength(span);
    candidates.push({ span, score: score - download });
  });
  const span = pickOne(candidates, options.random);
  return { span, reason: explainJoin(profile, withSpan(profile, newcomer, span), span, needs) };
}

/** One order for all members, so that all get the same floating-point sums. */
export function sortedById(peers: readonly PlacementPeer[]): PlacementPeer[] {
  return [...peers].sort((left, right) => (left.id < right.id ? -1 : left.id > right.id ? 1 : 0));
}

/** Counts the blocks of a span that would have to be downloaded. */
export function missingCounter(
  onDisk: readonly Span[] | undefined,
  blockCount: number,
): (span: Span) => number {
  const isThere = new Uint8Array(blockCount);
  for (const span of onDisk ?? []) isThere.fill(1, Math.max(0, span.start), Math.max(0, span.end));
  const missingBefore = new Int32Array(blockCount + 1);
  isThere.forEach((there, block) => {
    missingBefore[block + 1] = (missingBefore[block] as number) + 1 - there;
  });
  return (span) => (missingBefore[span.end] as number) - (missingBefore[span.start] as number);
}

/** Of the longest among near equals, one at random. */
function pickOne(candidates: readonly { span: Span; score: number }[], random: () => number): Span {
  const best = candidates.reduce((most, { score }) => Math.max(most, score), -Infinity);
  const near = candidates.filter(({ score }) => score >= best - nearEqual);
  const longest = near.reduce((most, { span }) => Math.max(most, spanLength(span)), 0);
  const finalists = near.filter(({ span }) => spanLength(span) === longest);
  const index = Math.min(Math.floor(random() * finalists.length), finalists.length - 1);
  // There is at least one span of at least one block: checked by the caller.
  return (finalists[index] as { span: Span }).span;
}

function explainJoin(
  before: BlockProfile,
  after: BlockProfile,
  span: Span,
  needs: Float64Array,
): string {
  const inside = before.hosts.subarray(span.start, span.end);
  const holes = inside.filter((hosts) => hosts === 0).length;
  if (holes > 0) {
    const left = after.hosts.filter((hosts) => hosts === 0).length;
    const rest = left === 0 ? 'the model is complete' : `${left} are still without`;
    return `${formatSpan(span)}: ${holes} of its blocks had no host; ${rest}`;
  }
  const weakest = weakestBlock(before, needs);
  const lifted = weakestBlock(after, needs);
  const singles = inside.filter((hosts) => hosts === 1).length;
  const second = singles > 0 ? `; ${singles} blocks get a second host` : '';
  if (lifted.ratio > weakest.ratio) {
    const gain = Math.round((lifted.ratio / weakest.ratio - 1) * 100);
    return `${formatSpan(span)}: lifts the weakest block, ${weakest.blockIndex}, and the swarm by ${gain}%${second}`;
  }
  return `${formatSpan(span)}: reinforces the weakest blocks that it can reach${second}`;
}
