import { type Clock, delay } from '../../clock.js';
import { gatewayLimits } from '../gateway-limits.js';

/** One event of a stream. */
export interface ServerSentEvent {
  /** The type, where the API names one. */
  readonly event?: string;
  /** One line: JSON, or a closing word. */
  readonly data: string;
}

/** How events are written. */
export interface StreamEncoding {
  readonly contentType: string;
  write(event: ServerSentEvent): string;
  /** Sent in long silences, so that no proxy gives up. */
  readonly keepAlive: string;
}

/** Server-sent events; a comment is no event. */
const serverSentEvents: StreamEncoding = {
  contentType: 'text/event-stream; charset=utf-8',
  write: ({ event, data }) => `${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`,
  keepAlive: ': keep-alive\n\n',
};

/** A line of JSON for each event; a line may begin with spaces. */
export const jsonLines: StreamEncoding = {
  contentType: 'application/x-ndjson',
  write: ({ data }) => `${data}\n`,
  keepAlive: ' ',
};

export interface EventStreamOptions {
  readonly clock: Clock;
  /** Default: {@link serverSentEvents}. */
  readonly encoding?: StreamEncoding;
  /** What is sent in place of the rest when the source fails. */
  readonly onError: (error: unknown) => readonly ServerSentEvent[];
  /** Ends the source: called when the reader leaves, or stops to read. */
  readonly abort: (reason: Error) => void;
}

const headers = {
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
  const { contentType } = options.encoding ?? serverSentEvents;
  return new Response(body, { headers: { 'content-type': contentType, ...headers } });
}

function eventStream(
  first: Promise<IteratorResult<ServerSentEvent, void>>,
  source: AsyncGenerator<ServerSentEvent, void, undefined>,
  { clock, onError, abort, encoding = serverSentEvents }: EventStreamOptions,
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
            controller.enqueue(encode(encoding.keepAlive));
          } else {
            const { done, value } = await pending;
            pending = null;
            if (done) return controller.close();
            controller.enqueue(encode(encoding.write(value)));
          }
        } catch (error) {
          for (const event of onError(error)) controller.enqueue(encode(encoding.write(event)));
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

const encoder = new TextEncoder();

function encode(text: string): Uint8Array {
  return encoder.encode(text);
}
