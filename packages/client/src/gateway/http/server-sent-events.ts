import { type Clock, delay } from '../../clock.js';
import { gatewayLimits } from '../gateway-limits.js';

/** One event of a stream. */
export interface ServerSentEvent {
  /** The type, where the API names one. */
  readonly event?: string;
  /** One line: JSON, or a closing word. */
  readonly data: string;
}

export interface EventStreamOptions {
  readonly clock: Clock;
  /** What is sent in place of the rest when the source fails. */
  readonly onError: (error: unknown) => readonly ServerSentEvent[];
  /** Ends the source: called when the reader leaves, or stops to read. */
  readonly abort: (reason: Error) => void;
}

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  // nginx would collect the events otherwise.
  'x-accel-buffering': 'no',
};

/**
 * Answers with a stream of events. What fails before the first one, unless that takes long, is
 * thrown: it can still be an ordinary answer with a status.
 */
export async function answerWithEvents(
  source: AsyncGenerator<ServerSentEvent, void, undefined>,
  options: EventStreamOptions,
): Promise<Response> {
  const first = source.next();
  await settledOrLate(first, options.clock);
  const body = eventStream(first, source, options);
  return new Response(body, { headers });
}

function eventStream(
  first: Promise<IteratorResult<ServerSentEvent, void>>,
  source: AsyncGenerator<ServerSentEvent, void, undefined>,
  { clock, onError, abort }: EventStreamOptions,
): ReadableStream<Uint8Array> {
  let pending: Promise<IteratorResult<ServerSentEvent, void>> | null = first;
  let cancelStall = () => {};
  const leave = (reason: Error) => {
    cancelStall();
    abort(reason);
    void source.return().catch(() => {});
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        cancelStall();
        pending ??= source.next();
        try {
          if (!(await settledOrLate(pending, clock))) {
            controller.enqueue(encode(': keep-alive\n\n'));
          } else {
            const { done, value } = await pending;
            pending = null;
            if (done) return controller.close();
            controller.enqueue(encode(formatEvent(value)));
          }
        } catch (error) {
          for (const event of onError(error)) controller.enqueue(encode(formatEvent(event)));
          return controller.close();
        }
        cancelStall = clock.schedule(gatewayLimits.stalledMs, () => {
          leave(new Error('the caller does not read'));
          controller.error(new Error('the caller does not read'));
        });
      },
      cancel: () => leave(new Error('the caller left')),
    },
    // Nothing is fetched ahead of the reader.
    { highWaterMark: 1 },
  );
}

/** Waits for a promise, up to the time after which a comment is due; true when it has settled. */
async function settledOrLate(promise: Promise<unknown>, clock: Clock): Promise<boolean> {
  const settled = new AbortController();
  const work = promise.then(() => {
    settled.abort();
    return true;
  });
  const late = delay(clock, gatewayLimits.keepAliveMs, settled.signal).then(() => false);
  try {
    return (await Promise.race([work, late])) || settled.signal.aborted;
  } finally {
    settled.abort();
  }
}

function formatEvent({ event, data }: ServerSentEvent): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`;
}

const encoder = new TextEncoder();

function encode(text: string): Uint8Array {
  return encoder.encode(text);
}
