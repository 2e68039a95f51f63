import type { ChoiceEvent, ToolCallDelta } from '../generation/generation-request.js';
import type { GatewayContext, GatewayServices } from '../http/gateway-context.js';
import {
  type ChatCompletionsBody,
  chatCompletionsSchema,
  chatToGeneration,
} from './chat-completions-schema.js';
import { answerCompletion, type ChoiceWriter } from './completion-answer.js';
import { tokenLogProbability } from './generation-objects.js';
import type { TokenTexts } from './token-text.js';

/** `POST /v1/chat/completions`. */
export async function handleChatCompletions(
  context: GatewayContext,
  services: GatewayServices,
): Promise<Response> {
  return await answerCompletion(context, services, {
    name: 'chat-completions',
    schema: chatCompletionsSchema,
    idPrefix: 'chatcmpl-',
    object: 'chat.completion',
    chunkObject: 'chat.completion.chunk',
    toGeneration: chatToGeneration,
    writers: (_, body, texts) =>
      Array.from({ length: body.n ?? 1 }, (_, index) => new ChatChoice(index, body, texts)),
  });
}

interface ToolCallObject {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; arguments: string };
}

/** One message of the assistant. */
class ChatChoice implements ChoiceWriter {
  readonly #index: number;
  readonly #texts: TokenTexts;
  /** Null where they are not wanted. */
  readonly #logprobs: ReturnType<typeof tokenLogProbability>[] | null;
  readonly #calls: ToolCallObject[] = [];
  #content = '';
  #hasBegun = false;
  #end: object = {};

  constructor(index: number, body: ChatCompletionsBody, texts: TokenTexts) {
    this.#index = index;
    this.#texts = texts;
    this.#logprobs = body.logprobs === true ? [] : null;
  }

  take(event: ChoiceEvent): object[] {
    const chunks: object[] = [];
    if (!this.#hasBegun) {
      chunks.push(this.#chunk({ role: 'assistant', content: '', refusal: null }));
    }
    this.#hasBegun = true;
    this.#content += event.text;
    const logprobs = this.#log(event);
    const delta = deltaOf(event);
    if (event.type === 'token') for (const call of event.toolCalls) this.#addCall(call);
    if (delta !== null || logprobs !== null) {
      chunks.push(this.#chunk(delta ?? { content: '' }, logprobs));
    }
    if (event.type === 'end') {
      this.#end = endFields(event);
      chunks.push({ ...this.#chunk({}), ...this.#end });
    }
    return chunks;
  }

  whole(): object {
    const hasCalls = this.#calls.length > 0;
    const content = hasCalls && this.#content === '' ? null : this.#content;
    return {
      index: this.#index,
      message: {
        role: 'assistant',
        content,
        refusal: null,
        ...(hasCalls && { tool_calls: this.#calls }),
      },
      logprobs: this.#logprobs === null ? null : { content: this.#logprobs, refusal: null },
      ...this.#end,
    };
  }

  #chunk(delta: object, logprobs: object | null = null) {
    return { index: this.#index, delta, logprobs, finish_reason: null };
  }

  #log(event: ChoiceEvent): object | null {
    if (event.type !== 'token' || this.#logprobs === null) return null;
    const logprob = tokenLogProbability(event, this.#texts);
    this.#logprobs.push(logprob);
    return { content: [logprob], refusal: null };
  }

  #addCall({ index, start, arguments: part }: ToolCallDelta): void {
    if (start !== null) {
      const { id, name } = start;
      this.#calls.push({ id, type: 'function', function: { name, arguments: '' } });
    }
    const call = this.#calls[index];
    if (call !== undefined) call.function.arguments += part;
  }
}

/** What an event adds to the message; null for nothing. */
function deltaOf(event: ChoiceEvent): object | null {
  const calls = event.type === 'token' ? event.toolCalls : [];
  if (event.text === '' && calls.length === 0) return null;
  return {
    ...(event.text !== '' && { content: event.text }),
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ index, start, arguments: part }) => ({
        index,
        ...(start !== null && { id: start.id, type: 'function' }),
        function: { ...(start !== null && { name: start.name }), arguments: part },
      })),
    }),
  };
}

/** How a choice ended. That it was shortened to keep its format is Skein's own to tell. */
function endFields({ reason, isClosedEarly }: Extract<ChoiceEvent, { type: 'end' }>) {
  return { finish_reason: reason, ...(isClosedEarly && { closed_early: true }) };
}
