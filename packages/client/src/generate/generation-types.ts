import type { TokenId } from '@skein/protocol';
import type { ResponseFormat } from '../grammar/index.js';
import type { SamplingOptions } from '../sampling/index.js';
import type {
  RerouteEvent,
  RouteEvent,
  StandbyEvent,
  WaitingEvent,
} from '../session/session-types.js';
import type { ChatMessage } from '../text/index.js';
import type { ToolOptions } from '../tools/index.js';

/** What to go on from: exactly one of the three. */
export interface PromptOptions {
  /** Text, encoded with what the model wants around it. In a session it is appended as it is. */
  readonly prompt?: string;
  readonly promptTokens?: readonly TokenId[];
  /** A conversation, rendered with the model's chat template. */
  readonly messages?: readonly ChatMessage[];
}

/** Options of one generation. */
export interface GenerateOptions extends PromptOptions, SamplingOptions, ToolOptions {
  /** Tokens to generate at most. Default: 512, or what fits the context if that is less. */
  readonly maxTokens?: number;
  /** Texts that end the generation; they are not part of the output. */
  readonly stop?: readonly string[];
  /** Goes on past the model's end tokens. Default: false. */
  readonly ignoreEos?: boolean;
  /**
   * What the answer has to look like: each token is drawn from those that fit, with the model's own
   * probabilities. When tokens run out, what completes the answer in time is left to draw from.
   * Not with `ignoreEos`. Default: anything.
   */
  readonly responseFormat?: ResponseFormat;
  /**
   * Peers draw tokens as this client does and go on at once, without waiting for it; each token is still
   * checked here. Off where a format, a bias or a penalty has a say. Default: true.
   */
  readonly runAhead?: boolean;
  /** Number of most likely tokens to report with each token. Default: 0. */
  readonly logits?: number;
  readonly signal?: AbortSignal;
}

/** One of the most likely tokens at a position. */
export interface TopLogit {
  readonly id: TokenId;
  readonly logit: number;
  /** Natural logarithm of the probability, before any sampling option. */
  readonly logProbability: number;
}

export interface TokenEvent {
  readonly type: 'token';
  readonly id: TokenId;
  /** Text that became final with this token; it may be empty. */
  readonly text: string;
  /** Index of the token in the context, the prompt's tokens included. */
  readonly position: number;
  /** Natural logarithm of the token's probability, before any sampling option. */
  readonly logProbability: number;
  readonly topLogits?: readonly TopLogit[];
}

export interface EndEvent {
  readonly type: 'end';
  readonly reason: 'eos' | 'length' | 'stop' | 'aborted';
  /** Text that was held back until the end, such as the beginning of a stop string. */
  readonly text: string;
  /** The stop string that was met. */
  readonly stop?: string;
  /** The answer fits its format, and was shortened so that `maxTokens` were enough for it. */
  readonly isClosedEarly?: boolean;
  /** Tokens generated; an end token does not count. */
  readonly tokens: number;
  readonly promptTokens: number;
  /** From the call to the first token; null without one. */
  readonly firstTokenMs: number | null;
  /** After the first token; null with fewer than two. */
  readonly tokensPerSecond: number | null;
  /** With it the same generation can be had again. */
  readonly seed: number;
}

/** What a generation yields. */
export type GenerationEvent =
  | RouteEvent
  | TokenEvent
  | RerouteEvent
  | WaitingEvent
  | StandbyEvent
  | EndEvent;

/** Tokens generated when nobody says how many. */
export const maxTokensDefault = 512;
