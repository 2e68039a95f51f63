import fc from 'fast-check';
import type { FullRow, TopRow } from '../../src/sampling/index.js';

/** Builds the row that a peer would send: the first `count` candidates and the normaliser. */
export function topRowOf(logits: Float32Array, count: number): TopRow {
  const order = Array.from(logits.keys()).sort(
    (a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b,
  );
  const ids = Int32Array.from(order.slice(0, count));
  const largest = logits[order[0] ?? 0] ?? 0;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return {
    kind: 'top',
    ids,
    logits: Float32Array.from(ids, (id) => logits[id] ?? 0),
    logNormaliser: Math.fround(largest + Math.log(sum)),
    vocabSize: logits.length,
  };
}

export function fullRow(logits: Float32Array): FullRow {
  return { kind: 'full', logits };
}

/** A deterministic generator for tests (mulberry32), uniform in [0, 1). */
export function testRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Logits like a language model's: a normal body with a few tokens well above it. */
export function modelLikeLogits(vocabSize: number, random: () => number): Float32Array {
  const logits = new Float32Array(vocabSize);
  for (let id = 0; id < vocabSize; id++) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    logits[id] = 2.2 * radius * Math.cos(2 * Math.PI * random());
  }
  for (let rank = 0; rank < 20; rank++) {
    logits[Math.floor(random() * vocabSize)] = 17 - 1.2 * rank + random();
  }
  return logits;
}

/** Small rows of many kinds: ties, coarse steps, flat, peaked, extreme, negative. */
export const logitsArbitrary: fc.Arbitrary<Float32Array> = fc
  .tuple(
    fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 }),
    fc.constantFrom(0.001, 1, 5, 30, 1000),
    fc.constantFrom(0, -50, 20),
    fc.constantFrom(0, 1, 8),
  )
  .map(([values, scale, offset, steps]) =>
    Float32Array.from(values, (value) => {
      const coarse = steps === 0 ? value : Math.round(value * steps) / steps;
      return coarse * scale + offset;
    }),
  );
