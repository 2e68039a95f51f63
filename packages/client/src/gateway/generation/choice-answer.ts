import { SkeinError } from '@skein/protocol';
import type { GenerationEvent } from '../../generate/generation-types.js';
import type { LoadedModel } from '../../model/model-store.js';
import { createToolCallReader, type ToolCallReader, toolSyntaxFor } from '../../tools/index.js';
import type { ChoiceEvent, GenerationRequest, ToolCallDelta } from './generation-request.js';

/** Turns the events of a generation into those of a choice: text, and calls where there are tools. */
export class ChoiceAnswer {
  readonly #choice: number;
  /** Null without tools: all is text. */
  readonly #reader: ToolCallReader | null;
  readonly #idCharacters: number;

  constructor(choice: number, model: LoadedModel, { tools }: GenerationRequest) {
    this.#choice = choice;
    const hasTools = (tools.tools ?? []).length > 0;
    this.#reader = hasTools ? createToolCallReader(model, tools) : null;
    this.#idCharacters = hasTools ? toolSyntaxFor(model).idCharacters : 0;
  }

  /** Null for what callers are not told. @throws SkeinError `aborted` */
  take(event: GenerationEvent): ChoiceEvent | null {
    const choice = this.#choice;
    if (event.type === 'token') {
      const { type, id, logProbability, topLogits: alternatives = [] } = event;
      return { type, choice, id, logProbability, alternatives, ...this.#read(event.text) };
    }
    if (event.type !== 'end') return null;
    const { type, reason, stop = null, isClosedEarly = false } = event;
    if (reason === 'aborted') throw new SkeinError('aborted', 'the request was ended');
    const text = this.#flush(event.text);
    const hasCalls = (this.#reader?.callCount ?? 0) > 0;
    const ended = hasCalls ? 'tool_calls' : 'stop';
    const why = reason === 'length' ? 'length' : ended;
    return { type, choice, text, reason: why, stop, isClosedEarly };
  }

  #read(piece: string): { text: string; toolCalls: readonly ToolCallDelta[] } {
    if (this.#reader === null) return { text: piece, toolCalls: [] };
    const { text, toolCalls } = this.#reader.push(piece);
    const deltas = toolCalls.map(({ index, name, arguments: part }): ToolCallDelta => {
      const start = name === undefined ? null : { id: createCallId(this.#idCharacters), name };
      return { index, start, arguments: part };
    });
    return { text, toolCalls: deltas };
  }

  #flush(held: string): string {
    if (this.#reader === null) return held;
    const { text } = this.#reader.push(held);
    return text + this.#reader.flush();
  }
}

/** Some templates demand nine letters and digits. */
function createCallId(characters: number): string {
  const id = crypto.randomUUID().replaceAll('-', '').slice(0, characters);
  return characters < 24 ? id : `call_${id}`;
}
