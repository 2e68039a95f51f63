import type { TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { TokenHistory } from '../../src/sampling/index.js';

describe('TokenHistory', () => {
  it('tells prompt and generation apart', () => {
    const history = new TokenHistory([1, 2, 2] as TokenId[]);
    history.addGenerated(2 as TokenId);
    history.addGenerated(3 as TokenId);
    history.addGenerated(3 as TokenId);
    expect([...history.seen]).toEqual([1, 2, 3]);
    expect([...history.generatedCounts]).toEqual([
      [2, 1],
      [3, 2],
    ]);
  });
});
