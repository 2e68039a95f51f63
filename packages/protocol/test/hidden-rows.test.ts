import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  decodeHidden,
  encodeHidden,
  float32View,
  hasNonFinite,
  int32View,
  type Tensor,
  type WireType,
  wireTypes,
} from '../src/index.js';
import { expectError } from './support/expect-error.js';

/** The same tensor with its bytes at an odd offset, as frames deliver them. */
function unaligned(tensor: Tensor): Tensor {
  const bytes = new Uint8Array(tensor.bytes.byteLength + 1).subarray(1);
  bytes.set(tensor.bytes);
  return { ...tensor, bytes };
}

/** Largest error relative to the value: half of the last place; int8 is judged per block. */
const relativeError = { f32: 0, f16: 2 ** -11, bf16: 2 ** -8 } as const;

const rowsArbitrary = fc
  .record({ rows: fc.integer({ min: 1, max: 4 }), columns: fc.integer({ min: 1, max: 100 }) })
  .chain(({ rows, columns }) =>
    fc
      .array(fc.float({ min: -60_000, max: 60_000, noNaN: true }), {
        minLength: rows * columns,
        maxLength: rows * columns,
      })
      .map((values) => ({ shape: [rows, columns], values: Float32Array.from(values) })),
  );

describe('hidden rows', () => {
  it.each(['f32', 'f16', 'bf16'] as const)(
    'come back from %s within half of a last place',
    (type) => {
      fc.assert(
        fc.property(rowsArbitrary, ({ shape, values }) => {
          const tensor = encodeHidden(values, shape, type);
          const back = decodeHidden(unaligned(tensor));
          expect(decodeHidden(tensor)).toEqual(back);
          values.forEach((value, index) => {
            // Below the normal range of halves the last place is 2^-24.
            const allowed = Math.max(
              Math.abs(value) * relativeError[type],
              type === 'f32' ? 0 : 2 ** -25,
            );
            expect(Math.abs((back[index] ?? 0) - value)).toBeLessThanOrEqual(allowed);
          });
        }),
      );
    },
  );

  it('come back from int8 within half of their block’s scale', () => {
    fc.assert(
      fc.property(
        rowsArbitrary,
        fc.constantFrom(1, 1e-3, 1e-7, 100),
        ({ shape, values }, factor) => {
          const scaled = values.map((value) => value * factor);
          const tensor = encodeHidden(scaled, shape, 'int8');
          const back = decodeHidden(unaligned(tensor));
          expect(decodeHidden(tensor)).toEqual(back);
          const columns = shape[1] ?? 1;
          scaled.forEach((value, index) => {
            const row = Math.floor(index / columns) * columns;
            const start = row + Math.floor((index - row) / 32) * 32;
            const block = scaled.subarray(start, Math.min(start + 32, row + columns));
            const magnitude = block.reduce((largest, each) => Math.max(largest, Math.abs(each)), 0);
            // The scale is rounded to a half: up by 1/2048 at most, or by 2^-24 among subnormals.
            const scale = Math.max((magnitude / 127) * (1 + 2 ** -10), magnitude / 127 + 2 ** -24);
            expect(Math.abs((back[index] ?? 0) - value)).toBeLessThanOrEqual(scale * 0.502);
          });
        },
      ),
    );
  });

  it('are laid out in int8 as blocks of an f16 scale and up to 32 values', () => {
    const values = Float32Array.from({ length: 34 }, (_, index) =>
      index < 32 ? index * 4 + 3 : -2,
    );
    const { bytes } = encodeHidden(values, [1, 34], 'int8');
    expect(bytes.byteLength).toBe(2 + 32 + 2 + 2);
    // Scale 127 / 127 = 1 is 0x3c00, little-endian.
    expect([...bytes.subarray(0, 4)]).toEqual([0x00, 0x3c, 3, 7]);
    expect(bytes[33]).toBe(127);
    expect([...new Int8Array(bytes.slice(36).buffer)]).toEqual([-127, -127]);
  });

  it('of zeros have scale 0 in int8; huge ones saturate', () => {
    expect(encodeHidden(new Float32Array(32), [1, 32], 'int8').bytes).toEqual(new Uint8Array(34));
    const huge = encodeHidden(Float32Array.of(1e30, -1e30, 1), [1, 3], 'int8');
    expect(hasNonFinite(huge)).toBe(false);
    expect([...decodeHidden(huge)]).toEqual([65_504 * 127, -65_504 * 127, 0]);
  });

  it('share memory as f32', () => {
    const values = Float32Array.of(1, 2);
    const tensor = encodeHidden(values, [1, 2], 'f32');
    expect(tensor.bytes.buffer).toBe(values.buffer);
    expect(decodeHidden(tensor).buffer).toBe(values.buffer);
  });

  it('refuse shapes and bytes that do not match', () => {
    expectError(() => encodeHidden(new Float32Array(5), [1, 4], 'f16'), 'bad-argument');
    const tensor = encodeHidden(new Float32Array(4), [1, 4], 'int8');
    expectError(() => decodeHidden({ ...tensor, shape: [1, 5] }), 'bad-argument');
    expectError(
      () => decodeHidden({ type: 'i32', shape: [1], bytes: new Uint8Array(4) }),
      'bad-argument',
    );
  });
});

describe('hasNonFinite', () => {
  const badValues = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

  it.each(wireTypes)('finds one bad value anywhere in %s', (type: WireType) => {
    fc.assert(
      fc.property(rowsArbitrary, fc.nat(), fc.constantFrom(...badValues), (rows, at, bad) => {
        const clean = encodeHidden(rows.values, rows.shape, type);
        expect(hasNonFinite(clean)).toBe(false);
        expect(hasNonFinite(unaligned(clean))).toBe(false);
        const values = rows.values.slice();
        values[at % values.length] = bad;
        const tensor = encodeHidden(values, rows.shape, type);
        expect(hasNonFinite(tensor)).toBe(true);
        expect(hasNonFinite(unaligned(tensor))).toBe(true);
      }),
    );
  });

  it('accepts the largest finite values of each type', () => {
    for (const [type, bits] of [
      ['f16', 0x7bff],
      ['bf16', 0x7f7f],
    ] as const) {
      const bytes = bytesOf(Uint16Array.of(bits, bits | 0x8000, bits));
      expect(hasNonFinite({ type, shape: [3], bytes })).toBe(false);
    }
    const floats = Float32Array.of(3.4028234663852886e38, -3.4028234663852886e38);
    expect(hasNonFinite({ type: 'f32', shape: [2], bytes: bytesOf(floats) })).toBe(false);
  });

  it('is false for whole numbers', () => {
    const bytes = new Uint8Array(8).fill(0xff);
    expect(hasNonFinite({ type: 'i32', shape: [2], bytes })).toBe(false);
    expect(hasNonFinite({ type: 'u8', shape: [8], bytes })).toBe(false);
  });
});

describe('views', () => {
  it('copy only when they must', () => {
    const bytes = bytesOf(Int32Array.of(0, 7, -1));
    expect(int32View(bytes.subarray(4)).buffer).toBe(bytes.buffer);
    expect([...int32View(bytes.subarray(4))]).toEqual([7, -1]);
    const shifted = new Uint8Array(9).subarray(1);
    shifted.set(bytes.subarray(4));
    expect(int32View(shifted).buffer).not.toBe(shifted.buffer);
    expect([...int32View(shifted)]).toEqual([7, -1]);
    expect([...float32View(shifted)]).toHaveLength(2);
  });
});
