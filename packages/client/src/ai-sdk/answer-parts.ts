import type { LanguageModelV3StreamPart } from '@ai-sdk/provider';
import { createSessionId } from '@skein/protocol';
import type { ToolCallPiece, ToolCallReader } from '../tools/index.js';

type Parts = Generator<LanguageModelV3StreamPart, void, undefined>;

const textId = '0';

/** A call that is being written. */
interface OpenCall {
  readonly id: string;
  readonly toolName: string;
  input: string;
}

/** Turns the pieces of an answer into stream parts: blocks of text, and calls of tools. */
export class AnswerParts {
  /** Calls that are whole. */
  callCount = 0;
  readonly #reader: ToolCallReader | null;
  #hasText = false;
  #call: OpenCall | null = null;

  /** @param reader tells calls from text; null when there are no tools */
  constructor(reader: ToolCallReader | null) {
    this.#reader = reader;
  }

  *push(piece: string): Parts {
    if (this.#reader === null) {
      yield* this.#addText(piece);
      return;
    }
    const { text, toolCalls } = this.#reader.push(piece);
    yield* this.#addText(text);
    for (const call of toolCalls) yield* this.#addCall(call);
  }

  /** What is left when the answer has ended. A call that was cut off is no call. */
  *finish(): Parts {
    yield* this.#addText(this.#reader?.flush() ?? '');
    yield* this.#endText();
    yield* this.#endCall();
  }

  *#addText(delta: string): Parts {
    if (delta === '') return;
    if (!this.#hasText) yield { type: 'text-start', id: textId };
    this.#hasText = true;
    yield { type: 'text-delta', id: textId, delta };
  }

  *#endText(): Parts {
    if (this.#hasText) yield { type: 'text-end', id: textId };
    this.#hasText = false;
  }

  *#addCall({ name, arguments: delta }: ToolCallPiece): Parts {
    if (name !== undefined) {
      yield* this.#endText();
      yield* this.#endCall();
      this.#call = { id: `call-${createSessionId()}`, toolName: name, input: '' };
      yield { type: 'tool-input-start', id: this.#call.id, toolName: name };
    }
    if (this.#call === null || delta === '') return;
    this.#call.input += delta;
    yield { type: 'tool-input-delta', id: this.#call.id, delta };
  }

  *#endCall(): Parts {
    const call = this.#call;
    this.#call = null;
    if (call === null) return;
    const { id: toolCallId, toolName, input } = call;
    yield { type: 'tool-input-end', id: toolCallId };
    if (!isJson(input)) return;
    this.callCount += 1;
    yield { type: 'tool-call', toolCallId, toolName, input };
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
