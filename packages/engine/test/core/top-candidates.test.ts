import { describe, expect, it } from 'vitest';
import { selectTop } from '../../src/core/top-candidates.js';
import { seededRandom } from '../support/numbers.js';

describe('selectTop', () => {
  it.each([1, 2, 7, 100, 4096])('gives the %i best, ties by ascending id', (count) => {
    const random = seededRandom(count);
    // Few different values, so that there are many ties.
    const row = Float32Array.from({ length: 20_000 }, () => Math.floor(random() * 500) - 250);
    const sorted = Array.from(row.keys()).sort(
      (a, b) => (row[b] as number) - (row[a] as number) || a - b,
    );
    const { ids, logits } = selectTop(row, count);
    expect([...ids]).toEqual(sorted.slice(0, count));
    expect([...logits]).toEqual(sorted.slice(0, count).map((id) => row[id]));
  });

  it('puts infinities and NaN where they belong', () => {
    const row = Float32Array.of(Number.NaN, 1, -Infinity, Infinity, Number.NaN, 2, Infinity);
    expect([...selectTop(row, 4).ids]).toEqual([3, 6, 5, 1]);
    expect([...selectTop(row, 7).ids].slice(0, 4)).toEqual([3, 6, 5, 1]);
    expect([...selectTop(row, 1).ids]).toEqual([3]);
    const late = Float32Array.from({ length: 5000 }, (_, id) => (id < 1000 ? Number.NaN : id));
    expect([...selectTop(late, 3).ids]).toEqual([4999, 4998, 4997]);
  });

  it('gives the whole row when more are wanted than there are', () => {
    expect([...selectTop(Float32Array.of(1, 3, 2), 10).ids]).toEqual([1, 2, 0]);
  });

  it('agrees with a full sort for rows of any length and make', () => {
    const random = seededRandom(11);
    for (let round = 0; round < 400; round += 1) {
      const length = 1 + Math.floor(random() * (round % 2 === 0 ? 40 : 3000));
      const count = 2 + Math.floor(random() * 70);
      const kinds = [
        () => 0,
        () => -0,
        () => -Infinity,
        () => Infinity,
        () => -3.4028234663852886e38,
      ];
      const scale = 10 ** Math.floor(random() * 8 - 4);
      const oddOnes = random() * 0.5;
      const row = Float32Array.from({ length }, () => {
        const odd = kinds[Math.floor(random() * kinds.length)] as () => number;
        return random() < oddOnes ? odd() : Math.round((random() - 0.7) * 50) * scale;
      });
      const best = Array.from(row.keys())
        .sort((a, b) => Math.sign((row[b] as number) - (row[a] as number)) || a - b)
        .slice(0, count);
      expect([...selectTop(row, count).ids]).toEqual(best);
    }
  });
});
