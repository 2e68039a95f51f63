import { describe, expect, it } from 'vitest';
import { fitLine } from './fit-line.js';

describe('fitLine', () => {
  it('finds the line that points lie on', () => {
    const points = [0, 1, 2, 5].map((x) => ({ x, y: 3 * x - 2 }));
    const { slope, start } = fitLine(points);
    expect(slope).toBeCloseTo(3);
    expect(start).toBeCloseTo(-2);
  });

  it('goes through the middle of points that lie around one', () => {
    const points = [0, 1, 2, 3].map((x) => ({ x, y: 10 + (x % 2 === 0 ? 1 : -1) }));
    expect(fitLine(points).slope).toBeCloseTo(-0.4);
  });

  it('is flat without points to tell', () => {
    expect(fitLine([])).toEqual({ slope: 0, start: 0 });
    expect(fitLine([{ x: 4, y: 7 }])).toEqual({ slope: 0, start: 7 });
  });
});
