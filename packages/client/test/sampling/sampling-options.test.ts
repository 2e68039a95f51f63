import type { TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { resolveSamplingOptions, type SamplingOptions } from '../../src/sampling/index.js';

describe('resolveSamplingOptions', () => {
  it('has neutral defaults', () => {
    expect(resolveSamplingOptions()).toEqual({
      temperature: 1,
      topK: 0,
      topP: 1,
      minP: 0,
      repetitionPenalty: 1,
      presencePenalty: 0,
      frequencyPenalty: 0,
      logitBias: new Map(),
      seed: null,
    });
  });

  it.each([
    [{ temperature: -1 }, 'temperature must be a number in [0, 100], got -1'],
    [{ temperature: Number.NaN }, 'temperature must be a number in [0, 100], got NaN'],
    [{ topK: 1.5 }, 'topK must be an integer in [0, 2^53), got 1.5'],
    [{ topK: -1 }, 'topK must be an integer in [0, 2^53), got -1'],
    [{ topP: 1.01 }, 'topP must be a number in [0, 1], got 1.01'],
    [{ minP: -0.1 }, 'minP must be a number in [0, 1], got -0.1'],
    [{ repetitionPenalty: 0 }, 'repetitionPenalty must be a number in [0.01, 100], got 0'],
    [{ presencePenalty: 101 }, 'presencePenalty must be a number in [-100, 100], got 101'],
    [{ frequencyPenalty: -101 }, 'frequencyPenalty must be a number in [-100, 100], got -101'],
    [{ seed: 2 ** 53 }, 'seed must be an integer in [0, 2^53), got 9007199254740992'],
    [
      { logitBias: new Map([[7 as TokenId, 101]]) },
      'logitBias of token 7 must be a number in [-100, 100], got 101',
    ],
    [{ temperature: '1' as unknown as number }, 'temperature must be a number in [0, 100], got 1'],
  ] satisfies [SamplingOptions, string][])('refuses %o', (options, message) => {
    expect(() => resolveSamplingOptions(options)).toThrow(
      expect.objectContaining({ code: 'bad-argument', message }),
    );
  });

  it('refuses more biased tokens than its limit', () => {
    const logitBias = new Map(Array.from({ length: 4097 }, (_, id) => [id as TokenId, 1]));
    expect(() => resolveSamplingOptions({ logitBias })).toThrow('at most 4096 tokens');
  });
});
