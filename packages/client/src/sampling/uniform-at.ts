/**
 * Uniform numbers by counter: Philox4x32-10 of "Parallel random numbers: as easy as 1, 2, 3"
 * (Salmon, Moraes, Dror, Shaw; SC 2011), which passes TestU01's BigCrush. A number depends on the
 * seed and the position only, so a rerouted or replayed generation draws the same tokens, and
 * positions may be drawn in any order.
 */

const roundCount = 10;
const multiplierA = 0xd2511f53;
const multiplierB = 0xcd9e8d57;
const keyStepA = 0x9e3779b9;
const keyStepB = 0xbb67ae85;
const twoTo32 = 0x1_0000_0000;

/**
 * Returns the uniform number in [0, 1) of a position: a multiple of 2^-53.
 * @param seed integer in [0, 2^53)
 * @param position index of the token in its sequence, integer in [0, 2^53)
 */
export function uniformAt(seed: number, position: number): number {
  const [high, low] = philox4x32(
    [position >>> 0, Math.floor(position / twoTo32), 0, 0],
    [seed >>> 0, Math.floor(seed / twoTo32)],
  );
  // The upper 27 and 26 bits make 53, all that a double can hold.
  return ((high >>> 5) * 0x4000000 + (low >>> 6)) / 2 ** 53;
}

/**
 * The random number that `sample` takes at a position. Whoever draws the same token, client or peer, has to
 * take the same one; greedy sampling takes none.
 */
export function randomFor(
  { temperature }: { readonly temperature: number },
  seed: number,
  position: number,
): number {
  return temperature === 0 ? 0 : uniformAt(seed, position);
}

/** Returns a seed from the platform's secure random source: an integer in [0, 2^53). */
export function createSeed(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high >>> 11) * twoTo32 + low;
}

type Words4 = readonly [number, number, number, number];

/** The block function: four words of counter and two of key give four random words. */
export function philox4x32(counter: Words4, key: readonly [number, number]): Words4 {
  let [a, b, c, d] = counter;
  let [keyA, keyB] = key;
  for (let round = 0; round < roundCount; round++) {
    const highA = multiplyHigh(multiplierA, a);
    const lowA = Math.imul(multiplierA, a) >>> 0;
    const highB = multiplyHigh(multiplierB, c);
    const lowB = Math.imul(multiplierB, c) >>> 0;
    a = (highB ^ b ^ keyA) >>> 0;
    b = lowB;
    c = (highA ^ d ^ keyB) >>> 0;
    d = lowA;
    keyA = (keyA + keyStepA) >>> 0;
    keyB = (keyB + keyStepB) >>> 0;
  }
  return [a, b, c, d];
}

/** The upper 32 bits of the 64-bit product of two unsigned words, by 16-bit halves. */
function multiplyHigh(x: number, y: number): number {
  const xLow = x & 0xffff;
  const xHigh = x >>> 16;
  const yLow = y & 0xffff;
  const yHigh = y >>> 16;
  const middle = xHigh * yLow + ((xLow * yLow) >>> 16);
  const carry = xLow * yHigh + (middle & 0xffff);
  return (xHigh * yHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}
