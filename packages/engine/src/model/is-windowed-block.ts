import type { ModelConfig } from '@skein/protocol';

/** Tells whether a block's rows see no further back than the sliding window. */
export function isWindowedBlock(
  { slidingWindow, fullAttentionBlocks = [] }: ModelConfig,
  block: number,
): boolean {
  return slidingWindow !== null && !fullAttentionBlocks.includes(block);
}
