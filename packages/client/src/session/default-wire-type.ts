import type { ModelConfig, WireType } from '@skein/protocol';

/**
 * The precision of hidden rows between hops, and at every block boundary, where nobody names
 * another. Models that multiply their embeddings (Gemma) have residual streams that exceed the
 * largest f16, and were trained in bf16.
 */
export function defaultWireType({ embeddingScale }: Pick<ModelConfig, 'embeddingScale'>): WireType {
  return embeddingScale === undefined ? 'f16' : 'bf16';
}
