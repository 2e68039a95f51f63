import { describe, expect, it } from 'vitest';
import { createSeed, uniformAt } from '../../src/sampling/index.js';
import { philox4x32 } from '../../src/sampling/uniform-at.js';

const hex = (words: readonly number[]) => words.map((word) => word.toString(16).padStart(8, '0'));

describe('philox4x32', () => {
  // `kat_vectors` of the authors' Random123 library, rows `philox4x32 10`.
  it.each([
    {
      counter: [0, 0, 0, 0] as const,
      key: [0, 0] as const,
      expected: '6627e8d5 e169c58d bc57ac4c 9b00dbd8',
    },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff] as const,
      key: [0xffffffff, 0xffffffff] as const,
      expected: '408f276d 41c83b0e a20bc7c6 6d5451fd',
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344] as const,
      key: [0xa4093822, 0x299f31d0] as const,
      expected: 'd16cfe09 94fdcceb 5001e420 24126ea1',
    },
  ])('equals the published vector $expected', ({ counter, key, expected }) => {
    expect(hex(philox4x32(counter, key)).join(' ')).toBe(expected);
  });
});

describe('uniformAt', () => {
  it('depends on seed and position only', () => {
    expect(uniformAt(1, 2)).toBe(uniformAt(1, 2));
    expect(uniformAt(1, 2)).not.toBe(uniformAt(2, 1));
    expect(uniformAt(1, 2)).not.toBe(uniformAt(1 + 2 ** 32, 2));
    expect(uniformAt(1, 2)).not.toBe(uniformAt(1, 2 + 2 ** 32));
  });

  it.each([0, 1, 42, 2 ** 32, 2 ** 53 - 1])('is uniform over positions for seed %i', (seed) => {
    const draws = 100_000;
    const cells = new Array<number>(100).fill(0);
    let smallest = 1;
    let largest = 0;
    let sum = 0;
    let lagProduct = 0;
    let previous = 0.5;
    for (let position = 0; position < draws; position++) {
      const value = uniformAt(seed, position);
      smallest = Math.min(smallest, value);
      largest = Math.max(largest, value);
      cells[Math.floor(value * 100)] = (cells[Math.floor(value * 100)] ?? 0) + 1;
      sum += value;
      lagProduct += (value - 0.5) * (previous - 0.5);
      previous = value;
    }
    expect(smallest).toBeGreaterThanOrEqual(0);
    expect(largest).toBeLessThan(1);
    const expected = draws / cells.length;
    const chiSquare = cells.reduce((total, count) => total + (count - expected) ** 2 / expected, 0);
    // 99 degrees of freedom: mean 99, standard deviation 14.1; five deviations either way.
    expect(chiSquare).toBeGreaterThan(40);
    expect(chiSquare).toBeLessThan(170);
    expect(Math.abs(sum / draws - 0.5)).toBeLessThan((5 * Math.sqrt(1 / 12)) / Math.sqrt(draws));
    expect(Math.abs(lagProduct / draws)).toBeLessThan(5 / 12 / Math.sqrt(draws));
  });

  it('is uniform over seeds at one position', () => {
    let sum = 0;
    for (let seed = 0; seed < 20_000; seed++) sum += uniformAt(seed, 5);
    expect(Math.abs(sum / 20_000 - 0.5)).toBeLessThan(0.011);
  });
});

describe('createSeed', () => {
  it('gives safe integers that differ', () => {
    const seeds = new Set(Array.from({ length: 100 }, createSeed));
    expect(seeds.size).toBe(100);
    for (const seed of seeds) expect(Number.isSafeInteger(seed) && seed >= 0).toBe(true);
  });
});
