import type { TokenId } from '@skein/protocol';
import type { PromptOptions } from '../../generate/generation-types.js';
import type { SamplingOptions } from '../../sampling/index.js';
import type { ApiKey } from '../admission/api-keys.js';
import type { RouteListener } from './watch-route.js';

/**
 * What every endpoint turns its request into. An adapter for another API is a schema, a function to
 * this, and functions from {@link ChoiceEvent}s to its own answers.
 */
export interface GenerationRequest {
  /** The name that the caller asked for. */
  readonly model: string;
  readonly prompts: readonly PromptOptions[];
  /** Answers to each prompt. */
  readonly choicesPerPrompt: number;
  readonly sampling: SamplingOptions;
  /** Null: as many as fit the context. */
  readonly maxTokens: number | null;
  readonly stop: readonly string[];
  readonly ignoreEos: boolean;
  /** Alternatives to report with each token; null: no log-probabilities at all. */
  readonly topLogProbabilities: number | null;
  /** Whom the caller asks for: the same one always gets the same target of an alias. */
  readonly user: string | null;
  /** Hears where the answers are computed. Default: nobody does. */
  readonly onRoute?: RouteListener;
}

/** Who asks. */
export interface Caller {
  readonly key: ApiKey;
  /** False where the gateway has no keys: then all callers are one. */
  readonly isAuthenticated: boolean;
}

/** A token with the natural logarithm of its probability, before any sampling option. */
export interface TokenProbability {
  readonly id: TokenId;
  readonly logProbability: number;
}

export interface ChoiceTokenEvent extends TokenProbability {
  readonly type: 'token';
  /** Counts over all prompts: answers to the first prompt come first. */
  readonly choice: number;
  /** Text that became final with this token; it may be empty. */
  readonly text: string;
  readonly alternatives: readonly TokenProbability[];
}

interface ChoiceEndEvent {
  readonly type: 'end';
  readonly choice: number;
  /** Text that was held back until the end. */
  readonly text: string;
  /** `length`: the limit of tokens, or of the context, was reached. */
  readonly reason: 'stop' | 'length';
}

/** What the answers of a request are made of. Every choice ends with an `end`. */
export type ChoiceEvent = ChoiceTokenEvent | ChoiceEndEvent;

/** Tokens of a request, as far as it has come. */
export interface GenerationUsage {
  /** All prompts, each once. */
  readonly promptTokens: number;
  /** Of these, tokens that no peer had to compute. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
}
