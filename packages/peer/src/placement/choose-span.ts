import { type RecordBody, type Span, spanLength } from '@skein/protocol';

/** Peers that have not measured themselves yet count as this many tokens a second. */
const unmeasuredTokensPerSecond = 1;

/** What {@link chooseSpan} looks at in a record. */
export type PlacedPeer = Pick<RecordBody, 'span' | 'state' | 'decodeBlocksPerSecond'>;

/**
 * Tokens a second that the swarm can push through each block: every peer spends its time evenly
 * over its span. Peers that are about to serve count, so that two newcomers do not take the same
 * blocks; those that leave do not.
 */
export function blockCoverage(peers: readonly PlacedPeer[], blockCount: number): number[] {
  const coverage = new Array<number>(blockCount).fill(0);
  for (const { span, state, decodeBlocksPerSecond } of peers) {
    if (state === 'draining' || state === 'gone' || spanLength(span) === 0) continue;
    const measured = decodeBlocksPerSecond / spanLength(span);
    const tokensPerSecond = Math.max(measured, unmeasuredTokensPerSecond);
    for (let block = span.start; block < Math.min(span.end, blockCount); block++) {
      coverage[block] = (coverage[block] ?? 0) + tokensPerSecond;
    }
  }
  return coverage;
}

/**
 * Chooses the blocks for a peer that can hold `length` of them: the window whose weakest block is
 * the weakest of all windows; among equals the one with the weakest second-weakest block, and so
 * on; then the first. After Petals (arXiv 2209.01188, section 3.2).
 */
export function chooseSpan(
  peers: readonly PlacedPeer[],
  options: { readonly blockCount: number; readonly length: number },
): Span {
  const { blockCount } = options;
  const length = Math.max(1, Math.min(options.length, blockCount));
  const coverage = blockCoverage(peers, blockCount);
  let bestStart = 0;
  let best: number[] | null = null;
  for (let start = 0; start + length <= blockCount; start++) {
    const window = coverage.slice(start, start + length).sort((left, right) => left - right);
    if (best !== null && !isWeaker(window, best)) continue;
    best = window;
    bestStart = start;
  }
  return { start: bestStart, end: bestStart + length };
}

/** Lexicographic comparison of two sorted windows of one length. */
function isWeaker(left: readonly number[], right: readonly number[]): boolean {
  for (const [index, value] of left.entries()) {
    const other = right[index] as number;
    if (value !== other) return value < other;
  }
  return false;
}
