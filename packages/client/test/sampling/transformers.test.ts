import { readFileSync } from 'node:fs';
import type { TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import {
  resolveSamplingOptions,
  type SamplingOptions,
  sample,
  TokenHistory,
} from '../../src/sampling/index.js';
import { referenceDistribution } from './reference-sampler.js';
import { fullRow } from './rows.js';

interface ProcessorsCase {
  readonly options: SamplingOptions;
  readonly prompt: TokenId[];
  readonly logits: number[];
  readonly scores: (number | null)[];
  readonly probabilities: number[];
}

// Made by make-transformers-processors.py next to it.
const cases: ProcessorsCase[] = JSON.parse(
  readFileSync(new URL('./fixtures/transformers-processors.json', import.meta.url), 'utf8'),
);

describe.each(cases.map((fixture, index) => ({ ...fixture, index })))(
  'transformers, case $index: $options',
  ({ options, prompt, logits, scores, probabilities }) => {
    const settings = resolveSamplingOptions(options);
    const kept = referenceDistribution(logits, settings, { prompt, generated: [] });

    it('keeps the same tokens with the same probabilities', () => {
      const expected = scores.flatMap((score, token) => (score === null ? [] : [token]));
      expect(kept.map(({ token }) => token).sort((a, b) => a - b)).toEqual(expected);
      for (const { token, probability } of kept) {
        expect(probability).toBeCloseTo(probabilities[token] ?? 0, 5);
      }
    });

    it('draws each of them in the middle of its share', () => {
      const row = fullRow(Float32Array.from(logits));
      const history = new TokenHistory(prompt);
      let before = 0;
      for (const { token } of kept) {
        const probability = probabilities[token] ?? 0;
        // A share under the f32 rounding of transformers' own numbers says nothing.
        if (probability > 1e-5) {
          const random = before + probability / 2;
          expect(sample({ row, settings, history, random })).toMatchObject({ token });
        }
        before += probability;
      }
    });
  },
);
