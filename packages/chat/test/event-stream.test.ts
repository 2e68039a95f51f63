import { describe, expect, it } from 'vitest';
import { readEventStream } from '../src/api/event-stream.js';
import { chatLimits } from '../src/chat-limits.js';

const encoder = new TextEncoder();

/** A body that comes in pieces. */
function bodyOf(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

async function read(pieces: readonly Uint8Array[]) {
  const events = [];
  for await (const event of readEventStream(bodyOf(pieces))) events.push(event);
  return events;
}

describe('readEventStream', () => {
  const text =
    'data: {"a":"é"}\n\n: keep-alive\n\nevent: skein\ndata: 1\ndata: 2\r\n\r\ndata: [DONE]\n\n';
  const expected = [
    { event: 'message', data: '{"a":"é"}' },
    { event: 'skein', data: '1\n2' },
    { event: 'message', data: '[DONE]' },
  ];

  it.each([1, 2, 7, 1000])('reads pieces of %d bytes', async (size) => {
    const bytes = encoder.encode(text);
    const pieces = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
    expect(await read(pieces)).toEqual(expected);
  });

  it('leaves out an event that was not ended', async () => {
    expect(await read([encoder.encode('data: 1\n\ndata: 2')])).toEqual([
      { event: 'message', data: '1' },
    ]);
  });

  it('refuses a line without end', async () => {
    const piece = encoder.encode('x'.repeat(chatLimits.streamLineCharactersMax / 2 + 1));
    await expect(read([piece, piece])).rejects.toThrow(RangeError);
  });
});
