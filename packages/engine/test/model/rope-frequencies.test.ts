import { readFileSync } from 'node:fs';
import type { RopeScaling } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { ropeFrequencies } from '../../src/model/rope-frequencies.js';

/** What transformers' `ROPE_INIT_FUNCTIONS` gave. */
interface GoldenRope {
  readonly name: string;
  readonly headDim: number;
  readonly ropeTheta: number;
  readonly ropeScaling: Readonly<Record<string, unknown>>;
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
  ['yarn without truncation', { ...yarn, truncate: false }],
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
    const { divisors, magnitude } = ropeFrequencies(rope, { headDim, contextLength: 512 });
    expect(magnitude).toBeCloseTo(golden.attentionFactor, 6);
    for (const [pair, expected] of golden.inverseFrequencies.entries()) {
      const frequency = theta ** ((-2 * pair) / headDim) / (divisors?.[pair] ?? 1);
      expect(Math.abs(frequency / expected - 1)).toBeLessThan(1e-6);
    }
  });

  it('takes the divisors of a file as they are', () => {
    const scaling = { kind: 'factors', factors: [1, 2.5] } as const;
    const rope = { theta: 1e4, mode: 'norm', scaling } as const;
    const { divisors } = ropeFrequencies(rope, { headDim: 4, contextLength: 512 });
    expect(divisors).toEqual(Float32Array.of(1, 2.5));
  });

  it.each([
    ['longrope, short', 64],
    ['longrope, long', 65],
  ])('takes the list that the longest context asks for: %s', (name, contextLength) => {
    const golden = goldens.find((each) => each.name === name) as GoldenRope;
    const { short_factor: shortFactors, long_factor: longFactors } = golden.ropeScaling;
    const scaling = {
      kind: 'longrope',
      shortFactors: shortFactors as number[],
      longFactors: longFactors as number[],
      originalContextLength: 64,
      attentionFactor: golden.attentionFactor,
    } as const;
    const { headDim, ropeTheta: theta } = golden;
    const rope = { theta, mode: 'neox', scaling } as const;
    const { divisors, magnitude } = ropeFrequencies(rope, { headDim, contextLength });
    expect(magnitude).toBe(golden.attentionFactor);
    for (const [pair, expected] of golden.inverseFrequencies.entries()) {
      const frequency = theta ** ((-2 * pair) / headDim) / (divisors?.[pair] ?? 1);
      expect(Math.abs(frequency / expected - 1)).toBeLessThan(1e-6);
    }
  });

  it('has the pairs of the rotated part alone', () => {
    const scaling = {
      kind: 'llama3',
      factor: 8,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalContextLength: 64,
    } as const;
    const whole = { theta: 1e4, mode: 'neox', scaling } as const;
    const part = ropeFrequencies({ ...whole, dimensions: 16 }, { headDim: 32, contextLength: 512 });
    expect(part).toEqual(ropeFrequencies(whole, { headDim: 16, contextLength: 512 }));
  });
});
