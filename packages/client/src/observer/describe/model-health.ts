import { formatSpan, type RecordBody, type Span, spansOfBlocks } from '@skein/protocol';
import type { ApiBlockCoverage, Health } from '@skein/protocol/http-api';

/** What a peer's record says that coverage depends on. */
export type ServedPart = Pick<
  RecordBody,
  'span' | 'ends' | 'numericKind' | 'decodeBlocksPerSecond'
>;

/** How well the blocks and ends of one model are served. */
export interface ModelCoverage {
  readonly coverage: readonly ApiBlockCoverage[];
  readonly weakest: ApiBlockCoverage | null;
  readonly missing: readonly Span[];
  readonly embeddingHosts: number;
  readonly headHosts: number;
}

/** Peers of one numeric kind: a route takes one kind. */
export interface KindCoverage extends ModelCoverage {
  readonly kind: string;
  readonly peers: number;
  readonly isComplete: boolean;
}

/**
 * Counts hosts and speed of each block. A peer shares its speed among its blocks: a step passes all
 * of them, so each gets `decodeBlocksPerSecond / blocks`.
 *
 * @param parts of the peers that serve now
 */
export function coverModel(parts: readonly ServedPart[], blockCount: number): ModelCoverage {
  const coverage = Array.from({ length: blockCount }, (_, block) => ({
    block,
    peers: 0,
    stepsPerSecond: 0,
  }));
  for (const { span, decodeBlocksPerSecond } of parts) {
    const stepsPerSecond = decodeBlocksPerSecond / Math.max(1, span.end - span.start);
    for (const block of coverage.slice(span.start, span.end)) {
      block.peers += 1;
      block.stepsPerSecond += stepsPerSecond;
    }
  }
  const unhosted = coverage.filter(({ peers }) => peers === 0);
  return {
    coverage,
    weakest: parts.length === 0 ? null : weakestOf(coverage),
    missing: spansOfBlocks(unhosted.map(({ block }) => block)),
    embeddingHosts: parts.filter(({ span, ends }) => ends.embedding && span.start === 0).length,
    headHosts: parts.filter(({ span, ends }) => ends.head && span.end === blockCount).length,
  };
}

/** The same for each numeric kind, the one with the most peers first. */
export function coverKinds(parts: readonly ServedPart[], blockCount: number): KindCoverage[] {
  const kinds = new Map<string, ServedPart[]>();
  for (const part of parts) {
    const others = kinds.get(part.numericKind);
    if (others === undefined) kinds.set(part.numericKind, [part]);
    else others.push(part);
  }
  return [...kinds]
    .map(([kind, own]) => {
      const covered = coverModel(own, blockCount);
      return { kind, peers: own.length, isComplete: isComplete(covered), ...covered };
    })
    .sort((left, right) => right.peers - left.peers || left.kind.localeCompare(right.kind));
}

/** The state of a model in one word and one sentence. */
export function judgeModel(
  all: ModelCoverage,
  kinds: readonly KindCoverage[],
): { readonly health: Health; readonly headline: string } {
  const blockCount = all.coverage.length;
  if (!isComplete(all)) return { health: 'broken', headline: describeMissing(all) };
  // Hosts of another kind are no help to a route, so they do not make it safer.
  const best = kinds.filter((kind) => kind.isComplete).sort(byWeakest)[0];
  if (best === undefined) {
    const [largest] = kinds;
    const lacks = largest === undefined ? '' : `; ${largest.kind} lacks ${lackOf(largest)}`;
    return {
      health: 'broken',
      headline: `all ${blockCount} blocks served, but no numeric kind has them all${lacks}`,
    };
  }
  const { weakest } = best;
  const hosts = weakest?.peers ?? 0;
  const onlyEnds = [
    ...(best.embeddingHosts === 1 ? ['the embedding'] : []),
    ...(best.headHosts === 1 ? ['the head'] : []),
  ];
  const isSafe = hosts > 1 && onlyEnds.length === 0;
  const ends = hosts > 1 && onlyEnds.length > 0 ? `; 1 peer has ${onlyEnds.join(' and ')}` : '';
  const headline =
    `all ${blockCount} blocks served; ` +
    `weakest is block ${weakest?.block ?? 0} with ${counted(hosts, 'peer')}${ends}`;
  return { health: isSafe ? 'healthy' : 'degraded', headline };
}

/** `1 peer`, `4 peers`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The blocks around the weakest one that are as weak as it: what a newcomer should take. */
export function weakestRange({ coverage, weakest }: ModelCoverage): Span {
  const peers = weakest?.peers ?? 0;
  const isWeak = (block: number) => coverage[block]?.peers === peers;
  let start = weakest?.block ?? 0;
  let end = start + 1;
  while (start > 0 && isWeak(start - 1)) start -= 1;
  while (end < coverage.length && isWeak(end)) end += 1;
  return { start, end };
}

function isComplete({ missing, embeddingHosts, headHosts }: ModelCoverage): boolean {
  return missing.length === 0 && embeddingHosts > 0 && headHosts > 0;
}

function describeMissing(coverage: ModelCoverage): string {
  return `nobody hosts ${lackOf(coverage)}`;
}

/** Ranges that are named in one sentence. */
const rangesNamedMax = 4;

function lackOf({ missing, embeddingHosts, headHosts, coverage }: ModelCoverage): string {
  const ranges = missing
    .slice(0, rangesNamedMax)
    .map((span) =>
      span.end - span.start === 1 ? `block ${span.start}` : `blocks ${formatSpan(span)}`,
    );
  const more = missing.length - ranges.length;
  const isAll = missing[0]?.start === 0 && missing[0].end === coverage.length;
  const parts = [
    ...(isAll ? [`any of the ${coverage.length} blocks`] : ranges),
    ...(more > 0 ? [`${more} more ranges`] : []),
    ...(embeddingHosts > 0 || isAll ? [] : ['the embedding']),
    ...(headHosts > 0 || isAll ? [] : ['the head']),
  ];
  return parts.join(', ');
}

function weakestOf(coverage: readonly ApiBlockCoverage[]): ApiBlockCoverage | null {
  let weakest: ApiBlockCoverage | null = null;
  for (const block of coverage) {
    const isWeaker =
      weakest === null ||
      block.peers < weakest.peers ||
      (block.peers === weakest.peers && block.stepsPerSecond < weakest.stepsPerSecond);
    if (isWeaker) weakest = block;
  }
  return weakest;
}

function byWeakest(left: KindCoverage, right: KindCoverage): number {
  return (right.weakest?.peers ?? 0) - (left.weakest?.peers ?? 0);
}
