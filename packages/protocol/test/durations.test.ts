import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Durations,
  durationBoundsMs,
  durationBucketCount,
  durationPercentile,
  durationsBetween,
  mergeDurations,
} from '../src/index.js';

function of(values: readonly number[]): Durations {
  const durations = new Durations();
  for (const value of values) durations.add(value);
  return durations;
}

describe('durations', () => {
  it('puts each into the bucket whose bounds it lies between', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (value) => {
        const counts = of([value]).counts();
        const bucket = counts.indexOf(1);
        expect(counts).toHaveLength(bucket + 1);
        const upper = durationBoundsMs[bucket] ?? Number.POSITIVE_INFINITY;
        const lower = bucket === 0 ? 0 : (durationBoundsMs[bucket - 1] as number);
        expect(value).toBeLessThanOrEqual(upper * (1 + 1e-9));
        expect(value).toBeGreaterThanOrEqual(lower * (1 - 1e-9));
      }),
    );
  });

  it.each(durationBoundsMs.map((bound, bucket) => [bound, bucket]))(
    'counts %d ms, a bound, in bucket %d',
    (bound, bucket) => {
      expect(of([bound]).counts()).toHaveLength(bucket + 1);
    },
  );

  it('has a last bucket for all above', () => {
    expect(of([1e9]).counts()).toHaveLength(durationBucketCount);
  });

  it('finds percentiles to within a bucket, which is a factor of the root of two', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.3, max: 40_000, noNaN: true }), { minLength: 1 }),
        fc.constantFrom(0.5, 0.9, 0.99),
        (values, share) => {
          const sorted = [...values].sort((left, right) => left - right);
          const rank = Math.max(0, Math.ceil(share * sorted.length - 1e-9) - 1);
          const exact = sorted[rank] as number;
          const found = durationPercentile(of(values).counts(), share) as number;
          expect(found / exact).toBeGreaterThan(2 ** -0.26);
          expect(found / exact).toBeLessThan(2 ** 0.26);
        },
      ),
    );
  });

  it('knows nothing of nothing', () => {
    expect(durationPercentile([], 0.5)).toBeNull();
    expect(durationPercentile([0, 0], 0.5)).toBeNull();
  });

  it('of two looks gives what came between, which adds up again', () => {
    const first = of([1, 2, 400]);
    const before = first.counts();
    first.add(3000);
    first.add(1);
    const between = durationsBetween(before, first.counts());
    expect(between).toEqual(of([3000, 1]).counts());
    expect(mergeDurations(before, between)).toEqual(first.counts());
  });

  it('of a peer that began anew gives all', () => {
    const after = of([5]).counts();
    expect(durationsBetween(of([1, 1, 1]).counts(), after)).toEqual(after);
  });
});
