import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRebuild } from '../../src/session/plan-rebuild.js';

const whole = { length: 10, historyStart: 0 };
const fresh = { length: 0, historyStart: 0 };

describe('planRebuild', () => {
  it('does nothing when all hops hold the tokens', () => {
    expect(planRebuild([whole, whole], 10)).toEqual([]);
  });

  it('lets the predecessor feed a fresh hop', () => {
    expect(planRebuild([whole, fresh, whole], 10)).toEqual([
      { first: 1, last: 1, from: 0, source: 'predecessor' },
    ]);
  });

  it('lets the client feed a fresh first hop', () => {
    expect(planRebuild([fresh, whole], 10)).toEqual([
      { first: 0, last: 0, from: 0, source: 'client' },
    ]);
  });

  it('feeds from where the history reaches back to', () => {
    const half = { length: 6, historyStart: 0 };
    expect(planRebuild([{ length: 10, historyStart: 5 }, half, whole], 10)).toEqual([
      { first: 1, last: 1, from: 6, source: 'predecessor' },
    ]);
  });

  it('goes upstream where the history is too short', () => {
    const short = { length: 10, historyStart: 4 };
    expect(planRebuild([whole, short, fresh, whole, fresh], 10)).toEqual([
      { first: 1, last: 2, from: 0, source: 'predecessor' },
      { first: 4, last: 4, from: 0, source: 'predecessor' },
    ]);
    expect(planRebuild([short, fresh], 10)).toEqual([
      { first: 0, last: 1, from: 0, source: 'client' },
    ]);
  });

  it('always brings every hop to the committed length, from sources that have the rows', () => {
    const hop = fc.tuple(fc.nat(10), fc.nat(10)).map(([length, start]) => ({
      length,
      historyStart: Math.min(length, start),
    }));
    fc.assert(
      fc.property(fc.array(hop, { minLength: 1, maxLength: 8 }), (hops) => {
        const lengths = hops.map(({ length }) => length);
        let behind = -1;
        for (const { first, last, from, source } of planRebuild(hops, 10)) {
          expect(first).toBeGreaterThan(behind);
          behind = last;
          if (source === 'client') expect(first).toBe(0);
          else {
            expect(lengths[first - 1]).toBe(10);
            expect(hops[first - 1]?.historyStart).toBeLessThanOrEqual(from);
          }
          for (let index = first; index <= last; index += 1) {
            expect(lengths[index]).toBeGreaterThanOrEqual(from);
            lengths[index] = 10;
          }
        }
        expect(lengths.every((length) => length === 10)).toBe(true);
      }),
    );
  });
});
