import { describe, expect, it } from 'vitest';
import { byteLengthOf, limits, type TensorType } from '../src/index.js';
import { expectError } from './support/expect-error.js';

describe('byteLengthOf', () => {
  it.each<[TensorType, number[], number]>([
    ['f32', [2, 3], 24],
    ['f16', [2, 3], 12],
    ['bf16', [2, 3], 12],
    ['i32', [5], 20],
    ['u8', [5], 5],
    ['f32', [], 4],
    ['u8', [0], 0],
    ['f32', [0, 4096], 0],
    ['int8', [1, 32], 34],
    ['int8', [1, 33], 37],
    ['int8', [3, 40], 3 * 44],
    ['int8', [2, 3, 64], 6 * 68],
    ['int8', [], 3],
    ['int8', [4, 0], 0],
    ['u8', [limits.bodyBytesMax], limits.bodyBytesMax],
  ])('%s %j takes %i bytes', (type, shape, byteLength) => {
    expect(byteLengthOf(type, shape)).toBe(byteLength);
  });

  it.each([
    [[-1]],
    [[1.5]],
    [[Number.NaN]],
    [[Number.POSITIVE_INFINITY]],
    [[2 ** 53]],
    [[1, 1, 1, 1, 1]],
    [[2 ** 31, 2 ** 31, 2 ** 31, 2 ** 31]],
    [[2 ** 52, 2 ** 52]],
    [[limits.bodyBytesMax / 4 + 1]],
    // A dimension of 0 excuses none of the others.
    [[2 ** 31, 2 ** 31, 0]],
    [[0, 2 ** 31, 2 ** 31]],
    [[0, -1]],
  ])('refuses the shape %j', (shape) => {
    expectError(() => byteLengthOf('f32', shape), 'bad-argument');
  });
});
