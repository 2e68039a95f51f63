import type { ModelHash, SkeinError } from '@skein/protocol';
import type { RoutingOptions } from '../client/client.js';
import type { ChatMessage } from '../text/index.js';

/** A text whose perplexity is measured. */
export interface TextItem {
  readonly id?: string;
  readonly text: string;
}

/** A question with answers to choose from. */
export interface ChoiceItem {
  readonly id?: string;
  /** What stands before the answers; or a conversation that they answer. Exactly one is given. */
  readonly prompt?: string;
  readonly messages?: readonly ChatMessage[];
  readonly choices: readonly string[];
  /** Index of the right one. */
  readonly answer: number;
}

export type EvaluationItem = TextItem | ChoiceItem;

interface ResultFields {
  /** Place in the data set, from 0. */
  readonly index: number;
  readonly id?: string;
}

export interface TextResult extends ResultFields {
  readonly kind: 'text';
  /** Tokens that were predicted: all but the first. */
  readonly tokens: number;
  /** Of the text in UTF-8. */
  readonly bytes: number;
  readonly logProbability: number;
}

export interface ChoiceResult extends ResultFields {
  readonly kind: 'choice';
  /** The choice of the highest probability, and by probability a byte. */
  readonly chosen: number;
  readonly chosenPerByte: number;
  readonly answer: number;
  readonly logProbabilities: readonly number[];
}

export type EvaluationResult = TextResult | ChoiceResult;

/** Options of an evaluation. */
export interface EvaluationOptions extends RoutingOptions {
  /** Name or hash. */
  readonly model: string;
  /** Items at once, each on a session of its own. Default: 4. */
  readonly concurrency?: number;
  /** Results of an earlier run: these items are counted, and not computed again. */
  readonly done?: Iterable<EvaluationResult>;
  readonly signal?: AbortSignal;
}

/** The figures of all items so far. */
export interface EvaluationSummary {
  readonly items: number;
  readonly failures: number;
  /** Null without a text. */
  readonly text: {
    readonly items: number;
    readonly tokens: number;
    readonly bytes: number;
    /** exp of the mean negative log-probability of a token. */
    readonly perplexity: number;
    readonly bitsPerByte: number;
  } | null;
  /** Null without a question. */
  readonly choice: {
    readonly items: number;
    readonly accuracy: number;
    /** By the choice of the highest probability a byte, which does not favour short ones. */
    readonly accuracyPerByte: number;
    /** Standard error of `accuracy`; null with a single item. */
    readonly accuracyError: number | null;
  } | null;
}

export interface EvaluationStartEvent {
  readonly type: 'start';
  readonly model: ModelHash;
  readonly modelName: string;
}

export interface EvaluationItemEvent {
  readonly type: 'item';
  readonly result: EvaluationResult;
  readonly summary: EvaluationSummary;
}

/** An item could not be computed; the others go on. */
export interface EvaluationErrorEvent extends ResultFields {
  readonly type: 'item-error';
  readonly error: SkeinError;
}

export interface EvaluationEndEvent {
  readonly type: 'end';
  readonly summary: EvaluationSummary;
}

/** What an evaluation yields. */
export type EvaluationEvent =
  | EvaluationStartEvent
  | EvaluationItemEvent
  | EvaluationErrorEvent
  | EvaluationEndEvent;
