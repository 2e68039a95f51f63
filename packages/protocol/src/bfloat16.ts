/** bfloat16: the upper half of a float32. Values are bit patterns, as in `float16.ts`. */

/** Rounds float32 bit patterns to bfloat16: to nearest, ties to even. */
export function encodeBfloat16(source: Uint32Array, target: Uint16Array): void {
  for (let index = 0; index < source.length; index++) {
    const bits = source[index] as number;
    if ((bits & 0x7fff_ffff) > 0x7f80_0000) {
      // Not a number: rounding could carry it to infinity, so it is cut and made quiet.
      target[index] = (bits >>> 16) | 0x40;
      continue;
    }
    target[index] = (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
}

/** Widens bfloat16 to float32 bit patterns, exactly. */
export function decodeBfloat16(source: Uint16Array, target: Uint32Array): void {
  for (let index = 0; index < source.length; index++) {
    target[index] = (source[index] as number) << 16;
  }
}
