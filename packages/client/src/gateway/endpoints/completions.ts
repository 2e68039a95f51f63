import type { ChoiceEvent, ChoiceTokenEvent } from '../generation/generation-request.js';
import type { Generation } from '../generation/generations.js';
import type { GatewayContext, GatewayServices } from '../http/gateway-context.js';
import { parseBody } from '../http/parse-body.js';
import type { ServerSentEvent } from '../http/server-sent-events.js';
import { answerGeneration } from './answer-generation.js';
import {
  type CompletionsBody,
  completionsSchema,
  completionToGeneration,
} from './completions-schema.js';
import { createAnswerId, fingerprintOf, finite, usageObject } from './generation-objects.js';
import { TokenTexts } from './token-text.js';

/** `POST /v1/completions`. */
export async function handleCompletions(
  context: GatewayContext,
  services: GatewayServices,
): Promise<Response> {
  const body = await parseBody(context, completionsSchema);
  const created = services.nowSeconds();
  return await answerGeneration(context, services, {
    endpoint: 'completions',
    request: completionToGeneration(body),
    isStream: body.stream === true,
    format: {
      whole: (generation) => wholeAnswer(generation, body, created),
      events: (generation) => answerEvents(generation, body, created),
    },
  });
}

/** Log-probabilities as this endpoint writes them: one list a fact. */
interface LogProbabilityLists {
  readonly tokens: string[];
  readonly token_logprobs: number[];
  readonly top_logprobs: Record<string, number>[] | null;
  readonly text_offset: number[];
}

async function wholeAnswer(generation: Generation, body: CompletionsBody, created: number) {
  const texts = new TokenTexts(generation.model);
  const choices = choicesOf(generation, body).map(({ echo }, index) => ({
    index,
    text: echo,
    logprobs: body.logprobs == null ? null : emptyLists(body.logprobs),
    finish_reason: 'stop',
  }));
  for await (const event of generation.events) {
    const choice = choices[event.choice] as (typeof choices)[number];
    if (event.type === 'end') choice.finish_reason = event.reason;
    else if (choice.logprobs !== null) addTo(choice.logprobs, event, texts, choice.text.length);
    choice.text += event.text;
  }
  return {
    id: createAnswerId('cmpl-'),
    object: 'text_completion',
    created,
    model: body.model,
    choices,
    usage: usageObject(generation.usage()),
    system_fingerprint: fingerprintOf(generation.model),
  };
}

async function* answerEvents(
  generation: Generation,
  body: CompletionsBody,
  created: number,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const texts = new TokenTexts(generation.model);
  const choices = choicesOf(generation, body);
  const hasUsage = body.stream_options?.include_usage === true;
  const basis = {
    id: createAnswerId('cmpl-'),
    object: 'text_completion',
    created,
    model: body.model,
    system_fingerprint: fingerprintOf(generation.model),
  };
  const chunk = (list: readonly object[], usage: object | null = null): ServerSentEvent => ({
    data: JSON.stringify({ ...basis, choices: list, ...(hasUsage && { usage }) }),
  });
  for await (const event of generation.events) {
    const { choice: index } = event;
    const choice = choices[index] as (typeof choices)[number];
    const echo = choice.hasBegun ? '' : choice.echo;
    choice.hasBegun = true;
    const finish_reason = event.type === 'end' ? event.reason : null;
    const logprobs = logProbabilitiesOf(event, body, texts, choice.length + echo.length);
    const text = echo + event.text;
    choice.length += text.length;
    if (text === '' && logprobs === null && finish_reason === null) continue;
    yield chunk([{ index, text, logprobs, finish_reason }]);
  }
  if (hasUsage) yield chunk([], usageObject(generation.usage()));
  yield { data: '[DONE]' };
}

/** Where each choice stands: the text that is put before it, and how much was sent. */
function choicesOf({ model, prompts }: Generation, body: CompletionsBody) {
  const { prompt } = body;
  const given = Array.isArray(prompt) && !prompt.every((part) => typeof part === 'number');
  return prompts.flatMap((tokens, index) => {
    const source = given ? (prompt as readonly unknown[])[index] : prompt;
    const text = typeof source === 'string' ? source : (model.tokenizer?.decode(tokens) ?? '');
    const echo = body.echo === true ? text : '';
    return Array.from({ length: body.n ?? 1 }, () => ({ echo, hasBegun: false, length: 0 }));
  });
}

function logProbabilitiesOf(
  event: ChoiceEvent,
  body: CompletionsBody,
  texts: TokenTexts,
  offset: number,
): LogProbabilityLists | null {
  if (event.type !== 'token' || body.logprobs == null) return null;
  const lists = emptyLists(body.logprobs);
  addTo(lists, event, texts, offset);
  return lists;
}

function emptyLists(alternatives: number): LogProbabilityLists {
  const top_logprobs = alternatives === 0 ? null : [];
  return { tokens: [], token_logprobs: [], top_logprobs, text_offset: [] };
}

function addTo(
  lists: LogProbabilityLists,
  event: ChoiceTokenEvent,
  texts: TokenTexts,
  offset: number,
): void {
  lists.tokens.push(texts.textOf(event.id));
  lists.token_logprobs.push(finite(event.logProbability));
  lists.text_offset.push(offset);
  lists.top_logprobs?.push(
    Object.fromEntries(
      event.alternatives.map(({ id, logProbability }) => [
        texts.textOf(id),
        finite(logProbability),
      ]),
    ),
  );
}
