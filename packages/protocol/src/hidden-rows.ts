import { decodeBfloat16, encodeBfloat16 } from './bfloat16.js';
import { SkeinError } from './errors.js';
import { decodeFloat16, encodeFloat16 } from './float16.js';
import { decodeInt8Rows, encodeInt8Rows, hasNonFiniteScale } from './int8-blocks.js';
import type { WireType } from './messages/common.js';
import { byteLengthOf, type Tensor } from './tensor.js';
import { bytesOf, float32View, uint16View, uint32View } from './tensor-views.js';

/**
 * Puts hidden rows into the session's wire type. For `f32` the tensor shares memory with `rows`;
 * every other type rounds to nearest.
 *
 * @param shape `[rows, hiddenSize]`
 * @throws SkeinError `bad-argument` when `rows` does not have as many values as `shape`
 */
export function encodeHidden(
  rows: Float32Array,
  shape: readonly number[],
  wireType: WireType,
): Tensor {
  const byteLength = byteLengthOf(wireType, shape);
  const elements = shape.reduce((product, dimension) => product * dimension, 1);
  if (elements !== rows.length) {
    throw new SkeinError(
      'bad-argument',
      `${rows.length} values cannot have the shape [${shape.join(', ')}]`,
    );
  }
  if (wireType === 'f32') return { type: wireType, shape, bytes: bytesOf(rows) };
  if (wireType === 'int8') {
    const bytes = new Uint8Array(byteLength);
    encodeInt8Rows(rows, shape.at(-1) ?? 1, bytes);
    return { type: wireType, shape, bytes };
  }
  const bits = new Uint16Array(rows.length);
  const encode = wireType === 'f16' ? encodeFloat16 : encodeBfloat16;
  encode(uint32View(bytesOf(rows)), bits);
  return { type: wireType, shape, bytes: bytesOf(bits) };
}

/**
 * Reads hidden rows (or any tensor of a floating-point wire type) as float32. For an aligned `f32`
 * tensor the result shares its memory: treat it as read-only.
 *
 * @throws SkeinError `bad-argument` for a tensor of whole numbers, or of the wrong length
 */
export function decodeHidden(tensor: Tensor): Float32Array {
  const { type, shape, bytes } = tensor;
  if (bytes.byteLength !== byteLengthOf(type, shape)) {
    throw new SkeinError(
      'bad-argument',
      `${bytes.byteLength} bytes are not a tensor ${type} [${shape.join(', ')}]`,
    );
  }
  switch (type) {
    case 'f32':
      return float32View(bytes);
    case 'f16':
    case 'bf16': {
      const bits = uint16View(bytes);
      const rows = new Float32Array(bits.length);
      const decode = type === 'f16' ? decodeFloat16 : decodeBfloat16;
      decode(bits, new Uint32Array(rows.buffer));
      return rows;
    }
    case 'int8': {
      const rows = new Float32Array(shape.reduce((product, dimension) => product * dimension, 1));
      decodeInt8Rows(bytes, shape.at(-1) ?? 1, rows);
      return rows;
    }
    default:
      throw new SkeinError('bad-argument', `a tensor of ${type} does not hold hidden rows`);
  }
}

/**
 * In each type all bits of the exponent are ones in an infinity or a NaN. With the rest masked
 * out, adding the exponent's lowest bit carries into the sign bit exactly then.
 */
const exponents = {
  f32: { mask: 0x7f80_0000, lowest: 0x0080_0000, carry: 0x8000_0000 },
  f16: { mask: 0x7c00_7c00, lowest: 0x0400_0400, carry: 0x8000_8000 },
  bf16: { mask: 0x7f80_7f80, lowest: 0x0080_0080, carry: 0x8000_8000 },
} as const;

/**
 * Tells whether a tensor holds an infinity or a NaN, from its raw bits: what a faulty peer's
 * output looks like (`bad-output`). Always false for tensors of whole numbers.
 */
export function hasNonFinite(tensor: Tensor): boolean {
  const { type, bytes } = tensor;
  if (type === 'i32' || type === 'u8') return false;
  if (type === 'int8') return hasNonFiniteScale(bytes, tensor.shape.at(-1) ?? 1);
  const { mask, lowest, carry } = exponents[type];
  // Two values of 16 bits are looked at in one word; an odd one is left over.
  const wordBytes = bytes.byteLength - (bytes.byteLength % 4);
  const words = uint32View(bytes.subarray(0, wordBytes));
  let carries = 0;
  for (let index = 0; index < words.length; index++) {
    carries |= ((words[index] as number) & mask) + lowest;
  }
  for (const bits of uint16View(bytes.subarray(wordBytes))) carries |= (bits & mask) + lowest;
  return (carries & carry) !== 0;
}
