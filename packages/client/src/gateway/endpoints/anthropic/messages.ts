import type { ChoiceEvent, ToolCallDelta } from '../../generation/generation-request.js';
import type { Generation } from '../../generation/generations.js';
import { toGatewayError } from '../../http/api-error.js';
import { anthropicErrorBody } from '../../http/api-styles.js';
import type { GatewayContext, GatewayServices } from '../../http/gateway-context.js';
import { parseBody } from '../../http/parse-body.js';
import type { ServerSentEvent } from '../../http/server-sent-events.js';
import { answerGeneration } from '../answer-generation.js';
import { createAnswerId } from '../generation-objects.js';
import { messagesSchema, messagesToGeneration } from './messages-schema.js';

/** `POST /v1/messages`. */
export async function handleMessages(
  context: GatewayContext,
  services: GatewayServices,
): Promise<Response> {
  const body = await parseBody(context, messagesSchema);
  const stream = new MessageStream(body.model);
  return await answerGeneration(context, services, {
    endpoint: 'messages',
    request: messagesToGeneration(body),
    isStream: body.stream === true,
    format: {
      whole: (generation) => stream.whole(generation),
      events: (generation) => stream.events(generation),
      failure: (error) => [event('error', anthropicErrorBody(toGatewayError(error)))],
    },
  });
}

/** A block of the answer, while it grows. */
type Block =
  | { readonly type: 'text'; text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; json: string };

/** One message, and the events that tell of it. */
class MessageStream {
  readonly #id = createAnswerId('msg_');
  readonly #model: string;
  readonly #blocks: Block[] = [];
  #end: Extract<ChoiceEvent, { type: 'end' }> | null = null;

  constructor(model: string) {
    this.#model = model;
  }

  async whole(generation: Generation): Promise<object> {
    for await (const _ of this.events(generation));
    return {
      ...this.#message(generation),
      content: this.#blocks.map(wholeBlock),
      ...this.#stopFields(),
    };
  }

  async *events(generation: Generation): AsyncGenerator<ServerSentEvent, void, undefined> {
    let hasBegun = false;
    for await (const choiceEvent of generation.events) {
      if (!hasBegun) {
        const message = { ...this.#message(generation), stop_reason: null, stop_sequence: null };
        yield event('message_start', { message });
      }
      hasBegun = true;
      if (choiceEvent.text !== '') yield* this.#addText(choiceEvent.text);
      if (choiceEvent.type === 'end') this.#end = choiceEvent;
      else for (const call of choiceEvent.toolCalls) yield* this.#addCall(call);
    }
    if (this.#blocks.length > 0) yield this.#blockEvent('content_block_stop', {});
    const { output_tokens } = usageOf(generation);
    yield event('message_delta', { delta: this.#stopFields(), usage: { output_tokens } });
    yield event('message_stop', {});
  }

  *#addText(text: string): Generator<ServerSentEvent> {
    let block = this.#blocks.at(-1);
    if (block?.type !== 'text') {
      block = { type: 'text', text: '' };
      yield* this.#begin(block);
    }
    block.text += text;
    yield this.#blockEvent('content_block_delta', { delta: { type: 'text_delta', text } });
  }

  *#addCall({ start, arguments: part }: ToolCallDelta): Generator<ServerSentEvent> {
    if (start !== null) yield* this.#begin({ type: 'tool_use', ...start, json: '' });
    const block = this.#blocks.at(-1);
    if (block?.type !== 'tool_use' || part === '') return;
    block.json += part;
    const delta = { type: 'input_json_delta', partial_json: part };
    yield this.#blockEvent('content_block_delta', { delta });
  }

  *#begin(block: Block): Generator<ServerSentEvent> {
    if (this.#blocks.length > 0) yield this.#blockEvent('content_block_stop', {});
    this.#blocks.push(block);
    yield this.#blockEvent('content_block_start', { content_block: wholeBlock(block) });
  }

  #blockEvent(type: string, fields: object): ServerSentEvent {
    return event(type, { index: this.#blocks.length - 1, ...fields });
  }

  #message(generation: Generation) {
    return {
      id: this.#id,
      type: 'message',
      role: 'assistant',
      model: this.#model,
      content: [] as object[],
      usage: usageOf(generation),
    };
  }

  #stopFields() {
    const { reason = 'stop', stop = null } = this.#end ?? {};
    if (reason === 'tool_calls') return { stop_reason: 'tool_use', stop_sequence: null };
    if (reason === 'length') return { stop_reason: 'max_tokens', stop_sequence: null };
    return { stop_reason: stop === null ? 'end_turn' : 'stop_sequence', stop_sequence: stop };
  }
}

/** A call that was cut has no arguments yet. */
function wholeBlock(block: Block): object {
  if (block.type === 'text') return { ...block };
  const { json, ...call } = block;
  try {
    return { ...call, input: JSON.parse(json) as object };
  } catch {
    return { ...call, input: {} };
  }
}

/** Cached tokens are counted apart. */
function usageOf(generation: Generation) {
  const { promptTokens, cachedTokens, completionTokens } = generation.usage();
  return {
    input_tokens: promptTokens - cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cachedTokens,
    output_tokens: completionTokens,
  };
}

function event(type: string, fields: object): ServerSentEvent {
  return { event: type, data: JSON.stringify({ type, ...fields }) };
}
