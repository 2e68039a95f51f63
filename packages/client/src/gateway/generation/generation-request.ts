import type { Priority, TokenId } from '@skein/protocol';
import type { PromptOptions } from '../../generate/generation-types.js';
import type { ResponseFormat } from '../../grammar/index.js';
import type { SamplingOptions } from '../../sampling/index.js';
import type { ScoredToken } from '../../score/index.js';
import type { ToolOptions } from '../../tools/index.js';
import type { ApiKey } from '../admission/api-keys.js';
import type { RouteListener } from './watch-route.js';

/** What an answer has to look like, and where the caller said so. */
export interface RequestedFormat {
  readonly format: ResponseFormat;
  /** The parameter that is to blame when the format cannot be enforced. */
  readonly param: string;
}

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
  /** Prompt and answer together have at most so many tokens. Null: the model's context. */
  readonly contextMax: number | null;
  readonly stop: readonly string[];
  readonly ignoreEos: boolean;
  readonly format: RequestedFormat;
  /** What the answer may call. */
  readonly tools: ToolOptions;
  /** Alternatives to report with each token; null: no log-probabilities at all. */
  readonly topLogProbabilities: number | null;
  /** Whether the prompt's own tokens get log-probabilities as well; they are computed for it. */
  readonly scoresPrompt: boolean;
  /** Whom the caller asks for: the same one always gets the same target of an alias. */
  readonly user: string | null;
  /** Whose steps go first at the peers. */
  readonly priority: Priority;
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
  /** The prompt's tokens, with the first token of a choice, where they were asked for. */
  readonly scoredPrompt?: readonly ScoredToken[];
  /** Parts of calls that became final with this token. */
  readonly toolCalls: readonly ToolCallDelta[];
}

/** A part of a call of a tool. */
export interface ToolCallDelta {
  /** Counts the calls of a choice from 0. */
  readonly index: number;
  /** With the first part of a call. */
  readonly start: { readonly id: string; readonly name: string } | null;
  /** A part of the arguments, as JSON. */
  readonly arguments: string;
}

interface ChoiceEndEvent {
  readonly type: 'end';
  readonly choice: number;
  /** Text that was held back until the end. */
  readonly text: string;
  /** `length`: the limit of tokens, or of the context, was reached. */
  readonly reason: 'stop' | 'length' | 'tool_calls';
  /** The stop text that ended it. */
  readonly stop: string | null;
  /** The answer fits its format, and was shortened to fit the limit as well. */
  readonly isClosedEarly: boolean;
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
