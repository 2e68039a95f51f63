import type { SkeinError, TokenId } from '@skein/protocol';
import type { RoutingOptions } from '../client/client.js';
import type { EndEvent, GenerateOptions } from '../generate/generation-types.js';
import type { RerouteEvent } from '../session/session-types.js';

/** One of many prompts. Its options go before those of the batch. */
export interface BatchItem extends Omit<GenerateOptions, 'signal' | 'logits'> {
  /** For the caller, to know its own items by. */
  readonly id?: string;
}

/** Options of a batch; those of a generation are defaults for all items. */
export interface BatchOptions
  extends Omit<GenerateOptions, 'prompt' | 'promptTokens' | 'messages' | 'logits'>,
    RoutingOptions {
  /** Name or hash. */
  readonly model: string;
  /** Generations at once, each on a route of its own. Default: 8. */
  readonly concurrency?: number;
  /** `finished` (default) tells of items as they end, `input` in the order of the prompts. */
  readonly order?: 'finished' | 'input';
}

/** What an item began or ended with. */
interface ItemFields {
  /** Place of the prompt, from 0. */
  readonly index: number;
  readonly id?: string;
}

export interface ItemStartEvent extends ItemFields {
  readonly type: 'item-start';
}

/** An item's route changed; its text goes on as if nothing had happened. */
export interface ItemRerouteEvent extends ItemFields {
  readonly type: 'item-reroute';
  readonly reroute: RerouteEvent;
}

export interface ItemEndEvent extends ItemFields {
  readonly type: 'item-end';
  readonly text: string;
  readonly tokens: readonly TokenId[];
  readonly reason: EndEvent['reason'];
  readonly promptTokens: number;
  readonly seed: number;
}

/** An item failed; the others go on. */
export interface ItemErrorEvent extends ItemFields {
  readonly type: 'item-error';
  readonly error: SkeinError;
}

/** After every item that ended or failed. */
export interface BatchProgressEvent {
  readonly type: 'progress';
  readonly succeeded: number;
  readonly failed: number;
  readonly running: number;
  /** Generated over all items that ended. */
  readonly tokens: number;
  readonly tokensPerSecond: number | null;
}

/** What a batch yields. */
export type BatchEvent =
  | ItemStartEvent
  | ItemRerouteEvent
  | ItemEndEvent
  | ItemErrorEvent
  | BatchProgressEvent;
