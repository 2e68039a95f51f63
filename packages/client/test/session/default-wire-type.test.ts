import { expect, it } from 'vitest';
import { defaultWireType } from '../../src/session/default-wire-type.js';

it('is f16, and bf16 where the residual stream begins with scaled embeddings', () => {
  expect(defaultWireType({})).toBe('f16');
  expect(defaultWireType({ embeddingScale: 56.6 })).toBe('bf16');
});
