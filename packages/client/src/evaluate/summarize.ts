import type { EvaluationResult, EvaluationSummary } from './evaluation-types.js';

/** Adds up results as they come. */
export class EvaluationTotals {
  failures = 0;
  #texts = 0;
  #tokens = 0;
  #bytes = 0;
  #logProbability = 0;
  #questions = 0;
  #right = 0;
  #rightPerByte = 0;

  add(result: EvaluationResult): void {
    if (result.kind === 'text') {
      this.#texts += 1;
      this.#tokens += result.tokens;
      this.#bytes += result.bytes;
      this.#logProbability += result.logProbability;
    } else {
      this.#questions += 1;
      if (result.chosen === result.answer) this.#right += 1;
      if (result.chosenPerByte === result.answer) this.#rightPerByte += 1;
    }
  }

  get summary(): EvaluationSummary {
    const { failures } = this;
    return {
      items: this.#texts + this.#questions,
      failures,
      text: this.#texts === 0 ? null : this.#textFigures(),
      choice: this.#questions === 0 ? null : this.#choiceFigures(),
    };
  }

  #textFigures(): NonNullable<EvaluationSummary['text']> {
    const nats = -this.#logProbability;
    return {
      items: this.#texts,
      tokens: this.#tokens,
      bytes: this.#bytes,
      perplexity: Math.exp(nats / Math.max(1, this.#tokens)),
      bitsPerByte: nats / Math.LN2 / Math.max(1, this.#bytes),
    };
  }

  #choiceFigures(): NonNullable<EvaluationSummary['choice']> {
    const items = this.#questions;
    const accuracy = this.#right / items;
    const variance = (accuracy * (1 - accuracy)) / (items - 1);
    return {
      items,
      accuracy,
      accuracyPerByte: this.#rightPerByte / items,
      accuracyError: items < 2 ? null : Math.sqrt(variance),
    };
  }
}
