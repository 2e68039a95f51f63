import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBfloat16, encodeBfloat16 } from '../src/bfloat16.js';
import { decodeFloat16, encodeFloat16, fromFloat16Bits, toFloat16Bits } from '../src/float16.js';
import { brainFormat, floatOf, halfFormat, nearestBits } from './support/slow-floats.js';

const formats = [
  { name: 'f16', format: halfFormat, encode: encodeFloat16, decode: decodeFloat16 },
  { name: 'bf16', format: brainFormat, encode: encodeBfloat16, decode: decodeBfloat16 },
];

const everyBits = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);

describe.each(formats)('$name', ({ format, encode, decode }) => {
  const decoded = new Float32Array(65_536);
  decode(everyBits, new Uint32Array(decoded.buffer));

  const encodeOne = (value: number) => {
    const bits = new Uint16Array(1);
    encode(new Uint32Array(Float32Array.of(value).buffer), bits);
    return bits[0];
  };

  it('decodes all bit patterns as the definition says', () => {
    for (const bits of everyBits) {
      const expected = floatOf(bits, format);
      if (!Object.is(decoded[bits], expected))
        expect([bits, decoded[bits]]).toEqual([bits, expected]);
    }
  });

  it('round trips all bit patterns; a NaN stays a NaN', () => {
    const encoded = new Uint16Array(65_536);
    encode(new Uint32Array(decoded.buffer), encoded);
    for (const bits of everyBits) {
      if (Number.isNaN(decoded[bits])) expect(floatOf(encoded[bits] ?? 0, format)).toBeNaN();
      else if (encoded[bits] !== bits) expect([bits, encoded[bits]]).toEqual([bits, bits]);
    }
  });

  it('rounds to nearest, ties to even, between and at all neighbours', () => {
    const positive = 2 ** 15 - 2 ** format.mantissaBits;
    for (let bits = 0; bits < positive - 1; bits += 7) {
      const low = floatOf(bits, format);
      const high = floatOf(bits + 1, format);
      for (const part of [0.25, 0.5, 0.75]) {
        const value = Math.fround(low + (high - low) * part);
        const expected = nearestBits(value, format);
        if (encodeOne(value) !== expected)
          expect([value, encodeOne(value)]).toEqual([value, expected]);
        if (encodeOne(-value) !== (expected | 0x8000))
          expect(encodeOne(-value)).toBe(expected | 0x8000);
      }
    }
  });

  it('agrees with the oracle on any float32', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        expect(encodeOne(value)).toBe(nearestBits(value, format));
      }),
      { numRuns: 5000 },
    );
  });

  it('keeps NaNs of any payload and sign', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x7f_ffff }), fc.boolean(), (payload, isNegative) => {
        const source = Uint32Array.of((0x7f80_0000 | payload | (isNegative ? 1 << 31 : 0)) >>> 0);
        const bits = new Uint16Array(1);
        encode(source, bits);
        expect(floatOf(bits[0] ?? 0, format)).toBeNaN();
      }),
    );
  });
});

describe('single halves', () => {
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [65_504, 0x7bff],
    [65_519.99, 0x7bff],
    [65_520, 0x7c00],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [1.0001 * 2 ** -25, 0x0001],
    [2 ** -14, 0x0400],
    [2 ** -14 - 2 ** -26, 0x0400],
    [Number.NEGATIVE_INFINITY, 0xfc00],
  ])('encodes %f', (value, bits) => {
    expect(toFloat16Bits(value)).toBe(bits);
  });

  it('decodes what it encodes', () => {
    expect(fromFloat16Bits(0x3555)).toBeCloseTo(1 / 3, 3);
    expect(fromFloat16Bits(0x7c00)).toBe(Number.POSITIVE_INFINITY);
  });
});
