import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Candidate, chooseBatch } from '../../src/schedule/choose-batch.js';

const limits = { rowsMax: 100, itemsMax: 8, decodeRowsMax: 4, skipsMax: 3 };

const candidates: fc.Arbitrary<Candidate[]> = fc.array(
  fc.record({ rows: fc.integer({ min: 1, max: 150 }), skipped: fc.integer({ min: 0, max: 5 }) }),
  { maxLength: 30 },
);

function rowsOf(all: readonly Candidate[], chosen: readonly number[]): number {
  return chosen.reduce((sum, index) => sum + (all[index]?.rows ?? 0), 0);
}

describe('chooseBatch', () => {
  it('fills a batch within its limits, and never with nothing', () => {
    fc.assert(
      fc.property(candidates, (all) => {
        const chosen = chooseBatch(all, limits);
        expect(new Set(chosen).size).toBe(chosen.length);
        expect(chosen.length === 0).toBe(all.length === 0);
        expect(chosen.length).toBeLessThanOrEqual(limits.itemsMax);
        if (chosen.length > 1) expect(rowsOf(all, chosen)).toBeLessThanOrEqual(limits.rowsMax);
      }),
    );
  });

  it('takes decoding before prefill, and older before younger of one size', () => {
    fc.assert(
      fc.property(candidates, (all) => {
        const fresh = all.map(({ rows }) => ({ rows, skipped: 0 }));
        const chosen = new Set(chooseBatch(fresh, limits));
        const isDecode = (index: number) => (fresh[index]?.rows ?? 0) <= limits.decodeRowsMax;
        const left = fresh.flatMap((_, index) => (chosen.has(index) ? [] : [index]));
        for (const skipped of left) {
          for (const taken of chosen) {
            if (isDecode(skipped) && !isDecode(taken)) throw new Error('prefill before decoding');
            const isSame = fresh[skipped]?.rows === fresh[taken]?.rows;
            if (isSame && taken > skipped) throw new Error('younger before older');
          }
        }
      }),
    );
  });

  it('starves nobody: every step runs within a bounded number of batches', () => {
    fc.assert(
      fc.property(candidates, (all) => {
        // Decoding steps that would fill every batch arrive all the time.
        let queue = all.map(({ rows }, id) => ({ id, rows, skipped: 0 }));
        const waiting = new Set(queue.map(({ id }) => id));
        let next = queue.length;
        const boundBatches = limits.skipsMax + all.length + 1;
        for (let batch = 0; batch < boundBatches; batch++) {
          while (queue.length < all.length + limits.itemsMax) {
            queue.push({ id: next, rows: limits.decodeRowsMax, skipped: 0 });
            next += 1;
          }
          const chosen = new Set(chooseBatch(queue, limits));
          for (const index of chosen) waiting.delete(queue[index]?.id ?? -1);
          queue = queue.flatMap((step, index) =>
            chosen.has(index) ? [] : [{ ...step, skipped: step.skipped + 1 }],
          );
        }
        expect([...waiting]).toEqual([]);
      }),
    );
  });
});
