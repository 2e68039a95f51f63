import { expect, it } from 'vitest';
import { nextLookMs } from '../../src/rebalance/next-look.js';

const steady = { intervalMs: 120_000, random: () => 0.5, failures: 0, hasJustMoved: false };

it('lies between half and one and a half of the interval', () => {
  expect(nextLookMs({ ...steady, random: () => 0 })).toBe(60_000);
  expect(nextLookMs({ ...steady, random: () => 1 })).toBe(180_000);
  expect(nextLookMs(steady)).toBe(120_000);
});

it('is put off after a move, and for longer and longer where moves fail', () => {
  expect(nextLookMs({ ...steady, hasJustMoved: true })).toBe(480_000);
  const pauses = [1, 2, 3].map((failures) => nextLookMs({ ...steady, failures }) / 120_000);
  expect(pauses).toEqual([2, 4, 8]);
  expect(nextLookMs({ ...steady, failures: 1000 })).toBe(64 * 120_000);
});
