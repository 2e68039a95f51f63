import { bytesOf, isSkeinError, type Tensor } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { PieceSequence } from '../../src/session/piece-sequence.js';

function piece(
  block: number,
  position: number,
  count: number,
  options: { length?: number; shape?: number[]; value?: number; type?: Tensor['type'] } = {},
) {
  const { length, type = 'f32', value = 1 } = options;
  const shape = options.shape ?? [count, 4];
  const bytes = bytesOf(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value));
  const tensor: Tensor = { type, shape, bytes };
  const message = { type: 'kv' as const, block, position, count, tensors: [] };
  return {
    message: { ...message, ...(length !== undefined && { length }) },
    tensors: [tensor, tensor],
  };
}

/** Two blocks of three tokens. */
const create = () => new PieceSequence({ start: 2, end: 4 }, 3);

describe('a sequence of pieces', () => {
  it('takes every token of every block in order, and counts bytes', () => {
    const sequence = create();
    expect(sequence.accept(piece(2, 0, 2))).toBe(2 * 2 * 4 * 4);
    sequence.accept(piece(2, 2, 1));
    sequence.accept(piece(3, 0, 2));
    expect(sequence.accept(piece(3, 2, 1, { length: 3 }))).toBe(2 * 4 * 4);
  });

  it.each([
    ['another block', piece(3, 0, 3)],
    ['another position', piece(2, 1, 1)],
    ['no tokens', piece(2, 0, 0)],
    ['too many tokens', piece(2, 0, 4)],
    ['a length before the end', piece(2, 0, 3, { length: 3 })],
    ['another shape', piece(2, 0, 3, { shape: [2, 4] })],
    ['a shape of three dimensions', piece(2, 0, 3, { shape: [3, 2, 2] })],
    ['numbers that are none', piece(2, 0, 3, { value: Number.NaN })],
    ['token ids', piece(2, 0, 3, { type: 'i32' })],
  ])('refuses %s', (_what, wrong) => {
    expect(() => create().accept(wrong)).toThrow(
      expect.toSatisfy((error) => isSkeinError(error) && error.code === 'bad-output'),
    );
  });

  it.each([
    ['no length at the end', piece(3, 0, 3)],
    ['another length at the end', piece(3, 0, 3, { length: 2 })],
    ['another width than before', piece(3, 0, 3, { length: 3, shape: [3, 5] })],
  ])('refuses %s', (_what, wrong) => {
    const sequence = create();
    sequence.accept(piece(2, 0, 3));
    expect(() => sequence.accept(wrong)).toThrow();
  });

  it('refuses a piece after the last', () => {
    const sequence = new PieceSequence({ start: 2, end: 3 }, 3);
    sequence.accept(piece(2, 0, 3, { length: 3 }));
    expect(() => sequence.accept(piece(3, 0, 3, { length: 3 }))).toThrow();
  });
});
