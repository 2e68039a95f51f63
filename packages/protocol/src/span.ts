/** A half-open range `[start, end)` of transformer blocks. */
export interface Span {
  /** First block, inclusive. */
  readonly start: number;
  /** One past the last block. */
  readonly end: number;
}

/** The two ends of a model, which are hosted apart from its blocks. */
export interface Ends {
  /** Token embedding: token ids in, hidden rows out. */
  readonly embedding: boolean;
  /** Final norm and LM head: hidden rows in, logits out. */
  readonly head: boolean;
}

/** Number of blocks in a span. */
export function spanLength(span: Span): number {
  return span.end - span.start;
}

/** Tells whether `outer` holds every block of `inner`. */
export function spanContains(outer: Span, inner: Span): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

/** Writes a span the way the command line takes it: `start:end`. */
export function formatSpan(span: Span): string {
  return `${span.start}:${span.end}`;
}

/** The spans that ascending block indices make: neighbours belong to one span. */
export function spansOfBlocks(blocks: readonly number[]): Span[] {
  const spans: { start: number; end: number }[] = [];
  for (const block of blocks) {
    const last = spans.at(-1);
    if (last?.end === block) last.end += 1;
    else spans.push({ start: block, end: block + 1 });
  }
  return spans;
}
