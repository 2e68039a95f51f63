import type { TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import {
  candidatesNeeded,
  resolveSamplingOptions,
  type SamplingOptions,
  TokenHistory,
} from '../../src/sampling/index.js';

const vocabSize = 32_000;

function needed(options: SamplingOptions, prompt: number[] = [], size = vocabSize): number {
  const history = new TokenHistory(prompt as TokenId[]);
  return candidatesNeeded(resolveSamplingOptions(options), { vocabSize: size, history });
}

describe('candidatesNeeded', () => {
  it.each([
    ['greedy', { temperature: 0 }, 1],
    ['plain sampling', {}, 64],
    ['top-k', { topK: 40 }, 40],
    ['a large top-k, whose draw still falls among the first', { topK: 1000 }, 64],
    ['a hot top-k, which keeps exactly so many', { topK: 1000, temperature: 5 }, 1000],
    ['a warm temperature', { temperature: 1.2 }, 256],
    ['a hot temperature: the full row', { temperature: 3 }, 0],
    ['min-p at a hot temperature', { temperature: 3, minP: 0.1 }, 256],
    ['more than the protocol carries: the full row', { temperature: 3, topK: 5000 }, 0],
    ['a raised token: the full row', { logitBias: new Map([[1 as TokenId, 1]]) }, 0],
    ['a lowered token', { logitBias: new Map([[1 as TokenId, -1]]) }, 65],
  ] satisfies [string, SamplingOptions, number][])('%s', (_name, options, expected) => {
    expect(needed(options)).toBe(expected);
  });

  it('adds the penalised tokens, up to a limit', () => {
    const options = { temperature: 0, repetitionPenalty: 1.1 };
    expect(needed(options, [1, 2, 2, 3])).toBe(4);
    expect(
      needed(
        options,
        Array.from({ length: 1000 }, (_, id) => id),
      ),
    ).toBe(193);
    expect(needed({ temperature: 0, repetitionPenalty: 0.9 }, [1])).toBe(0);
    expect(needed({ temperature: 0, presencePenalty: 1 }, [1, 2])).toBe(1);
  });

  it('takes small vocabularies in full', () => {
    expect(needed({ temperature: 0 }, [], 1024)).toBe(0);
    expect(needed({ temperature: 0 }, [], 1025)).toBe(1);
  });
});
