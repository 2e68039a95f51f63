import type { WeightType } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { findLibraries, type GgmlLibraries } from '../../src/ggml/library-discovery.js';
import { loadGgml } from '../../src/ggml/load-ggml.js';
import { convertRows } from '../../src/ggml/weights/convert-rows.js';
import { storageLayouts } from '../../src/model/tensor-types.js';
import { dequantise } from '../../src/tfjs/dequantise.js';
import { seededRandom } from '../support/numbers.js';

const [libraries] = findLibraries('cpu') as [GgmlLibraries];
const types = Object.keys(storageLayouts) as WeightType[];
const columns = 256;
const rows = 24;

/** Where each type has an f16 that must be a plain number: bytes drawn at random may be none. */
const halfPlaces: Readonly<Partial<Record<WeightType, readonly number[]>>> = {
  q8_0: [0],
  q4_0: [0],
  q4_1: [0, 2],
  q5_0: [0],
  q5_1: [0, 2],
  q2_k: [80, 82],
  q3_k: [108],
  q4_k: [0, 2],
  q5_k: [0, 2],
  q6_k: [208],
};

/** Blocks of random bits, of which every pattern has a meaning. */
function randomBlocks(type: WeightType): Uint8Array {
  const random = seededRandom(type.length + type.charCodeAt(1));
  const { blockElements, blockBytes } = storageLayouts[type];
  const bytes = new Uint8Array((rows * columns * blockBytes) / blockElements);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = random() * 256;
  const view = new DataView(bytes.buffer);
  if (blockElements === 1) {
    // Exponents of all ones are no numbers.
    const elementBytes = blockBytes;
    for (let offset = elementBytes - 1; offset < bytes.length; offset += elementBytes) {
      view.setUint8(offset, view.getUint8(offset) & 0b1011_1111);
    }
    return bytes;
  }
  for (let offset = 0; offset < bytes.length; offset += blockBytes) {
    for (const place of halfPlaces[type] ?? []) {
      const bits = view.getUint16(offset + place, true);
      view.setUint16(offset + place, bits & 0b1011_1111_1111_1111, true);
    }
    // Scales of 2^100 would only be infinities in f32.
    if (type === 'mxfp4') view.setUint8(offset, 100 + (view.getUint8(offset) % 40));
  }
  return bytes;
}

describe('dequantised weights', () => {
  it.each(types)('of %s are what ggml reads', async (type) => {
    const ggml = await loadGgml(libraries);
    const source = randomBlocks(type);
    const elements = rows * columns;
    const target = new Uint8Array(4 * elements);
    const scratch = new Float32Array(elements);
    if (type === 'f32') target.set(source);
    else {
      await convertRows(ggml, { from: type, to: 'f32', rows, columns, source, target, scratch });
    }
    const expected = new Float32Array(target.buffer);
    expect(expected.some((value) => value !== 0)).toBe(true);
    const found = dequantise(type, source);
    expect(found.length).toBe(elements);
    for (const [index, value] of expected.entries()) {
      // ggml rounds a product before it subtracts; here the difference alone is rounded.
      const most = 2 ** -22 * Math.max(Math.abs(value), largestNear(expected, index));
      expect(Math.abs((found[index] as number) - value)).toBeLessThanOrEqual(most);
    }
  });

  it('of bytes at any offset are the same', () => {
    const bytes = randomBlocks('q4_0');
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(dequantise('q4_0', shifted.subarray(3))).toEqual(dequantise('q4_0', bytes));
    const plain = randomBlocks('f16');
    const odd = new Uint8Array(plain.length + 1);
    odd.set(plain, 1);
    expect(dequantise('f16', odd.subarray(1))).toEqual(dequantise('f16', plain));
  });
});

/** The largest value of the super-block of 256 that an element is in. */
function largestNear(values: Float32Array, index: number): number {
  const start = index - (index % 256);
  return values
    .subarray(start, start + 256)
    .reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
