import type { ChoiceEvent, ToolCallDelta } from '../generation/generation-request.js';
import type { Generation } from '../generation/generations.js';
import type { GatewayContext, GatewayServices } from '../http/gateway-context.js';
import { parseBody } from '../http/parse-body.js';
import type { ServerSentEvent } from '../http/server-sent-events.js';
import { answerGeneration } from './answer-generation.js';
import {
  type ChatCompletionsBody,
  chatCompletionsSchema,
  chatToGeneration,
} from './chat-completions-schema.js';
import {
  createAnswerId,
  fingerprintOf,
  tokenLogProbability,
  usageObject,
} from './generation-objects.js';
import { TokenTexts } from './token-text.js';

/** `POST /v1/chat/completions`. */
export async function handleChatCompletions(
  context: GatewayContext,
  services: GatewayServices,
): Promise<Response> {
  const body = await parseBody(context, chatCompletionsSchema);
  const created = services.nowSeconds();
  return await answerGeneration(context, services, {
    endpoint: 'chat-completions',
    request: chatToGeneration(body),
    isStream: body.stream === true,
    format: {
      whole: (generation) => wholeAnswer(generation, body, created),
      events: (generation) => answerEvents(generation, body, created),
    },
  });
}

/** How a choice ended. That it was shortened to keep its format is Skein's own to tell. */
function endFields({ reason, isClosedEarly }: Extract<ChoiceEvent, { type: 'end' }>) {
  return { finish_reason: reason, ...(isClosedEarly && { closed_early: true }) };
}

/** An answer as it grows. */
interface AnswerMessage {
  readonly role: string;
  content: string | null;
  readonly refusal: null;
  tool_calls?: { id: string; type: string; function: { name: string; arguments: string } }[];
}

function addCall(message: AnswerMessage, { index, start, arguments: part }: ToolCallDelta): void {
  message.tool_calls ??= [];
  if (start !== null) {
    const called = { name: start.name, arguments: '' };
    message.tool_calls.push({ id: start.id, type: 'function', function: called });
  }
  const call = message.tool_calls[index];
  if (call !== undefined) call.function.arguments += part;
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

type LogProbability = ReturnType<typeof tokenLogProbability>;

async function wholeAnswer(generation: Generation, body: ChatCompletionsBody, created: number) {
  const texts = new TokenTexts(generation.model);
  const choices = Array.from({ length: body.n ?? 1 }, (_, index) => ({
    index,
    message: { role: 'assistant', content: '', refusal: null } as AnswerMessage,
    logprobs: body.logprobs === true ? { content: [] as LogProbability[], refusal: null } : null,
    finish_reason: 'stop',
  }));
  for await (const event of generation.events) {
    const choice = choices[event.choice] as (typeof choices)[number];
    choice.message.content = (choice.message.content ?? '') + event.text;
    if (event.type === 'end') Object.assign(choice, endFields(event));
    else {
      choice.logprobs?.content.push(tokenLogProbability(event, texts));
      for (const call of event.toolCalls) addCall(choice.message, call);
    }
  }
  for (const { message } of choices) {
    if (message.tool_calls !== undefined && message.content === '') message.content = null;
  }
  return {
    id: createAnswerId('chatcmpl-'),
    object: 'chat.completion',
    created,
    model: body.model,
    choices,
    usage: usageObject(generation.usage()),
    system_fingerprint: fingerprintOf(generation.model),
  };
}

async function* answerEvents(
  generation: Generation,
  body: ChatCompletionsBody,
  created: number,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const texts = new TokenTexts(generation.model);
  const hasUsage = body.stream_options?.include_usage === true;
  const basis = {
    id: createAnswerId('chatcmpl-'),
    object: 'chat.completion.chunk',
    created,
    model: body.model,
    system_fingerprint: fingerprintOf(generation.model),
  };
  const chunk = (choices: readonly object[], usage: object | null = null): ServerSentEvent => ({
    data: JSON.stringify({ ...basis, choices, ...(hasUsage && { usage }) }),
  });
  const begun = new Set<number>();
  for await (const event of generation.events) {
    const { choice: index } = event;
    if (!begun.has(index)) {
      begun.add(index);
      const delta = { role: 'assistant', content: '', refusal: null };
      yield chunk([{ index, delta, logprobs: null, finish_reason: null }]);
    }
    const logprobs = logProbabilitiesOf(event, body, texts);
    const delta = deltaOf(event);
    if (delta !== null || logprobs !== null) {
      yield chunk([{ index, delta: delta ?? { content: '' }, logprobs, finish_reason: null }]);
    }
    if (event.type === 'end') {
      yield chunk([{ index, delta: {}, logprobs: null, ...endFields(event) }]);
    }
  }
  if (hasUsage) yield chunk([], usageObject(generation.usage()));
  yield { data: '[DONE]' };
}

function logProbabilitiesOf(event: ChoiceEvent, body: ChatCompletionsBody, texts: TokenTexts) {
  if (event.type !== 'token' || body.logprobs !== true) return null;
  return { content: [tokenLogProbability(event, texts)], refusal: null };
}
