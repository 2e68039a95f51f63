import type { ChoiceEvent } from '../generation/generation-request.js';
import type { Generation } from '../generation/generations.js';
import { toGatewayError } from '../http/api-error.js';
import type { GatewayContext, GatewayServices } from '../http/gateway-context.js';
import { parseBody } from '../http/parse-body.js';
import type { ServerSentEvent } from '../http/server-sent-events.js';
import { answerGeneration } from './answer-generation.js';
import { createAnswerId, tokenLogProbability } from './generation-objects.js';
import {
  outputMessage,
  outputTextPart,
  type ResponseState,
  responseObject,
} from './response-object.js';
import { type ResponsesBody, responsesSchema, responseToGeneration } from './responses-schema.js';
import { TokenTexts } from './token-text.js';

/** `POST /v1/responses`. */
export async function handleResponses(
  context: GatewayContext,
  services: GatewayServices,
): Promise<Response> {
  const body = await parseBody(context, responsesSchema);
  const stream = new ResponseStream(body, services.nowSeconds());
  return await answerGeneration(context, services, {
    endpoint: 'responses',
    request: responseToGeneration(body),
    isStream: body.stream === true,
    format: {
      whole: (generation) => stream.whole(generation),
      events: (generation) => stream.events(generation),
      failure: (error) => stream.failure(error),
    },
  });
}

/** One response, and the numbered events that tell of it. */
class ResponseStream {
  readonly #state: ResponseState;
  #sequence = 0;

  constructor(body: ResponsesBody, createdAtSeconds: number) {
    this.#state = {
      id: createAnswerId('resp_'),
      messageId: createAnswerId('msg_'),
      createdAtSeconds,
      body,
      logprobs: [],
      text: '',
      status: 'in_progress',
      usage: null,
      error: null,
    };
  }

  async whole(generation: Generation): Promise<object> {
    const texts = new TokenTexts(generation.model);
    for await (const event of generation.events) this.#take(event, texts);
    this.#state.usage = generation.usage();
    return responseObject(this.#state);
  }

  async *events(generation: Generation): AsyncGenerator<ServerSentEvent, void, undefined> {
    const state = this.#state;
    const texts = new TokenTexts(generation.model);
    let hasBegun = false;
    for await (const event of generation.events) {
      if (!hasBegun) yield* this.#beginning();
      hasBegun = true;
      const logprobs = this.#take(event, texts);
      if (event.text === '' && logprobs.length === 0) continue;
      yield this.#inPart('response.output_text.delta', { delta: event.text, logprobs });
    }
    state.usage = generation.usage();
    const { text, logprobs } = state;
    yield this.#inPart('response.output_text.done', { text, logprobs });
    yield this.#inPart('response.content_part.done', { part: outputTextPart(state) });
    yield this.#event('response.output_item.done', {
      output_index: 0,
      item: outputMessage(state, true),
    });
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
    const state = this.#state;
    // The first event may already be the last: the beginning tells of an answer to come.
    const response = responseObject({ ...state, status: 'in_progress' });
    yield this.#event('response.created', { response });
    yield this.#event('response.in_progress', { response });
    const item = outputMessage({ ...state, status: 'in_progress' }, false);
    yield this.#event('response.output_item.added', { output_index: 0, item });
    yield this.#inPart('response.content_part.added', { part: outputTextPart(state) });
  }

  /** Adds what an event brings, and returns its log-probabilities where they are wanted. */
  #take(event: ChoiceEvent, texts: TokenTexts): ReturnType<typeof tokenLogProbability>[] {
    const state = this.#state;
    state.text += event.text;
    if (event.type === 'end') {
      state.status = event.reason === 'length' ? 'incomplete' : 'completed';
      return [];
    }
    if (!state.body.include?.length) return [];
    const logProbability = tokenLogProbability(event, texts);
    state.logprobs.push(logProbability);
    return [logProbability];
  }

  #inPart(type: string, fields: object): ServerSentEvent {
    const item_id = this.#state.messageId;
    return this.#event(type, { item_id, output_index: 0, content_index: 0, ...fields });
  }

  #event(type: string, fields: object): ServerSentEvent {
    const sequence_number = this.#sequence;
    this.#sequence += 1;
    return { event: type, data: JSON.stringify({ type, sequence_number, ...fields }) };
  }
}
