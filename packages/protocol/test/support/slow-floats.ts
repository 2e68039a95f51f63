/** Slow, obvious conversions between numbers and 16-bit floats: the oracle of the fast ones. */

export interface FloatFormat {
  readonly exponentBits: number;
  readonly mantissaBits: number;
}

export const halfFormat: FloatFormat = { exponentBits: 5, mantissaBits: 10 };
export const brainFormat: FloatFormat = { exponentBits: 8, mantissaBits: 7 };

/** The value of a bit pattern, by the definition in IEEE 754. */
export function floatOf(bits: number, format: FloatFormat): number {
  const { exponentBits, mantissaBits } = format;
  const sign = bits >> 15 ? -1 : 1;
  const exponentMax = 2 ** exponentBits - 1;
  const exponent = (bits >> mantissaBits) & exponentMax;
  const mantissa = bits & (2 ** mantissaBits - 1);
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === exponentMax)
    return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * mantissa * 2 ** (1 - bias - mantissaBits);
  return sign * (1 + mantissa / 2 ** mantissaBits) * 2 ** (exponent - bias);
}

/** The bit pattern nearest to a number that is not NaN, ties to the even one. */
export function nearestBits(value: number, format: FloatFormat): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  const infinity = (2 ** format.exponentBits - 1) * 2 ** format.mantissaBits;
  // Magnitudes rise with their bits, so the neighbours are found by bisection.
  let below = 0;
  let above = infinity;
  while (above - below > 1) {
    const middle = (below + above) >> 1;
    if (floatOf(middle, format) <= magnitude) below = middle;
    else above = middle;
  }
  if (magnitude === Number.POSITIVE_INFINITY) return sign | infinity;
  const step = 2 ** format.mantissaBits;
  // Rounding treats infinity as the next value that the format would have.
  const top = above === infinity ? 2 * floatOf(infinity - step, format) : floatOf(above, format);
  const toBelow = magnitude - floatOf(below, format);
  const toAbove = top - magnitude;
  if (toBelow !== toAbove) return sign | (toBelow < toAbove ? below : above);
  return sign | (below % 2 === 0 ? below : above);
}
