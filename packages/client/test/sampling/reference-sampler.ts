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
  let kept = scores.map(({ token, score }) => ({
    token,
    probability: Math.exp((score - (scores[0]?.score ?? 0)) / settings.temperature),
  }));
  if (settings.topK > 0) kept = kept.slice(0, settings.topK);
  kept = normalised(kept);
  let before = 0;
  kept = kept.filter(({ probability }, index) => {
    const isKept = index === 0 || settings.topP >= 1 || before < settings.topP;
    before += probability;
    return isKept;
  });
  const largest = kept[0]?.probability ?? 0;
  return normalised(kept.filter(({ probability }) => probability >= settings.minP * largest));
}

function normalised(tokens: ReferenceToken[]): ReferenceToken[] {
  const sum = tokens.reduce((total, { probability }) => total + probability, 0);
  return tokens.map(({ token, probability }) => ({ token, probability: probability / sum }));
}
