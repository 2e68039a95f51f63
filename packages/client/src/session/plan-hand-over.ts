import type { Span } from '@skein/protocol';

/** A part of a cache that one hop can give. */
interface CachePart {
  /** Index of the giving hop. */
  readonly donor: number;
  readonly span: Span;
}

/** Where the cache of a new hop comes from, in the order of its blocks. */
export interface CacheTransfer {
  /** Index of the new hop. */
  readonly taker: number;
  readonly parts: readonly CachePart[];
}

/**
 * Decides who gives what to whom. A new hop whose blocks are not all at hand gets nothing: it has
 * to be rebuilt anyway.
 *
 * @param donors spans of the hops that go, in order
 * @param takers spans of the hops that come, in order
 */
export function planHandOver(donors: readonly Span[], takers: readonly Span[]): CacheTransfer[] {
  const transfers: CacheTransfer[] = [];
  for (const [taker, { start, end }] of takers.entries()) {
    const parts: CachePart[] = [];
    let covered = start;
    for (const [donor, span] of donors.entries()) {
      if (covered >= end || span.start > covered || span.end <= covered) continue;
      const partEnd = Math.min(span.end, end);
      parts.push({ donor, span: { start: covered, end: partEnd } });
      covered = partEnd;
    }
    if (covered >= end && parts.length > 0) transfers.push({ taker, parts });
  }
  return transfers;
}
