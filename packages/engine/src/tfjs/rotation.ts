/** Rotary position embedding, from tables that are computed in double precision. */
import type { ModelConfig, RopeConfig } from '@skein/protocol';
import { ropeFrequencies } from '../model/rope-frequencies.js';
import type { TfTensor } from './open-backend.js';
import type { Operations } from './operations.js';

/** How one kind of block rotates. */
export interface Rotation {
  readonly mode: RopeConfig['mode'];
  /** Leading elements of a head that are rotated. */
  readonly dimensions: number;
  /** Multiplier of the rotated elements. */
  readonly magnitude: number;
  /** Radians a position, for each pair of elements. */
  readonly frequencies: Float64Array;
}

/** Cosines and sines of some rows: `[rows, 1, dimensions / 2]` each. */
export interface RotationTable extends Pick<Rotation, 'mode' | 'dimensions'> {
  readonly cosines: TfTensor;
  readonly sines: TfTensor;
}

export function createRotation(
  rope: RopeConfig,
  model: Pick<ModelConfig, 'headDim' | 'contextLength'>,
): Rotation {
  const { dimensions, divisors, magnitude } = ropeFrequencies(rope, model);
  const frequencies = Float64Array.from({ length: dimensions / 2 }, (_, pair) => {
    const plain = rope.theta ** ((-2 * pair) / dimensions);
    return plain / (divisors?.[pair] ?? 1);
  });
  return { mode: rope.mode, dimensions, magnitude, frequencies };
}

/** The table of a batch's rows. */
export function createTable(
  operations: Operations,
  { mode, dimensions, magnitude, frequencies }: Rotation,
  positions: readonly number[],
): RotationTable {
  const pairs = frequencies.length;
  const table = (ofAngle: (angle: number) => number) => {
    const values = new Float32Array(positions.length * pairs);
    for (const [row, position] of positions.entries()) {
      for (const [pair, frequency] of frequencies.entries()) {
        values[row * pairs + pair] = magnitude * ofAngle(position * frequency);
      }
    }
    return operations.input(values, [positions.length, 1, pairs]);
  };
  return { mode, dimensions, cosines: table(Math.cos), sines: table(Math.sin) };
}

/** Rotates `[rows, heads, headDim]`. */
export function rotate(operations: Operations, x: TfTensor, table: RotationTable): TfTensor {
  const [rows, heads, headDim] = x.shape as [number, number, number];
  const { mode, dimensions } = table;
  const rest = headDim - dimensions;
  const [turning, still] =
    rest === 0 ? [x] : (operations.split(x, [dimensions, rest]) as [TfTensor, TfTensor]);
  const half = dimensions / 2;
  let turned: TfTensor;
  if (mode === 'neox') {
    const [a, b] = operations.split(turning, [half, half]) as [TfTensor, TfTensor];
    turned = operations.concat(turnPairs(operations, a, b, table), 2);
  } else {
    const pairs = operations.reshape(turning, [rows, heads, half, 2]);
    const [a, b] = operations
      .split(pairs, [1, 1])
      .map((part) => operations.reshape(part, [rows, heads, half])) as [TfTensor, TfTensor];
    const parts = turnPairs(operations, a, b, table).map((part) =>
      operations.reshape(part, [rows, heads, half, 1]),
    );
    turned = operations.reshape(operations.concat(parts, 3), [rows, heads, dimensions]);
  }
  return still === undefined ? turned : operations.concat([turned, still], 2);
}

function turnPairs(
  operations: Operations,
  a: TfTensor,
  b: TfTensor,
  { cosines, sines }: RotationTable,
): [TfTensor, TfTensor] {
  const { tf } = operations;
  const difference = (x: TfTensor, y: TfTensor) => operations.own(tf.sub(x, y));
  return [
    difference(operations.multiply(a, cosines), operations.multiply(b, sines)),
    operations.add(operations.multiply(b, cosines), operations.multiply(a, sines)),
  ];
}
