import type { TokenId } from '@skein/protocol';
import type { SamplingSettings } from './sampling-options.js';
import type { PenaltyHistory } from './token-history.js';

/** The largest finite f32. */
const float32Max = 3.4028234663852886e38;

/**
 * Penalties and bias of one step as a function of single logits. Tokens that it does not name keep
 * their logits.
 */
export class LogitAdjustment {
  readonly #settings: SamplingSettings;
  readonly #history: PenaltyHistory;
  readonly #penalisesSeen: boolean;
  readonly #penalisesGenerated: boolean;

  constructor(settings: SamplingSettings, history: PenaltyHistory) {
    this.#settings = settings;
    this.#history = history;
    this.#penalisesSeen = settings.repetitionPenalty !== 1 && history.seen.size > 0;
    this.#penalisesGenerated =
      (settings.presencePenalty !== 0 || settings.frequencyPenalty !== 0) &&
      history.generatedCounts.size > 0;
  }

  /** Whether any token's logit may change. */
  get isActive(): boolean {
    return this.#penalisesSeen || this.#penalisesGenerated || this.#settings.logitBias.size > 0;
  }

  /** Whether some token's logit may rise, so that it could pass any candidate from anywhere. */
  get mayRaise(): boolean {
    const { repetitionPenalty, presencePenalty, frequencyPenalty, logitBias } = this.#settings;
    if (this.#penalisesSeen && repetitionPenalty < 1) return true;
    if (this.#penalisesGenerated && (presencePenalty < 0 || frequencyPenalty < 0)) return true;
    for (const bias of logitBias.values()) if (bias > 0) return true;
    return false;
  }

  /** Whether this token's logit may change. */
  affects(token: TokenId): boolean {
    return (
      (this.#penalisesSeen && this.#history.seen.has(token)) ||
      (this.#penalisesGenerated && this.#history.generatedCounts.has(token)) ||
      this.#settings.logitBias.has(token)
    );
  }

  /**
   * The logit after repetition penalty, presence and frequency penalties and bias, in this order.
   * It never falls when the logit rises: a bound on the logit gives a bound on the result. Results
   * are f32, as in transformers.
   */
  apply(token: TokenId, logit: number): number {
    const { repetitionPenalty, presencePenalty, frequencyPenalty, logitBias } = this.#settings;
    let adjusted = logit;
    if (this.#penalisesSeen && this.#history.seen.has(token)) {
      adjusted = adjusted > 0 ? adjusted / repetitionPenalty : adjusted * repetitionPenalty;
    }
    const count = this.#penalisesGenerated ? this.#history.generatedCounts.get(token) : undefined;
    if (count !== undefined) adjusted -= presencePenalty + frequencyPenalty * count;
    adjusted += logitBias.get(token) ?? 0;
    // Logits near the end of the range must stay finite; a clamp keeps the order.
    return Math.fround(Math.max(-float32Max, Math.min(float32Max, adjusted)));
  }

  /** Every token that {@link affects} holds for, once. */
  *affectedTokens(): Generator<TokenId> {
    const { seen, generatedCounts } = this.#history;
    if (this.#penalisesSeen) yield* seen;
    if (this.#penalisesGenerated) {
      for (const token of generatedCounts.keys()) {
        if (!(this.#penalisesSeen && seen.has(token))) yield token;
      }
    }
    for (const token of this.#settings.logitBias.keys()) {
      const isKnown =
        (this.#penalisesSeen && seen.has(token)) ||
        (this.#penalisesGenerated && generatedCounts.has(token));
      if (!isKnown) yield token;
    }
  }

  /** An upper bound on the number of affected tokens, at no cost. */
  get affectedCountMax(): number {
    return (
      (this.#penalisesSeen ? this.#history.seen.size : 0) +
      (this.#penalisesGenerated ? this.#history.generatedCounts.size : 0) +
      this.#settings.logitBias.size
    );
  }
}
