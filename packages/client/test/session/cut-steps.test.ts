import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alikeLength, type StepCut, stepEndAfter } from '../../src/session/cut-steps.js';

const cut: StepCut = { chunkRows: 128, firstRows: 16 };

/** Ends of the steps in which tokens `[from, to)` are computed. */
function endsOf(from: number, to: number): number[] {
  const ends: number[] = [];
  for (let position = from; position < to; position = ends.at(-1) as number) {
    ends.push(Math.min(to, stepEndAfter(position, cut)));
  }
  return ends;
}

describe('stepEndAfter', () => {
  it('makes short steps in the first chunk, then whole chunks', () => {
    expect(endsOf(0, 300)).toEqual([16, 32, 48, 64, 80, 96, 112, 128, 256, 300]);
    expect(endsOf(20, 140)).toEqual([32, 48, 64, 80, 96, 112, 128, 140]);
  });

  it('never passes the first chunk, whatever the rows', () => {
    expect(stepEndAfter(90, { chunkRows: 100, firstRows: 30 })).toBe(100);
  });
});

describe('alikeLength', () => {
  it('is what a fresh session would have computed in the same steps', () => {
    expect(alikeLength(endsOf(0, 300), 300, cut)).toBe(256);
    expect(alikeLength(endsOf(0, 300), 255, cut)).toBe(128);
    expect(alikeLength(endsOf(0, 60), 60, cut)).toBe(48);
    // Tokens that were generated came one by one.
    expect(alikeLength([...endsOf(0, 60), 61, 62, 63, 64], 64, cut)).toBe(48);
    // A session that went on from the middle of a step.
    expect(alikeLength([16, 20, 32, 48], 48, cut)).toBe(16);
    expect(alikeLength([], 10, cut)).toBe(0);
  });

  it('is a beginning of the steps of every prompt that is as long', () => {
    const lengths = fc.integer({ min: 1, max: 1000 });
    fc.assert(
      fc.property(lengths, lengths, (first, second) => {
        const alike = alikeLength(endsOf(0, first), Math.min(first, second), cut);
        const fresh = endsOf(0, second);
        expect(alike === 0 || fresh.includes(alike)).toBe(true);
        expect(endsOf(0, first).filter((end) => end <= alike)).toEqual(
          fresh.filter((end) => end <= alike),
        );
      }),
    );
  });
});
