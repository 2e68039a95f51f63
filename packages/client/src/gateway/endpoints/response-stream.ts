import type { ChoiceEvent, ToolCallDelta } from '../generation/generation-request.js';
import type { Generation } from '../generation/generations.js';
import { toGatewayError } from '../http/api-error.js';
import type { ServerSentEvent } from '../http/server-sent-events.js';
import { createAnswerId, tokenLogProbability } from './generation-objects.js';
import {
  type CallItem,
  itemStatus,
  type MessageItem,
  type OutputItem,
  outputItem,
  outputTextPart,
  type ResponseState,
  responseObject,
} from './response-object.js';
import type { ResponsesBody } from './responses-schema.js';
import { TokenTexts } from './token-text.js';

/** One response, and the numbered events that tell of it. */
export class ResponseStream {
  readonly #state: ResponseState;
  #sequence = 0;

  constructor(body: ResponsesBody, createdAtSeconds: number) {
    this.#state = {
      id: createAnswerId('resp_'),
      createdAtSeconds,
      body,
      items: [],
      status: 'in_progress',
      usage: null,
      error: null,
    };
  }

  async whole(generation: Generation): Promise<object> {
    for await (const _ of this.events(generation));
    return responseObject(this.#state);
  }

  async *events(generation: Generation): AsyncGenerator<ServerSentEvent, void, undefined> {
    const state = this.#state;
    const texts = new TokenTexts(generation.model);
    let hasBegun = false;
    for await (const event of generation.events) {
      if (!hasBegun) yield* this.#beginning();
      hasBegun = true;
      yield* this.#take(event, texts);
    }
    state.usage = generation.usage();
    // An answer has at least one item, and be it empty.
    if (state.items.length === 0) yield* this.#begin(newMessage());
    yield* this.#endLast();
    yield this.#event(`response.${state.status}`, { response: responseObject(state) });
  }

  /** A response that has begun fails as a whole. */
  failure(error: unknown): readonly ServerSentEvent[] {
    const { code, message } = toGatewayError(error);
    this.#state.status = 'failed';
    this.#state.error = { code, message };
    return [this.#event('response.failed', { response: responseObject(this.#state) })];
  }

  *#beginning(): Generator<ServerSentEvent> {
    // The first event may already be the last: the beginning tells of an answer to come.
    const response = responseObject({ ...this.#state, status: 'in_progress' });
    yield this.#event('response.created', { response });
    yield this.#event('response.in_progress', { response });
  }

  *#take(event: ChoiceEvent, texts: TokenTexts): Generator<ServerSentEvent> {
    const state = this.#state;
    if (event.type === 'end') state.status = event.reason === 'length' ? 'incomplete' : 'completed';
    const isLogged = event.type === 'token' && (state.body.include?.length ?? 0) > 0;
    const logprobs = isLogged ? [tokenLogProbability(event, texts)] : [];
    // Without tools there is one message, which is there from the first token on.
    const isMessage = state.body.tools == null || state.body.tools.length === 0;
    if (event.text !== '' || (isMessage && state.items.length === 0)) {
      yield* this.#addText(event.text, logprobs);
    } else if (logprobs.length > 0 && state.items.at(-1)?.type === 'message') {
      yield* this.#addText('', logprobs);
    }
    if (event.type === 'token') for (const call of event.toolCalls) yield* this.#addCall(call);
  }

  *#addText(delta: string, logprobs: MessageItem['logprobs']): Generator<ServerSentEvent> {
    let message = this.#state.items.at(-1);
    if (message?.type !== 'message') {
      message = newMessage();
      yield* this.#begin(message);
    }
    message.text += delta;
    message.logprobs.push(...logprobs);
    if (delta === '' && logprobs.length === 0) return;
    yield this.#inPart('response.output_text.delta', message, { delta, logprobs });
  }

  *#addCall({ start, arguments: delta }: ToolCallDelta): Generator<ServerSentEvent> {
    if (start !== null) {
      const id = createAnswerId('fc_');
      const { id: callId, name } = start;
      yield* this.#begin({ type: 'function_call', id, callId, name, arguments: '' });
    }
    const call = this.#state.items.at(-1) as CallItem;
    call.arguments += delta;
    if (delta === '') return;
    yield this.#inItem('response.function_call_arguments.delta', call, { delta });
  }

  *#begin(item: OutputItem): Generator<ServerSentEvent> {
    const { items } = this.#state;
    if (items.length > 0) yield* this.#endLast();
    items.push(item);
    yield this.#event('response.output_item.added', {
      output_index: items.length - 1,
      item: outputItem(item, 'in_progress', false),
    });
    if (item.type !== 'message') return;
    yield this.#inPart('response.content_part.added', item, { part: outputTextPart(item) });
  }

  *#endLast(): Generator<ServerSentEvent> {
    const { items } = this.#state;
    const item = items.at(-1) as OutputItem;
    if (item.type === 'message') {
      const { text, logprobs } = item;
      yield this.#inPart('response.output_text.done', item, { text, logprobs });
      yield this.#inPart('response.content_part.done', item, { part: outputTextPart(item) });
    } else {
      const { name, arguments: given } = item;
      const done = { name, arguments: given };
      yield this.#inItem('response.function_call_arguments.done', item, done);
    }
    const status = itemStatus(this.#state, item);
    yield this.#event('response.output_item.done', {
      output_index: items.length - 1,
      item: outputItem(item, status === 'in_progress' ? 'completed' : status, true),
    });
  }

  #inPart(type: string, item: MessageItem, fields: object): ServerSentEvent {
    return this.#inItem(type, item, { content_index: 0, ...fields });
  }

  #inItem(type: string, { id: item_id }: OutputItem, fields: object): ServerSentEvent {
    const output_index = this.#state.items.length - 1;
    return this.#event(type, { item_id, output_index, ...fields });
  }

  #event(type: string, fields: object): ServerSentEvent {
    const sequence_number = this.#sequence;
    this.#sequence += 1;
    return { event: type, data: JSON.stringify({ type, sequence_number, ...fields }) };
  }
}

function newMessage(): MessageItem {
  return { type: 'message', id: createAnswerId('msg_'), text: '', logprobs: [] };
}
