import { observerLimits } from '../observer-limits.js';
import type { LiveFeed } from './live-feed.js';

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  // nginx would collect the events otherwise.
  'x-accel-buffering': 'no',
};

/** Answers with the live stream, until the reader leaves or does not keep up. */
export function answerLive(feed: LiveFeed, lastEventId: string | undefined): Response {
  const known = /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : null;
  const encoder = new TextEncoder();
  let end = () => {};
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const send = (text: string) => {
          if ((controller.desiredSize ?? 0) <= 0) {
            controller.error(new Error('the reader does not keep up'));
            return false;
          }
          controller.enqueue(encoder.encode(text));
          return true;
        };
        end = feed.add({ send }, known);
      },
      cancel: () => end(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: observerLimits.liveBufferedBytesMax }),
  );
  return new Response(body, { headers });
}
