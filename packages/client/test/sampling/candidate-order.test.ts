import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstCandidates, orderCandidates } from '../../src/sampling/candidate-order.js';
import { logitsArbitrary } from './rows.js';

function plainOrder(logits: Float32Array): number[] {
  return Array.from(logits.keys()).sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b);
}

describe('orderCandidates', () => {
  it('equals a plain sort by descending logit and ascending id', () => {
    fc.assert(
      fc.property(logitsArbitrary, (logits) => {
        const ordered = orderCandidates(Int32Array.from(logits.keys()), logits);
        const expected = plainOrder(logits);
        expect(Array.from(ordered.ids)).toEqual(expected);
        ordered.logits.forEach((logit, index) => {
          // Adding 0 turns -0 into 0, which it is equal to here.
          expect(logit + 0).toBe((logits[expected[index] ?? 0] ?? 0) + 0);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('orders the ends of the f32 range', () => {
    const logits = Float32Array.of(0, -0, 3.4e38, -3.4e38, 1e-45, -1e-45);
    expect(Array.from(orderCandidates(Int32Array.of(9, 2, 1, 3, 4, 5), logits).ids)).toEqual([
      1, 4, 2, 9, 5, 3,
    ]);
  });
});

describe('firstCandidates', () => {
  it('gives at least the first so many, in order', () => {
    fc.assert(
      fc.property(logitsArbitrary, fc.integer({ min: 1, max: 50 }), (logits, count) => {
        const { ids } = firstCandidates(logits, count);
        expect(ids.length).toBeGreaterThanOrEqual(Math.min(count, logits.length));
        expect(Array.from(ids)).toEqual(plainOrder(logits).slice(0, ids.length));
      }),
      { numRuns: 500 },
    );
  });
});
