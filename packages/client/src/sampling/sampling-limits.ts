import { limits } from '@skein/protocol';

/** Ranges and sizes of sampling, with their reasons. */
export const samplingLimits = {
  temperatureMax: limits.temperatureMax,
  /** Repetition penalties in use are 1 to 1.5; a factor of 100 already decides everything. */
  repetitionPenaltyMin: 0.01,
  repetitionPenaltyMax: 100,
  /** OpenAI's range for presence and frequency penalties is [-2, 2]; ours is wider, yet finite. */
  additivePenaltyMax: 100,
  /** OpenAI's range for a token's bias. */
  logitBiasMax: 100,
  /** OpenAI allows 300 biased tokens; a grammar-like use needs more. */
  logitBiasTokensMax: 4096,
  /** Alternatives with log-probabilities per token; OpenAI allows 20. */
  topLogProbabilitiesMax: 100,
} as const;

/**
 * Vocabularies up to this size are asked for in full: a row of 4 KiB is no heavier than a frame's
 * overhead, and then no answer is ever asked for twice.
 */
export const fullVocabularySizeMax = 1024;

/**
 * How far a peer's log-normaliser may be from the exact one, as an absolute error of the logarithm.
 * Peers sum exponentials of f32 logits in f64 and round to f32, which costs `|Z| * 2^-24`; sums in
 * f32 by a GPU's tree reduction stay under 5e-6.
 */
export const logNormaliserError = 1e-5;

/**
 * Relative slack for sums of up to a million f64 weights that two sides may add up in different
 * orders.
 */
export const summationSlack = 1e-11;
