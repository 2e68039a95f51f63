/** Largest difference, relative to the largest expected value; infinite if the lengths differ. */
export function relativeError(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let error = 0;
  let scale = 0;
  for (const [index, value] of expected.entries()) {
    const difference = Math.abs((found[index] as number) - value);
    if (!(difference <= error)) error = difference;
    scale = Math.max(scale, Math.abs(value));
  }
  return error / scale;
}

/** Root mean square of the differences, relative to that of the expected values. */
export function rootMeanSquareError(found: Float32Array, expected: Float32Array): number {
  let error = 0;
  let scale = 0;
  for (const [index, value] of expected.entries()) {
    error += ((found[index] ?? Number.NaN) - value) ** 2;
    scale += value ** 2;
  }
  return Math.sqrt(error / scale);
}

/** Index of the first of the largest values. */
export function argmax(values: Float32Array): number {
  return values.reduce(
    (best, value, index) => (value > (values[best] as number) ? index : best),
    0,
  );
}

/** Numbers in `[0, 1)` that depend on the seed only (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
