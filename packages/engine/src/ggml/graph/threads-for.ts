import type { ModelConfig } from '@skein/protocol';
import type { GraphPlan } from './graph-plan.js';

/**
 * Multiply-adds that make one more thread worth its while. ggml's threads spin at a barrier after
 * every operation: that is free on idle cores, but on a busy machine a barrier lasts until the
 * system lets the other thread run, and a step of a tiny model took 1000 ms instead of 0.3.
 */
const multiplyAddsPerThread = 4_000_000;

/** How many of `threads` to compute a batch on. */
export function threadsFor(config: ModelConfig, plan: GraphPlan, threads: number): number {
  const { hiddenSize, feedForwardSize, headDim, headCount, kvHeadCount, vocabSize } = config;
  const feedForwards = config.experts?.usedCount ?? 1;
  const attentionSize = 2 * (headCount + kvHeadCount) * headDim;
  const perBlock = hiddenSize * (attentionSize + 3 * feedForwards * feedForwardSize);
  const blocks = plan.span.end - plan.span.start;
  const multiplyAdds =
    plan.rowCount * blocks * perBlock + plan.outputRows.logits * hiddenSize * vocabSize;
  return Math.min(threads, Math.max(1, Math.round(multiplyAdds / multiplyAddsPerThread)));
}
