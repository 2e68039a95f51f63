import type { TokenId } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isAllowed,
  type LogitsRow,
  resolveSamplingOptions,
  type SamplingOptions,
  sample,
  TokenHistory,
  type TokenMask,
  withTokens,
} from '../../src/sampling/index.js';
import { fullRow, logitsArbitrary, modelLikeLogits, testRandom, topRowOf } from './rows.js';

const none: TokenMask = { bits: new Uint32Array(2048), count: 0 };
const maskOf = (tokens: readonly number[]) => withTokens(none, tokens);

const cutsArbitrary: fc.Arbitrary<SamplingOptions> = fc.record({
  temperature: fc.constantFrom(0, 0.5, 1, 1, 2),
  topK: fc.constantFrom(0, 0, 1, 5),
  topP: fc.constantFrom(1, 1, 0.5003, 0.9003),
  minP: fc.constantFrom(0, 0, 0.1),
});
const penaltiesArbitrary: fc.Arbitrary<SamplingOptions> = fc.record({
  repetitionPenalty: fc.constantFrom(1, 1.3, 0.8),
  presencePenalty: fc.constantFrom(0, 0.5, -1),
  logitBias: fc.constantFrom(new Map(), new Map([[0 as TokenId, 2]])),
});
const randomArbitrary = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function draw(row: LogitsRow, options: SamplingOptions, allowed: TokenMask, random: number) {
  const history = new TokenHistory([1, 2, 5] as TokenId[]);
  history.addGenerated(4 as TokenId);
  const settings = resolveSamplingOptions(options);
  return sample({ row, settings, history, random, allowed });
}

describe('a mask', () => {
  it('knows its tokens', () => {
    const mask = withTokens(maskOf([0, 31, 32, 77]), [77, 78]);
    expect(mask.count).toBe(5);
    const found = [...Array(100).keys()].filter((token) => isAllowed(mask, token));
    expect(found).toEqual([0, 31, 32, 77, 78]);
  });

  it('draws as from a vocabulary of the allowed tokens only', () => {
    fc.assert(
      fc.property(
        logitsArbitrary,
        cutsArbitrary,
        fc.array(fc.nat({ max: 39 }), { minLength: 1, maxLength: 12 }),
        randomArbitrary,
        (logits, options, picks, random) => {
          const ids = [...new Set(picks.map((pick) => pick % logits.length))].sort((a, b) => a - b);
          const small = Float32Array.from(ids, (id) => logits[id] ?? 0);
          const settings = resolveSamplingOptions(options);
          const history = new TokenHistory();
          const masked = sample({
            row: fullRow(logits),
            settings,
            history,
            random,
            allowed: maskOf(ids),
          });
          const alone = sample({ row: fullRow(small), settings, history, random });
          expect(masked).toMatchObject({ kind: 'token' });
          const [a, b] = [masked, alone].map((result) => (result as { token: number }).token);
          expect(a).toBe(ids[b as number]);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('draws from candidates what it draws from the full row, or asks for it', () => {
    let decided = 0;
    fc.assert(
      fc.property(
        logitsArbitrary,
        cutsArbitrary,
        penaltiesArbitrary,
        fc.array(fc.nat({ max: 39 }), { minLength: 1, maxLength: 30 }),
        fc.nat({ max: 40 }),
        randomArbitrary,
        (logits, cuts, penalties, picks, count, random) => {
          const allowed = maskOf(picks.map((pick) => pick % logits.length));
          const options = { ...cuts, ...penalties };
          const top = topRowOf(logits, 1 + (count % logits.length));
          const fromFull = draw(fullRow(logits), options, allowed, random);
          const fromTop = draw(top, options, allowed, random);
          if (fromTop.kind === 'need-full-logits') return;
          decided += 1;
          expect(fromTop.token).toBe((fromFull as { token: number }).token);
        },
      ),
      { numRuns: 4000 },
    );
    expect(decided).toBeGreaterThan(1000);
  });

  it('that allows nearly all is decided by candidates as often as no mask', () => {
    const random = testRandom(5);
    const everything = maskOf([...Array(2000).keys()].filter((token) => token % 97 !== 5));
    const history = new TokenHistory();
    const settings = resolveSamplingOptions({ temperature: 0.8 });
    let asked = 0;
    for (let round = 0; round < 200; round += 1) {
      const row = topRowOf(modelLikeLogits(2000, random), 64);
      const result = sample({ row, settings, history, random: random(), allowed: everything });
      if (result.kind === 'need-full-logits') asked += 1;
    }
    expect(asked).toBeLessThan(10);
  });
});
