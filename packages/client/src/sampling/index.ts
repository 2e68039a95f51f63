/**
 * Choosing tokens at the client: options, history, the exact sampler and its random numbers.
 *
 * ```ts
 * const settings = resolveSamplingOptions({ temperature: 0.8, topP: 0.95, seed: 7 });
 * const history = new TokenHistory(promptTokens);
 * const topK = candidatesNeeded(settings, { vocabSize, history });
 * // … ask the last peer for `topK` candidates of the next position …
 * const result = sample({ row, settings, history, random: uniformAt(7, position) });
 * ```
 */
export { candidatesNeeded } from './candidates-needed.js';
export { type TokenLogProbability, topLogProbabilities } from './log-probabilities.js';
export { type FullRow, type LogitsRow, logitsRow, type TopRow } from './logits-row.js';
export { type SampleRequest, type SampleResult, sample } from './sample.js';
export { samplingLimits } from './sampling-limits.js';
export {
  resolveSamplingOptions,
  type SamplingOptions,
  type SamplingSettings,
} from './sampling-options.js';
export { type PenaltyHistory, TokenHistory } from './token-history.js';
export { isAllowed, type TokenMask, withTokens } from './token-mask.js';
export { createSeed, randomFor, uniformAt } from './uniform-at.js';
