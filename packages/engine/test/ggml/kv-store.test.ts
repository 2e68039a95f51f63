import { describe, expect, it } from 'vitest';
import { capacityFor } from '../../src/ggml/kv-store.js';

describe('capacityFor', () => {
  const layout = { type: 'f16', rowElements: 8, paddingTokens: 64, contextLength: 5000 } as const;

  it.each([
    [1, 64],
    [64, 64],
    [65, 128],
    [1024, 1024],
    [1025, 2048],
    [4900, 5056],
  ])('gives %i tokens a capacity of %i', (tokens, capacity) => {
    expect(capacityFor(tokens, layout)).toBe(capacity);
  });
});
