/**
 * IEEE 754 half precision, by tables indexed with sign and exponent (after J. van der Zijp, "Fast
 * Half Float Conversions", with rounding to nearest even added). Values are bit patterns in a
 * `Uint16Array`; the platform is little-endian, as every one that runs WebAssembly is.
 */

/** Bits of quiet not-a-number. */
export const float16Nan = 0x7e00;
/** The largest finite half. */
export const float16Max = 65_504;

const signedExponents = 512;
/** Bits without a mantissa that a float32 of this sign and exponent starts from. */
const encodeBase = new Uint16Array(signedExponents);
/** How far the float32's mantissa moves right. */
const encodeShift = new Uint8Array(signedExponents);
/** The leading one of the mantissa, which a subnormal half must spell out. */
const encodeLeadingOne = new Uint32Array(signedExponents);

for (let exponent = 0; exponent < 256; exponent++) {
  for (const sign of [0, 0x100]) {
    const index = sign | exponent;
    const signBit = sign << 7;
    if (exponent < 102) {
      // Below half of the smallest subnormal: all bits shift out, with rounding too.
      encodeBase[index] = signBit;
      encodeShift[index] = 30;
    } else if (exponent < 113) {
      encodeBase[index] = signBit;
      encodeShift[index] = 126 - exponent;
      encodeLeadingOne[index] = 0x80_0000;
    } else if (exponent < 143) {
      encodeBase[index] = signBit | ((exponent - 112) << 10);
      encodeShift[index] = 13;
    } else {
      encodeBase[index] = signBit | 0x7c00;
      encodeShift[index] = 30;
    }
  }
}

/** Rounds float32 values, given as bit patterns, to halves: to nearest, ties to even. */
export function encodeFloat16(source: Uint32Array, target: Uint16Array): void {
  for (let index = 0; index < source.length; index++) {
    const bits = source[index] as number;
    const mantissa = bits & 0x7f_ffff;
    const signedExponent = bits >>> 23;
    if ((bits & 0x7f80_0000) === 0x7f80_0000 && mantissa !== 0) {
      target[index] = ((bits >>> 16) & 0x8000) | float16Nan | (mantissa >>> 13);
      continue;
    }
    const shift = encodeShift[signedExponent] as number;
    const full = mantissa | (encodeLeadingOne[signedExponent] as number);
    // Adding just under half of the last place (or half, when that is odd) rounds to even; a
    // carry runs into the exponent, where it is right, up to infinity.
    const rounded = (full + ((1 << (shift - 1)) - 1) + ((full >>> shift) & 1)) >>> shift;
    target[index] = (encodeBase[signedExponent] as number) + rounded;
  }
}

/** Mantissa bits of a float32 by mantissa of a half; subnormal halves in the first 1024. */
const decodeMantissa = new Uint32Array(2048);
/** Exponent bits of a float32 by sign and exponent of a half. */
const decodeExponent = new Uint32Array(64);
/** Which half of `decodeMantissa` belongs to the exponent. */
const decodeOffset = new Uint16Array(64).fill(1024);

for (let mantissa = 1; mantissa < 1024; mantissa++) {
  // Moves the leading one to where a float32 implies it.
  const shift = Math.clz32(mantissa) - 21;
  decodeMantissa[mantissa] = ((mantissa << (13 + shift)) & 0x7f_ffff) | ((113 - shift) << 23);
}
for (let mantissa = 0; mantissa < 1024; mantissa++)
  decodeMantissa[1024 + mantissa] = mantissa << 13;
for (let exponent = 0; exponent < 32; exponent++) {
  const biased = exponent === 0 ? 0 : exponent === 31 ? 255 : exponent + 112;
  decodeExponent[exponent] = biased << 23;
  decodeExponent[32 | exponent] = (0x8000_0000 | (biased << 23)) >>> 0;
}
decodeOffset[0] = 0;
decodeOffset[32] = 0;

/** Widens halves to float32 bit patterns, exactly. */
export function decodeFloat16(source: Uint16Array, target: Uint32Array): void {
  for (let index = 0; index < source.length; index++) {
    const half = source[index] as number;
    const signedExponent = half >>> 10;
    const mantissa = (decodeOffset[signedExponent] as number) + (half & 0x3ff);
    target[index] =
      (decodeMantissa[mantissa] as number) + (decodeExponent[signedExponent] as number);
  }
}

const oneFloat = new Float32Array(1);
const oneFloatBits = new Uint32Array(oneFloat.buffer);
const oneHalf = new Uint16Array(1);

/** Bits of the half that is nearest to `value`. */
export function toFloat16Bits(value: number): number {
  oneFloat[0] = value;
  encodeFloat16(oneFloatBits, oneHalf);
  return oneHalf[0] as number;
}

/** The value of a half. */
export function fromFloat16Bits(bits: number): number {
  oneHalf[0] = bits;
  decodeFloat16(oneHalf, oneFloatBits);
  return oneFloat[0] as number;
}
