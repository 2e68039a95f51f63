import { describe, expect, it } from 'vitest';
import { planHandOver } from '../../src/session/plan-hand-over.js';

const span = (start: number, end: number) => ({ start, end });

describe('planHandOver', () => {
  it('takes a part from each hop that has one, in order', () => {
    expect(planHandOver([span(2, 4), span(4, 6)], [span(2, 6)])).toEqual([
      {
        taker: 0,
        parts: [
          { donor: 0, span: span(2, 4) },
          { donor: 1, span: span(4, 6) },
        ],
      },
    ]);
  });

  it('gives each new hop its part', () => {
    expect(planHandOver([span(1, 5)], [span(1, 3), span(3, 5)])).toEqual([
      { taker: 0, parts: [{ donor: 0, span: span(1, 3) }] },
      { taker: 1, parts: [{ donor: 0, span: span(3, 5) }] },
    ]);
  });

  it.each([
    ['before', [span(3, 6)]],
    ['in the middle', [span(2, 3), span(5, 6)]],
    ['behind', [span(2, 5)]],
  ])('gives nothing to a hop of which blocks are missing %s', (_where, donors) => {
    expect(planHandOver(donors, [span(2, 6)])).toEqual([]);
  });
});
