import { readFileSync } from 'node:fs';
import type { ModelConfig, RopeScaling } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { ropeFrequencies } from '../../src/ggml/rope-frequencies.js';

/** What transformers' `ROPE_INIT_FUNCTIONS` gave. */
interface GoldenRope {
  readonly name: string;
  readonly headDim: number;
  readonly ropeTheta: number;
  readonly attentionFactor: number;
  readonly inverseFrequencies: readonly number[];
}

const path = new URL('../../../../test/fixtures/golden/rope.json', import.meta.url);
const goldens = JSON.parse(readFileSync(path, 'utf8')) as GoldenRope[];

const yarn = {
  kind: 'yarn',
  factor: 8,
  originalContextLength: 64,
  betaFast: 32,
  betaSlow: 1,
  attentionFactor: 0.1 * Math.log(8) + 1,
} as const;

const cases: readonly (readonly [string, RopeScaling])[] = [
  ['default', { kind: 'none' }],
  ['default with a large base', { kind: 'none' }],
  ['linear', { kind: 'linear', factor: 4 }],
  ['yarn', yarn],
  ['yarn with an attention factor', { ...yarn, attentionFactor: 0.75 }],
  ['yarn with betas', { ...yarn, betaFast: 4, betaSlow: 0.25 }],
  [
    'llama3',
    {
      kind: 'llama3',
      factor: 8,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalContextLength: 64,
    },
  ],
];

describe('ropeFrequencies', () => {
  it.each(cases)('gives the frequencies of transformers: %s', (name, scaling) => {
    const golden = goldens.find((each) => each.name === name) as GoldenRope;
    const { headDim, ropeTheta: theta } = golden;
    const rope = { theta, mode: 'neox', scaling } as const;
    const { divisors, magnitude } = ropeFrequencies({ headDim, rope } as ModelConfig);
    expect(magnitude).toBeCloseTo(golden.attentionFactor, 6);
    for (const [pair, expected] of golden.inverseFrequencies.entries()) {
      const frequency = theta ** ((-2 * pair) / headDim) / (divisors?.[pair] ?? 1);
      expect(Math.abs(frequency / expected - 1)).toBeLessThan(1e-6);
    }
  });

  it('takes the divisors of a file as they are', () => {
    const rope = { theta: 1e4, mode: 'norm', scaling: { kind: 'factors', factors: [1, 2.5] } };
    const { divisors } = ropeFrequencies({ headDim: 4, rope } as unknown as ModelConfig);
    expect(divisors).toEqual(Float32Array.of(1, 2.5));
  });
});
