import { SkeinError, type TokenId, toSkeinError } from '@skein/protocol';
import type { SkeinClient } from '../client/client.js';
import { type Clock, systemClock } from '../clock.js';
import type { EndEvent } from '../generate/generation-types.js';
import type {
  BatchEvent,
  BatchItem,
  BatchOptions,
  BatchProgressEvent,
  ItemEndEvent,
  ItemErrorEvent,
} from './batch-types.js';
import { InputOrder } from './input-order.js';
import { type ParallelTask, runParallel } from './run-parallel.js';

const concurrencyDefault = 8;
/** More sessions at once than peers let one client have. */
const concurrencyMax = 192;
/** Results that wait for an earlier one before no further item is begun. */
const waitingResultsMax = 1024;
/** Peers that are full now have room when others' generations end. */
const openWaitMsDefault = 60_000;

/**
 * Generates for many prompts, several at once: each on a session of its own, whose route is drawn
 * anew, so that the work spreads over the peers. An item that fails is told as an event.
 *
 * @param items may be a generator that reads a file: as many are read as there are places
 * @throws SkeinError `aborted`, `bad-argument`, and what the source throws
 */
export async function* generateBatch(
  client: SkeinClient,
  items: Iterable<BatchItem> | AsyncIterable<BatchItem>,
  options: BatchOptions & { readonly clock?: Clock },
): AsyncGenerator<BatchEvent, void, undefined> {
  const { concurrency = concurrencyDefault, order = 'finished', clock, ...defaults } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > concurrencyMax) {
    const text = `concurrency must be a whole number from 1 to ${concurrencyMax}, got ${concurrency}`;
    throw new SkeinError('bad-argument', text);
  }
  const { signal, ...settings } = defaults;
  const progress = new BatchProgress(clock ?? systemClock);
  const inOrder = order === 'input' ? new InputOrder<ItemEndEvent | ItemErrorEvent>() : null;
  const work = async (task: ParallelTask<BatchItem, BatchEvent>) => {
    progress.running += 1;
    const result = await runItem(client, settings, task);
    progress.running -= 1;
    progress.add(result);
    for (const ready of inOrder?.add(result) ?? [result]) task.emit(ready);
    task.emit(progress.event());
  };
  yield* runParallel(items, work, {
    concurrency,
    mayBegin: () => inOrder === null || inOrder.waitingCount < waitingResultsMax,
    ...(signal !== undefined && { signal }),
  });
}

/** Works on one item. It throws only when the whole batch is aborted. */
async function runItem(
  client: SkeinClient,
  settings: Omit<BatchOptions, 'concurrency' | 'order' | 'signal'>,
  { item, index, signal, emit }: ParallelTask<BatchItem, BatchEvent>,
): Promise<ItemEndEvent | ItemErrorEvent> {
  const { id, ...prompt } = item;
  const fields = id === undefined ? { index } : { index, id };
  emit({ type: 'item-start', ...fields });
  let text = '';
  const tokens: TokenId[] = [];
  let end: EndEvent | null = null;
  try {
    const options = {
      openWaitMs: openWaitMsDefault,
      priority: 'background' as const,
      ...settings,
      ...prompt,
      signal,
    };
    for await (const event of client.generate(options)) {
      if (event.type === 'token') tokens.push(event.id);
      if (event.type === 'token' || event.type === 'end') text += event.text;
      if (event.type === 'reroute') emit({ type: 'item-reroute', ...fields, reroute: event });
      if (event.type === 'end') end = event;
    }
  } catch (error) {
    if (signal.aborted) throw error;
    return { type: 'item-error', ...fields, error: toSkeinError(error) };
  }
  if (end === null || end.reason === 'aborted') {
    throw new SkeinError('aborted', 'aborted by the caller');
  }
  const { reason, promptTokens, seed } = end;
  return { type: 'item-end', ...fields, text, tokens, reason, promptTokens, seed };
}

class BatchProgress {
  running = 0;
  #succeeded = 0;
  #failed = 0;
  #tokens = 0;
  readonly #clock: Clock;
  readonly #startedAtMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAtMs = clock.now();
  }

  add(result: ItemEndEvent | ItemErrorEvent): void {
    if (result.type === 'item-error') this.#failed += 1;
    else {
      this.#succeeded += 1;
      this.#tokens += result.tokens.length;
    }
  }

  event(): BatchProgressEvent {
    const elapsedMs = this.#clock.now() - this.#startedAtMs;
    return {
      type: 'progress',
      succeeded: this.#succeeded,
      failed: this.#failed,
      running: this.running,
      tokens: this.#tokens,
      tokensPerSecond: elapsedMs <= 0 ? null : (this.#tokens * 1000) / elapsedMs,
    };
  }
}
