import type { SamplingSettings } from '../../src/sampling/index.js';

/** A token with the probability that it has after every sampling option. */
export interface ReferenceToken {
  readonly token: number;
  readonly probability: number;
}

/**
 * The distribution that `sample` draws from, written down as plainly as possible: every step over
 * all tokens, in the order of the definition. Sorted by descending probability, then by id.
 */
export function referenceDistribution(
  logits: ArrayLike<number>,
  settings: SamplingSettings,
  history: { prompt: readonly number[]; generated: readonly number[] },
): ReferenceToken[] {
  const scores = Array.from(logits, (logit, token) => {
    let score = logit;
    if (history.prompt.includes(token) || history.generated.includes(token)) {
      score = score > 0 ? score / settings.repetitionPenalty : score * settings.repetitionPenalty;
    }
    const count = history.generated.filter((other) => other === token).length;
    if (count > 0) score -= settings.presencePenalty + settings.frequencyPenalty * count;
    score += settings.logitBias.get(token as never) ?? 0;
    return { token, score: Math.fround(score) };
  });
  scores.sort((a, b) => b.score - a.score || a.token - b.token);
  if (settings.temperature === 0) return [{ token: scores[0]?.token ?? 0, probability: 1 }];
  let kept = scores.map(({ token, score }) => {
    const weight = Math.exp((score - (scores[0]?.score ?? 0)) / settings.temperature);
    return { token, weight, probability: weight };
  });
  if (settings.topK > 0) kept = kept.slice(0, settings.topK);
  kept = normalised(kept);
  let before = 0;
  kept = kept.filter(({ probability }, index) => {
    const isKept = index === 0 || settings.topP >= 1 || before < settings.topP;
    before += probability;
    return isKept;
  });
  // The largest weight is 1. Two normalised probabilities may be equal where the weights are not.
  return normalised(kept.filter(({ weight }) => weight >= settings.minP));
}

function normalised<Token extends ReferenceToken>(tokens: Token[]): Token[] {
  const sum = tokens.reduce((total, { probability }) => total + probability, 0);
  return tokens.map((token) => ({ ...token, probability: token.probability / sum }));
}
