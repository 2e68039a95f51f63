import { describe, expect, it } from 'vitest';
import { topLogProbabilities } from '../../src/sampling/index.js';
import { fullRow, modelLikeLogits, testRandom, topRowOf } from './rows.js';

describe('topLogProbabilities', () => {
  it('gives the same for full and top rows', () => {
    const logits = modelLikeLogits(2000, testRandom(5));
    const fromFull = topLogProbabilities(fullRow(logits), 5);
    const fromTop = topLogProbabilities(topRowOf(logits, 8), 5);
    expect(fromFull).toHaveLength(5);
    expect(fromTop.map(({ token }) => token)).toEqual(fromFull.map(({ token }) => token));
    fromTop.forEach(({ logProbability }, index) => {
      expect(logProbability).toBeCloseTo(fromFull[index]?.logProbability ?? 0, 5);
    });
  });

  it('sums to one over a whole vocabulary', () => {
    const all = topLogProbabilities(fullRow(Float32Array.of(-3, 1, 1, 0.5)), 4);
    expect(all.map(({ token }) => token)).toEqual([1, 2, 3, 0]);
    expect(all.reduce((sum, { logProbability }) => sum + Math.exp(logProbability), 0)).toBeCloseTo(
      1,
    );
  });

  it('has no more than the candidates, and none when none are asked for', () => {
    const row = topRowOf(Float32Array.of(1, 2, 3, 4), 2);
    expect(topLogProbabilities(row, 4)).toHaveLength(2);
    expect(topLogProbabilities(row, 0)).toEqual([]);
  });

  it.each([-1, 1.5, 101])('refuses %s alternatives', (count) => {
    expect(() => topLogProbabilities(fullRow(Float32Array.of(1)), count)).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });
});
