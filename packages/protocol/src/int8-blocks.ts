import { float16Max, float16Nan, fromFloat16Bits, toFloat16Bits } from './float16.js';
import { int8BlockSize, int8ScaleBytes } from './tensor.js';

/**
 * Blockwise int8, laid out as ggml's Q8_0 so that an engine may take the bytes as they are: each
 * row is cut into blocks of 32 values (the last one may be shorter), and a block is its f16 scale
 * followed by its values; `value = scale * int8`. See `docs/protocol.md`, "int8".
 */

/** The largest magnitude of a stored value: -128 is never written. */
const int8Max = 127;
/** The largest scale, as bits of a half. */
const scaleBitsMax = toFloat16Bits(float16Max);

/** Encodes rows of `columns` values. A block with a value that is not finite gets a NaN scale. */
export function encodeInt8Rows(source: Float32Array, columns: number, target: Uint8Array): void {
  let offset = 0;
  for (let rowStart = 0; rowStart < source.length; rowStart += columns) {
    const rowEnd = rowStart + columns;
    for (let start = rowStart; start < rowEnd; start += int8BlockSize) {
      const end = Math.min(start + int8BlockSize, rowEnd);
      offset = encodeBlock(source, { start, end }, target, offset);
    }
  }
}

function encodeBlock(
  source: Float32Array,
  range: { readonly start: number; readonly end: number },
  target: Uint8Array,
  offset: number,
): number {
  let magnitude = 0;
  // A sum of differences from itself is 0 unless one is infinite or NaN.
  let finite = 0;
  for (let index = range.start; index < range.end; index++) {
    const value = source[index] as number;
    finite += value - value;
    magnitude = Math.max(magnitude, Math.abs(value));
  }
  const scaleBits = finite === 0 ? scaleBitsFor(magnitude) : float16Nan;
  const scale = fromFloat16Bits(scaleBits);
  const inverse = scale > 0 ? 1 / scale : 0;
  target[offset] = scaleBits & 0xff;
  target[offset + 1] = scaleBits >>> 8;
  let position = offset + int8ScaleBytes;
  for (let index = range.start; index < range.end; index++) {
    const scaled = Math.round((source[index] as number) * inverse);
    target[position++] = Math.max(-int8Max, Math.min(int8Max, scaled));
  }
  return position;
}

/**
 * The scale for a block whose largest magnitude is given. The values are divided by the *rounded*
 * scale, so its rounding costs no accuracy, unless it went down so far that the largest value
 * would be cut off: then the next larger half is taken.
 */
function scaleBitsFor(magnitude: number): number {
  const bits = toFloat16Bits(magnitude / int8Max);
  const isCut = fromFloat16Bits(bits) * (int8Max + 0.5) < magnitude;
  return Math.min(isCut ? bits + 1 : bits, scaleBitsMax);
}

/** Decodes rows of `columns` values. */
export function decodeInt8Rows(source: Uint8Array, columns: number, target: Float32Array): void {
  const values = new Int8Array(source.buffer, source.byteOffset, source.byteLength);
  let offset = 0;
  for (let rowStart = 0; rowStart < target.length; rowStart += columns) {
    const rowEnd = rowStart + columns;
    for (let start = rowStart; start < rowEnd; start += int8BlockSize) {
      const end = Math.min(start + int8BlockSize, rowEnd);
      const scale = scaleAt(source, offset);
      offset += int8ScaleBytes;
      for (let index = start; index < end; index++) {
        target[index] = scale * (values[offset++] as number);
      }
    }
  }
}

/** Tells whether a scale is infinite or NaN, in rows of `columns` values. */
export function hasNonFiniteScale(source: Uint8Array, columns: number): boolean {
  const rowBytes = columns + Math.ceil(columns / int8BlockSize) * int8ScaleBytes;
  for (let rowStart = 0; rowStart < source.length; rowStart += rowBytes) {
    const rowEnd = rowStart + rowBytes;
    for (let at = rowStart; at < rowEnd; at += int8ScaleBytes + int8BlockSize) {
      if (((source[at + 1] as number) & 0x7c) === 0x7c) return true;
    }
  }
  return false;
}

function scaleAt(source: Uint8Array, offset: number): number {
  return fromFloat16Bits((source[offset] as number) | ((source[offset + 1] as number) << 8));
}
