import { SkeinError, type TokenId } from '@skein/protocol';
import { samplingLimits } from './sampling-limits.js';

/** How the next token is chosen; every field has a neutral default. */
export interface SamplingOptions {
  /** Logits are divided by it; 0 takes the most likely token. Range [0, 100], default 1. */
  readonly temperature?: number;
  /** Only the k most likely tokens may be drawn; 0 (default) is no limit. */
  readonly topK?: number;
  /** Only the most likely tokens that together reach this probability. [0, 1], default 1. */
  readonly topP?: number;
  /** Only tokens at least this fraction as likely as the most likely. [0, 1], default 0. */
  readonly minP?: number;
  /**
   * Of every token in the prompt or the generation, positive logits are divided by it and negative
   * ones multiplied (arXiv 1909.05858, as in transformers). [0.01, 100], default 1.
   */
  readonly repetitionPenalty?: number;
  /** Taken off the logit of every generated token (OpenAI's meaning). [-100, 100], default 0. */
  readonly presencePenalty?: number;
  /** Taken off once per occurrence in the generation (OpenAI). [-100, 100], default 0. */
  readonly frequencyPenalty?: number;
  /** Added to the logits of single tokens, each in [-100, 100]. */
  readonly logitBias?: ReadonlyMap<TokenId, number>;
  /** Integer in [0, 2^53); the same seed gives the same tokens. Default: the caller picks one. */
  readonly seed?: number;
}

/** {@link SamplingOptions}, checked, with every default filled in. */
export interface SamplingSettings {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  readonly logitBias: ReadonlyMap<TokenId, number>;
  /** Null: the caller has not asked for a particular one; see `createSeed`. */
  readonly seed: number | null;
}

/**
 * Checks options and fills in the defaults.
 * @throws SkeinError `bad-argument` that names the option and its range
 */
export function resolveSamplingOptions(options: SamplingOptions = {}): SamplingSettings {
  const additiveMax = samplingLimits.additivePenaltyMax;
  const settings: SamplingSettings = {
    temperature: options.temperature ?? 1,
    topK: options.topK ?? 0,
    topP: options.topP ?? 1,
    minP: options.minP ?? 0,
    repetitionPenalty: options.repetitionPenalty ?? 1,
    presencePenalty: options.presencePenalty ?? 0,
    frequencyPenalty: options.frequencyPenalty ?? 0,
    logitBias: options.logitBias ?? new Map(),
    seed: options.seed ?? null,
  };
  requireRange('temperature', settings.temperature, { min: 0, max: samplingLimits.temperatureMax });
  requireInteger('topK', settings.topK);
  requireRange('topP', settings.topP, { min: 0, max: 1 });
  requireRange('minP', settings.minP, { min: 0, max: 1 });
  requireRange('repetitionPenalty', settings.repetitionPenalty, {
    min: samplingLimits.repetitionPenaltyMin,
    max: samplingLimits.repetitionPenaltyMax,
  });
  const additiveRange = { min: -additiveMax, max: additiveMax };
  requireRange('presencePenalty', settings.presencePenalty, additiveRange);
  requireRange('frequencyPenalty', settings.frequencyPenalty, additiveRange);
  requireLogitBias(settings.logitBias);
  if (settings.seed !== null) requireInteger('seed', settings.seed);
  return settings;
}

function requireRange(name: string, value: number, range: { min: number; max: number }): void {
  if (typeof value === 'number' && value >= range.min && value <= range.max) return;
  throw outOfRange(name, value, `a number in [${range.min}, ${range.max}]`);
}

function requireInteger(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw outOfRange(name, value, 'an integer in [0, 2^53)');
}

function requireLogitBias(logitBias: ReadonlyMap<TokenId, number>): void {
  const { logitBiasTokensMax, logitBiasMax } = samplingLimits;
  if (logitBias.size > logitBiasTokensMax) {
    throw outOfRange('logitBias', logitBias.size, `at most ${logitBiasTokensMax} tokens`);
  }
  for (const [token, bias] of logitBias) {
    requireInteger('logitBias token', token);
    requireRange(`logitBias of token ${token}`, bias, { min: -logitBiasMax, max: logitBiasMax });
  }
}

function outOfRange(name: string, value: unknown, allowed: string): SkeinError {
  return new SkeinError('bad-argument', `${name} must be ${allowed}, got ${String(value)}`, {
    details: { option: name, allowed },
  });
}
