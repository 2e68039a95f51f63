/**
 * Readers of ggml's quantised blocks (`ggml-common.h`, `ggml-quants.c`): scale times small number,
 * in blocks of 32; in K-quants super-blocks of 256 with quantised scales of their own.
 */
import type { WeightType } from '@skein/protocol';

/** Writes the elements of the block at `offset` from `target` on. */
type BlockReader = (view: DataView, offset: number, values: Float32Array, target: number) => void;

type Quantised = Exclude<WeightType, 'f32' | 'f16' | 'bf16'>;

export const blockReaders: Readonly<Record<Quantised, BlockReader>> = {
  q8_0(view, offset, values, target) {
    const scale = half(view, offset);
    for (let index = 0; index < 32; index += 1) {
      values[target + index] = scale * view.getInt8(offset + 2 + index);
    }
  },
  q4_0: (view, offset, values, target) => {
    const scale = half(view, offset);
    readNibbles(view, offset + 2, values, target, { scale, shift: -8 * scale });
  },
  q4_1: (view, offset, values, target) => {
    const scale = half(view, offset);
    readNibbles(view, offset + 4, values, target, { scale, shift: half(view, offset + 2) });
  },
  q5_0: (view, offset, values, target) => {
    const scale = half(view, offset);
    const high = view.getUint32(offset + 2, true);
    readNibbles(view, offset + 6, values, target, { scale, shift: -16 * scale, high });
  },
  q5_1: (view, offset, values, target) => {
    const [scale, shift] = [half(view, offset), half(view, offset + 2)];
    const high = view.getUint32(offset + 4, true);
    readNibbles(view, offset + 8, values, target, { scale, shift, high });
  },
  mxfp4: (view, offset, values, target) => {
    const scale = 2 ** (view.getUint8(offset) - 128);
    for (let index = 0; index < 16; index += 1) {
      const byte = view.getUint8(offset + 1 + index);
      values[target + index] = scale * (mxfp4Values[byte & 15] as number);
      values[target + 16 + index] = scale * (mxfp4Values[byte >> 4] as number);
    }
  },
  q2_k: readQ2K,
  q3_k: readQ3K,
  q4_k: (view, offset, values, target) => readQ4OrQ5K(view, offset, values, target, null),
  q5_k: (view, offset, values, target) => readQ4OrQ5K(view, offset, values, target, offset + 16),
  q6_k: readQ6K,
};

/** Twice the values of a 4-bit float of two bits of exponent and one of mantissa. */
const mxfp4Values = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

/** 32 numbers of four bits, the lower halves of 16 bytes first; a fifth bit may come from `high`. */
function readNibbles(
  view: DataView,
  offset: number,
  values: Float32Array,
  target: number,
  { scale, shift, high = 0 }: { scale: number; shift: number; high?: number },
): void {
  for (let index = 0; index < 16; index += 1) {
    const byte = view.getUint8(offset + index);
    const lower = (byte & 15) | (((high >>> index) & 1) << 4);
    const upper = (byte >> 4) | (((high >>> (index + 16)) & 1) << 4);
    values[target + index] = scale * lower + shift;
    values[target + 16 + index] = scale * upper + shift;
  }
}

/** Scales and minima of four bits each, then two bits a number. */
function readQ2K(view: DataView, offset: number, values: Float32Array, target: number): void {
  const numbers = offset + 16;
  const [scale, minimum] = [half(view, offset + 80), half(view, offset + 82)];
  for (let group = 0; group < 16; group += 1) {
    const packed = view.getUint8(offset + group);
    const own = { scale: scale * (packed & 15), shift: -minimum * (packed >> 4) };
    const { start, bits } = placeOfGroup(group);
    for (let index = 0; index < 16; index += 1) {
      const number = (view.getUint8(numbers + start + index) >> bits) & 3;
      values[target + 16 * group + index] = own.scale * number + own.shift;
    }
  }
}

/** Scales of six bits, two bits a number, and a third one in a mask. */
function readQ3K(view: DataView, offset: number, values: Float32Array, target: number): void {
  const numbers = offset + 32;
  const scale = half(view, offset + 108);
  for (let group = 0; group < 16; group += 1) {
    const own = scale * (scaleOfQ3K(view, offset + 96, group) - 32);
    const { start, bits } = placeOfGroup(group);
    // The mask has one bit for each 32 numbers, in as many bytes.
    const maskBit = group >> 1;
    for (let index = 0; index < 16; index += 1) {
      const low = (view.getUint8(numbers + start + index) >> bits) & 3;
      const mask = view.getUint8(offset + 16 * (group & 1) + index);
      const number = low - (((mask >> maskBit) & 1) === 0 ? 4 : 0);
      values[target + 16 * group + index] = own * number;
    }
  }
}

/** The six bits of a scale: four in the first eight bytes, two in the last four. */
function scaleOfQ3K(view: DataView, offset: number, group: number): number {
  const low = view.getUint8(offset + (group & 7));
  const high = view.getUint8(offset + 8 + (group & 3));
  return ((group < 8 ? low : low >> 4) & 15) | (((high >> (2 * (group >> 2))) & 3) << 4);
}

/** Where the two bits of 16 numbers lie, in halves of 128 that take turns with the bits. */
function placeOfGroup(group: number): { start: number; bits: number } {
  const start = 32 * (group >> 3) + 16 * (group & 1);
  return { start, bits: 2 * ((group >> 1) & 3) };
}

/** Four bits a number, and a fifth one at `highBits`; scales and minima have six. */
function readQ4OrQ5K(
  view: DataView,
  offset: number,
  values: Float32Array,
  target: number,
  highBits: number | null,
): void {
  const numbers = offset + (highBits === null ? 16 : 48);
  const [scale, minimum] = [half(view, offset), half(view, offset + 2)];
  for (let group = 0; group < 8; group += 1) {
    const packed = scaleAndMinimum(view, offset + 4, group);
    const [ownScale, shift] = [scale * packed.scale, -minimum * packed.minimum];
    const start = numbers + 32 * (group >> 1);
    for (let index = 0; index < 32; index += 1) {
      const byte = view.getUint8(start + index);
      let number = group % 2 === 0 ? byte & 15 : byte >> 4;
      if (highBits !== null) number |= ((view.getUint8(highBits + index) >> group) & 1) << 4;
      values[target + 32 * group + index] = ownScale * number + shift;
    }
  }
}

/** Six bits each, in twelve bytes: the last four groups' upper bits are in the first ones' bytes. */
function scaleAndMinimum(
  view: DataView,
  offset: number,
  group: number,
): { scale: number; minimum: number } {
  const at = (index: number) => view.getUint8(offset + index);
  if (group < 4) return { scale: at(group) & 63, minimum: at(group + 4) & 63 };
  return {
    scale: (at(group + 4) & 15) | ((at(group - 4) >> 6) << 4),
    minimum: (at(group + 4) >> 4) | ((at(group) >> 6) << 4),
  };
}

/** Four bits a number and two more, with a scale of eight bits for each 16. */
function readQ6K(view: DataView, offset: number, values: Float32Array, target: number): void {
  const scale = half(view, offset + 208);
  for (let part = 0; part < 2; part += 1) {
    const low = offset + 64 * part;
    const high = offset + 128 + 32 * part;
    for (let quarter = 0; quarter < 4; quarter += 1) {
      for (let index = 0; index < 32; index += 1) {
        const byte = view.getUint8(low + index + 32 * (quarter & 1));
        const four = quarter < 2 ? byte & 15 : byte >> 4;
        const two = (view.getUint8(high + index) >> (2 * quarter)) & 3;
        const group = 8 * part + 2 * quarter + (index >> 4);
        const own = scale * view.getInt8(offset + 192 + group);
        values[target + 128 * part + 32 * quarter + index] = own * ((four | (two << 4)) - 32);
      }
    }
  }
}

/** An f16, by its parts: 2^-14 is the smallest that is normal. */
function half(view: DataView, offset: number): number {
  const bits = view.getUint16(offset, true);
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  const sign = bits >> 15 === 0 ? 1 : -1;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + mantissa) * 2 ** (exponent - 25);
}
