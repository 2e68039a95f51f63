/**
 * Upper bounds of buckets of durations, milliseconds: powers of the square root of two from a
 * quarter of a millisecond on, to 46 seconds. A last bucket holds all above.
 */
export const durationBoundsMs: readonly number[] = Array.from(
  { length: 36 },
  (_, index) => 0.25 * 2 ** (index / 2),
);

/** Buckets of a distribution: one more than bounds. */
export const durationBucketCount: number = durationBoundsMs.length + 1;

/**
 * How many durations fell into each bucket. Counts only grow, so the difference of two looks is the
 * distribution of the time between them, and nobody has to agree on windows.
 */
export class Durations {
  readonly #counts = new Array<number>(durationBucketCount).fill(0);
  #count = 0;
  #sumMs = 0;

  /** Durations so far, and their sum. */
  get count(): number {
    return this.#count;
  }

  get sumMs(): number {
    return this.#sumMs;
  }

  add(durationMs: number): void {
    const bucket = bucketOf(durationMs);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sumMs += durationMs;
  }

  /** The counts; trailing empty buckets are left out. */
  counts(): number[] {
    let length = durationBucketCount;
    while (length > 0 && this.#counts[length - 1] === 0) length -= 1;
    return this.#counts.slice(0, length);
  }
}

function bucketOf(durationMs: number): number {
  const [first = 0] = durationBoundsMs;
  if (!(durationMs > first)) return 0;
  // Rounding must not put a bound itself into the bucket above it.
  const bucket = Math.ceil(2 * Math.log2(durationMs / first) - 1e-9);
  return Math.min(bucket, durationBucketCount - 1);
}

/** What came between two looks at one peer; a peer that started anew has only the later one. */
export function durationsBetween(before: readonly number[], after: readonly number[]): number[] {
  const hasRestarted = before.some((count, bucket) => count > (after[bucket] ?? 0));
  if (hasRestarted) return [...after];
  return after.map((count, bucket) => count - (before[bucket] ?? 0));
}

/** Two distributions in one. */
export function mergeDurations(left: readonly number[], right: readonly number[]): number[] {
  const [long, short] = left.length >= right.length ? [left, right] : [right, left];
  return long.map((count, bucket) => count + (short[bucket] ?? 0));
}

/**
 * The duration below which a share of them lies, milliseconds, to within a bucket: half-way on a
 * logarithmic scale. Null where there are none.
 */
export function durationPercentile(counts: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let remaining = share * total;
  for (const [bucket, count] of counts.entries()) {
    remaining -= count;
    if (remaining > 1e-9 || count === 0) continue;
    const upper = durationBoundsMs[bucket];
    // Of the open-ended bucket nothing is known but where it begins.
    if (upper === undefined) return durationBoundsMs.at(-1) ?? null;
    return upper / 2 ** 0.25;
  }
  return null;
}
