import type { TokenId } from '@skein/protocol';
import type { LoadedModel } from '../model/model-store.js';
import type { TokenScore } from './score-tokens.js';
import type { Score, ScoredToken } from './score-types.js';

/** What is known of a scored text. */
export interface ScoredParts {
  /** The whole context. */
  readonly tokens: readonly TokenId[];
  /** Where the scored text begins in it. */
  readonly textStart: number;
  /** Scores of the last tokens: all of the text, but perhaps its first. */
  readonly scores: readonly TokenScore[];
  readonly reusedTokens: number;
}

/** Puts a score together, with the text of each token. */
export function scoreResult({ tokenizer }: LoadedModel, parts: ScoredParts): Score {
  const { tokens, textStart, scores, reusedTokens } = parts;
  const decoder = tokenizer?.createStreamDecoder() ?? null;
  decoder?.skip(tokens.slice(0, textStart));
  const firstScored = tokens.length - scores.length;
  const scored = tokens.slice(textStart).map((id, index): ScoredToken => {
    const position = textStart + index;
    const isLast = position === tokens.length - 1;
    const text = (decoder?.push(id) ?? '') + (isLast ? (decoder?.flush() ?? '') : '');
    const score = scores[position - firstScored];
    const token = { id, text, position };
    if (score === undefined) return { ...token, logProbability: null, isMostLikely: null };
    const { logProbability, isMostLikely, topLogits } = score;
    const told = { ...token, logProbability, isMostLikely };
    return topLogits.length === 0 ? told : { ...told, topLogits };
  });
  const logProbability = scores.reduce((sum, score) => sum + score.logProbability, 0);
  return {
    tokens: scored,
    scoredTokenCount: scores.length,
    logProbability,
    perplexity: scores.length === 0 ? null : Math.exp(-logProbability / scores.length),
    isGreedy: scores.every(({ isMostLikely }) => isMostLikely),
    reusedTokens,
  };
}
