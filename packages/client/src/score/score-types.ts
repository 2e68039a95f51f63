import type { TokenId } from '@skein/protocol';
import type { TopLogit } from '../generate/generation-types.js';
import type { ChatMessage } from '../text/index.js';

/** What is to be scored: a text, tokens, or an answer to a prompt. */
export interface ScoreInput {
  /** The text. With `prompt` or `messages` only it counts, as what follows them. */
  readonly text?: string;
  /** The same as tokens. Exactly one of both is given. */
  readonly tokens?: readonly TokenId[];
  /** What stands before the text. */
  readonly prompt?: string;
  readonly promptTokens?: readonly TokenId[];
  /** A conversation that the text answers, rendered with the model's chat template. */
  readonly messages?: readonly ChatMessage[];
}

/** Options of one scoring. */
export interface ScoreOptions extends ScoreInput {
  /** Number of most likely tokens to report at each position. Default: 0. */
  readonly topLogits?: number;
  readonly signal?: AbortSignal;
}

/** A token of a given text, and how likely the model finds it after those before it. */
export interface ScoredToken {
  readonly id: TokenId;
  readonly text: string;
  /** Index in the context, the prompt's tokens included. */
  readonly position: number;
  /**
   * Natural logarithm of the token's probability; null for the first token of a context, which
   * follows nothing.
   */
  readonly logProbability: number | null;
  /** Whether the model finds no token more likely; null where nothing was predicted. */
  readonly isMostLikely: boolean | null;
  readonly topLogits?: readonly TopLogit[];
}

/** A text's score. */
export interface Score {
  readonly tokens: readonly ScoredToken[];
  /** Tokens that have a log-probability. */
  readonly scoredTokenCount: number;
  /** Sum of the log-probabilities: of the whole text, given the prompt. */
  readonly logProbability: number;
  /** exp of the mean negative log-probability; null when no token was predicted. */
  readonly perplexity: number | null;
  /** Whether greedy generation would have written this text. */
  readonly isGreedy: boolean;
  /** Tokens that did not have to be computed, because the session had them. */
  readonly reusedTokens: number;
}
