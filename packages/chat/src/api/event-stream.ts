import { chatLimits } from '../chat-limits.js';

/** One event of a stream. */
export interface StreamEvent {
  /** `message` where the server named none. */
  readonly event: string;
  readonly data: string;
}

/**
 * Reads server-sent events. A comment or an empty block is none.
 * @throws RangeError for a line without end
 */
export async function* readEventStream(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<StreamEvent, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const block = new EventBlock();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      if (rest.length > chatLimits.streamLineCharactersMax) {
        throw new RangeError('a line of the stream has no end');
      }
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const event = block.add(line.replace(/\r$/, ''));
        if (event !== null) yield event;
      }
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** The lines of one event, until an empty one ends it. */
class EventBlock {
  #event = 'message';
  #data: string[] = [];

  add(line: string): StreamEvent | null {
    if (line === '') return this.#end();
    const [, field, value = ''] = /^(event|data):? ?(.*)$/.exec(line) ?? [];
    if (field === 'event') this.#event = value;
    if (field === 'data') this.#data.push(value);
    return null;
  }

  #end(): StreamEvent | null {
    const event = { event: this.#event, data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.#event = 'message';
    this.#data = [];
    return isEmpty ? null : event;
  }
}
