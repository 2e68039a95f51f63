import type { TokenId } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  candidatesNeeded,
  type LogitsRow,
  resolveSamplingOptions,
  type SamplingOptions,
  sample,
  TokenHistory,
  uniformAt,
} from '../../src/sampling/index.js';
import { referenceDistribution } from './reference-sampler.js';
import { fullRow, logitsArbitrary, modelLikeLogits, testRandom, topRowOf } from './rows.js';

const optionsArbitrary: fc.Arbitrary<SamplingOptions> = fc.record({
  temperature: fc.constantFrom(0, 0.05, 0.5, 0.7, 1, 1, 1, 1.3, 2, 50),
  topK: fc.constantFrom(0, 0, 0, 1, 2, 5, 39, 40, 1000),
  // Odd values, so that no sum of equal probabilities falls on the edge but for rounding.
  topP: fc.constantFrom(1, 1, 1, 0, 0.1003, 0.5003, 0.9003, 0.99903),
  minP: fc.constantFrom(0, 0, 0, 0.02, 0.1, 0.7, 1),
  repetitionPenalty: fc.constantFrom(1, 1, 1.1, 2, 0.8),
  presencePenalty: fc.constantFrom(0, 0, 0.5, 2, -1),
  frequencyPenalty: fc.constantFrom(0, 0, 0.3, -0.2),
  logitBias: fc.constantFrom(
    new Map(),
    new Map(),
    new Map([[0 as TokenId, -100]]),
    new Map([[0 as TokenId, 3]]),
  ),
});
const tokensArbitrary = fc.array(fc.integer({ min: 0, max: 45 }), { maxLength: 6 });
const randomArbitrary = fc.oneof(
  fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  fc.constantFrom(0, 0.5, 0.999, 1 - 2 ** -53),
);

function historyOf(prompt: readonly number[], generated: readonly number[]): TokenHistory {
  const history = new TokenHistory(prompt as TokenId[]);
  for (const token of generated) history.addGenerated(token as TokenId);
  return history;
}

function choose(row: LogitsRow, options: SamplingOptions, random = 0.5): number | null {
  const settings = resolveSamplingOptions(options);
  const result = sample({ row, settings, history: new TokenHistory(), random });
  return result.kind === 'token' ? result.token : null;
}

describe('sample', () => {
  it('draws from a full row what the plain reference draws', () => {
    fc.assert(
      fc.property(
        logitsArbitrary,
        optionsArbitrary,
        tokensArbitrary,
        tokensArbitrary,
        randomArbitrary,
        (logits, options, prompt, generated, random) => {
          const settings = resolveSamplingOptions(options);
          const history = historyOf(prompt, generated);
          const result = sample({ row: fullRow(logits), settings, history, random });
          if (result.kind !== 'token') throw new Error('a full row must give a token');
          const expected = referenceDistribution(logits, settings, { prompt, generated });
          // Sums in another order may differ in the last bits: accept a neighbour at an edge.
          let before = 0;
          const index = expected.findIndex(({ token, probability }) => {
            if (token === result.token) return true;
            before += probability;
            return false;
          });
          expect(index).toBeGreaterThanOrEqual(0);
          expect(before).toBeLessThanOrEqual(random + 1e-9);
          expect(before + (expected[index]?.probability ?? 0)).toBeGreaterThanOrEqual(
            random - 1e-9,
          );
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('draws from a top row what it draws from the full row, or asks for it', () => {
    let tokens = 0;
    fc.assert(
      fc.property(
        logitsArbitrary,
        fc.integer({ min: 1, max: 40 }),
        optionsArbitrary,
        tokensArbitrary,
        tokensArbitrary,
        randomArbitrary,
        (logits, count, options, prompt, generated, random) => {
          const settings = resolveSamplingOptions(options);
          const history = historyOf(prompt, generated);
          const row = topRowOf(logits, Math.min(count, logits.length));
          const fromTop = sample({ row, settings, history, random });
          if (fromTop.kind !== 'token') return;
          tokens++;
          const fromFull = sample({ row: fullRow(logits), settings, history, random });
          if (fromFull.kind !== 'token') throw new Error('a full row must give a token');
          expect(fromTop.token).toBe(fromFull.token);
          expect(Math.abs(fromTop.logProbability - fromFull.logProbability)).toBeLessThan(1e-4);
        },
      ),
      { numRuns: 20_000 },
    );
    expect(tokens).toBeGreaterThan(7_000);
  });

  it('accepts a normaliser that rounding to f32 put a little too high', () => {
    // All equal: the normaliser is as high as it can be, and 1000 + ln 7 rounds up.
    const row = topRowOf(new Float32Array(7).fill(1000), 3);
    const settings = resolveSamplingOptions({ temperature: 0 });
    const result = sample({ row, settings, history: historyOf([], []), random: 0.5 });
    expect(result).toMatchObject({ kind: 'token', token: 0 });
  });

  it.each([
    ['plain', {}],
    ['cool', { temperature: 0.7 }],
    ['warm', { temperature: 1.2 }],
    ['top-p', { topP: 0.95 }],
    ['cool top-p', { temperature: 0.8, topP: 0.9 }],
    ['top-k', { topK: 40, temperature: 1.4 }],
    ['min-p', { minP: 0.05, temperature: 1.5 }],
    ['penalties', { repetitionPenalty: 1.1, frequencyPenalty: 0.2, presencePenalty: 0.3 }],
    ['greedy with penalties', { temperature: 0, repetitionPenalty: 1.3 }],
  ] satisfies [string, SamplingOptions][])('seldom asks for all logits: %s', (_name, options) => {
    const random = testRandom(11);
    const settings = resolveSamplingOptions(options);
    const rounds = 150;
    let needed = 0;
    for (let round = 0; round < rounds; round++) {
      const logits = modelLikeLogits(4000, random);
      const tokens = Array.from({ length: 30 }, () => Math.floor(random() * 4000));
      const history = historyOf(tokens.slice(0, 20), tokens.slice(20));
      const count = candidatesNeeded(settings, { vocabSize: 4000, history });
      expect(count).toBeGreaterThan(0);
      const uniform = random();
      const request = { settings, history, random: uniform };
      const fromTop = sample({ row: topRowOf(logits, count), ...request });
      const fromFull = sample({ row: fullRow(logits), ...request });
      if (fromTop.kind === 'token') expect(fromTop).toMatchObject({ token: tokenOf(fromFull) });
      else needed++;
    }
    expect(needed / rounds).toBeLessThanOrEqual(0.05);
  });

  it('is decided by one candidate when it is greedy', () => {
    const logits = Float32Array.of(1, 5, 5, 2);
    expect(choose(topRowOf(logits, 1), { temperature: 0 })).toBe(1);
    expect(choose(fullRow(logits), { temperature: 0 })).toBe(1);
  });

  it('asks for all logits when a penalty takes away the only candidate', () => {
    const settings = resolveSamplingOptions({ temperature: 0, repetitionPenalty: 2 });
    const history = historyOf([1], []);
    const row = topRowOf(Float32Array.of(4, 5, 1), 1);
    expect(sample({ row, settings, history, random: 0 }).kind).toBe('need-full-logits');
  });

  it('penalises prompt and generation, or the generation alone', () => {
    const row = fullRow(Float32Array.of(5, 4.9, -9));
    const draw = (options: SamplingOptions, prompt: number[], generated: number[]) =>
      sample({
        row,
        settings: resolveSamplingOptions({ temperature: 0, ...options }),
        history: historyOf(prompt, generated),
        random: 0,
      });
    expect(draw({ repetitionPenalty: 1.1 }, [0], [])).toMatchObject({ token: 1 });
    expect(draw({ presencePenalty: 1 }, [0], [])).toMatchObject({ token: 0 });
    expect(draw({ presencePenalty: 1 }, [], [0])).toMatchObject({ token: 1 });
    expect(draw({ frequencyPenalty: 0.06 }, [], [0])).toMatchObject({ token: 0 });
    expect(draw({ frequencyPenalty: 0.06 }, [], [0, 0])).toMatchObject({ token: 1 });
    expect(draw({ logitBias: new Map([[2 as TokenId, 50]]) }, [], [])).toMatchObject({ token: 2 });
  });

  it('gives the frequencies of the distribution over many positions', () => {
    const logits = Float32Array.of(0, 1, 2, 3);
    const draws = 40_000;
    const counts = [0, 0, 0, 0];
    for (let position = 0; position < draws; position++) {
      const token = choose(fullRow(logits), {}, uniformAt(3, position)) ?? 0;
      counts[token] = (counts[token] ?? 0) + 1;
    }
    const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
    logits.forEach((logit, token) => {
      const probability = Math.exp(logit) / sum;
      const deviation = Math.sqrt((probability * (1 - probability)) / draws);
      expect(Math.abs((counts[token] ?? 0) / draws - probability)).toBeLessThan(4 * deviation);
    });
  });

  it('says how likely the token is under the model, whatever the options', () => {
    const logits = Float32Array.of(1, 2, 3);
    const expected = 3 - Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3));
    for (const row of [fullRow(logits), topRowOf(logits, 2)]) {
      const settings = resolveSamplingOptions({ temperature: 0 });
      const result = sample({ row, settings, history: new TokenHistory(), random: 0 });
      if (result.kind !== 'token') throw new Error('expected a token');
      expect(result.logProbability).toBeCloseTo(expected, 5);
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'refuses a row with %s',
    (value) => {
      const row = fullRow(Float32Array.of(1, value, 2));
      expect(() => choose(row, {})).toThrow(expect.objectContaining({ code: 'bad-output' }));
      const top = { ...topRowOf(Float32Array.of(3, 2, 1), 2), logits: Float32Array.of(3, value) };
      expect(() => choose(top, {})).toThrow(expect.objectContaining({ code: 'bad-output' }));
    },
  );

  it('refuses candidates that cannot be true', () => {
    const row = topRowOf(Float32Array.of(3, 2, 1, 0), 2);
    const forged: LogitsRow[] = [
      { ...row, ids: Int32Array.of(0, 0) },
      { ...row, ids: Int32Array.of(0, 4) },
      { ...row, ids: Int32Array.of(0, -1) },
      { ...row, ids: Int32Array.of(0) },
      { ...row, logits: Float32Array.of(2, 3) },
      { ...row, logNormaliser: Number.NaN },
      { ...row, logNormaliser: 2.9 },
      { ...row, logNormaliser: 3.2 },
      { ...row, logNormaliser: 4.3 },
    ];
    for (const bad of forged) {
      expect(() => choose(bad, {})).toThrow(expect.objectContaining({ code: 'bad-output' }));
    }
  });

  it('refuses a uniform number out of range', () => {
    const row = fullRow(Float32Array.of(1));
    for (const random of [1, -0.1, Number.NaN]) {
      expect(() => choose(row, {}, random)).toThrow(
        expect.objectContaining({ code: 'bad-argument' }),
      );
    }
  });
});

function tokenOf(result: ReturnType<typeof sample>): number {
  return result.kind === 'token' ? result.token : -1;
}
