import { limits, type TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { sessionLimits } from '../../src/session/session-limits.js';
import { TokenBuffer } from '../../src/session/token-buffer.js';

function bufferOf(steps: readonly number[]): TokenBuffer {
  const buffer = new TokenBuffer();
  for (const rows of steps) {
    buffer.append(Array.from({ length: rows }, (_, index) => index as TokenId));
    buffer.noteStep(buffer.length);
  }
  return buffer;
}

/** Rows of the steps that a replay of `[from, to)` makes; `4x1` are four single ones together. */
function replayed(buffer: TokenBuffer, from: number, to: number): (number | string)[] | null {
  const stepAt = buffer.stepsAgain(from, to);
  if (stepAt === null) return null;
  const steps: (number | string)[] = [];
  for (let position = from; position < to; ) {
    const { end, rowByRow } = stepAt(position);
    steps.push(rowByRow ? `${end - position}x1` : end - position);
    position = end;
  }
  return steps;
}

describe('TokenBuffer', () => {
  it('repeats the steps in which its tokens were computed', () => {
    const buffer = bufferOf([128, 40, 1, 1, 1]);
    expect(replayed(buffer, 0, 171)).toEqual([128, 40, '2x1', 1]);
    expect(replayed(buffer, 128, 170)).toEqual([40, 1, 1]);
    const later = bufferOf([4, 1, 1, 1, 7, 1, 1, 1]);
    expect(replayed(later, 0, 17)).toEqual([4, '3x1', 7, '2x1', 1]);
    expect(replayed(later, 3, 6)).toEqual(['2x1', 1]);
  });

  it('joins no more single steps than the limit', () => {
    const { rowsJoinedMax } = limits;
    const singles = Array.from({ length: 2 * rowsJoinedMax + 5 }, () => 1);
    const joined = `${rowsJoinedMax}x1`;
    const steps = replayed(bufferOf(singles), 0, singles.length);
    expect(steps).toEqual([joined, joined, '4x1', 1]);
  });

  it('ends where the range ends', () => {
    expect(bufferOf([4, 1]).stepsAgain(0, 5)?.(5)).toEqual({ end: 5, rowByRow: false });
  });

  it('starts and ends within a step', () => {
    const buffer = bufferOf([128, 40]);
    expect(replayed(buffer, 100, 150)).toEqual([28, 22]);
  });

  it('forgets the steps of tokens that were truncated', () => {
    const buffer = bufferOf([4, 1, 1]);
    buffer.truncate(5);
    buffer.append([7 as TokenId, 8 as TokenId]);
    buffer.noteStep(7);
    expect(replayed(buffer, 0, 7)).toEqual([4, 1, 2]);
  });

  it('books where a truncation cut a step', () => {
    const buffer = bufferOf([16, 16]);
    buffer.truncate(20);
    buffer.append(Array.from({ length: 12 }, () => 1 as TokenId));
    buffer.noteStep(32);
    expect(buffer.bookedEnds).toEqual([16, 20, 32]);
    expect(replayed(buffer, 0, 32)).toEqual([16, 4, 12]);
  });

  it('books a step once, however often it is sent', () => {
    const buffer = bufferOf([4, 1]);
    buffer.noteStep(5);
    buffer.noteStep(5);
    expect(replayed(buffer, 0, 5)).toEqual([4, 1]);
  });

  it('gives up on more steps than the limit', () => {
    const steps = Array.from({ length: sessionLimits.stepsRepeatedMax + 2 }, () => 1);
    const buffer = bufferOf(steps);
    expect(replayed(buffer, 0, steps.length)).toBeNull();
    expect(replayed(buffer, 2, steps.length)).not.toBeNull();
  });
});
