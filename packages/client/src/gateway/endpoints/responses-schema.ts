import * as z from 'zod';
import type { ChatMessage } from '../../text/index.js';
import { gatewayLimits } from '../gateway-limits.js';
import type { GenerationRequest } from '../generation/generation-request.js';
import { GatewayError } from '../http/gateway-error.js';
import { responseFormat, responseFormatSchema } from './format-fields.js';
import { contentSchema, toChatMessage, toolCall, toolResult } from './message-fields.js';
import {
  modelField,
  requireStreamForOptions,
  responseStreamFields,
  samplingFields,
  tokenCount,
  toPriority,
  toSampling,
  toUser,
  unsupported,
  userFields,
} from './request-fields.js';
import { parseArguments, responseToolFields, responseTools } from './tool-fields.js';

const notStored = 'responses are not stored: send the whole conversation as input';

const itemStatus = z.enum(['in_progress', 'completed', 'incomplete']).nullish();

/** A message of the input. What an earlier response's output has beside its text may come back. */
const inputMessageSchema = z.strictObject(
  {
    type: z.literal('message').nullish(),
    role: z.enum(['system', 'developer', 'user', 'assistant'], {
      error: 'must be system, developer, user or assistant',
    }),
    content: contentSchema(['input_text', 'output_text']),
    id: z.string().max(gatewayLimits.userCharactersMax).nullish(),
    status: itemStatus,
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'must be a message' : undefined) },
);

const itemId = z.string().min(1).max(gatewayLimits.userCharactersMax);

/** A call that an earlier response made, and what came of it. */
const functionCallSchema = z.strictObject({
  type: z.literal('function_call'),
  call_id: itemId,
  name: z.string().min(1),
  arguments: z.string(),
  id: itemId.nullish(),
  status: itemStatus,
});
const functionOutputSchema = z.strictObject({
  type: z.literal('function_call_output'),
  call_id: itemId,
  output: contentSchema(['input_text']),
  id: itemId.nullish(),
  status: itemStatus,
});

const inputItemSchema = z.union([inputMessageSchema, functionCallSchema, functionOutputSchema]);

/** The body of `POST /v1/responses`. */
export const responsesSchema = z.strictObject({
  model: modelField,
  input: z.union([z.string().min(1), z.array(inputItemSchema).min(1)], {
    error: 'must be a text, or a list of messages with text, function calls and their outputs',
  }),
  instructions: z.string().nullish(),
  max_output_tokens: tokenCount.nullish(),
  include: z
    .array(z.literal('message.output_text.logprobs', { error: 'is not supported' }))
    .nullish(),
  top_logprobs: z.int().min(0).max(gatewayLimits.topLogProbabilitiesMax).nullish(),
  ...samplingFields,
  ...responseStreamFields,
  ...userFields,
  store: unsupported(notStored, z.literal(false)),
  previous_response_id: unsupported(notStored),
  conversation: unsupported(notStored),
  background: unsupported('responses do not run in the background', z.literal(false)),
  ...responseToolFields,
  max_tool_calls: unsupported('calls are not counted'),
  text: z
    .strictObject({
      format: responseFormatSchema.nullish(),
      verbosity: unsupported('verbosities are not supported'),
    })
    .nullish(),
  truncation: unsupported('input is not truncated', z.literal('disabled')),
  reasoning: unsupported('reasoning is not supported'),
  prompt: unsupported('stored prompts are not supported'),
});

export type ResponsesBody = z.output<typeof responsesSchema>;

/** @throws GatewayError for parameters that contradict each other */
export function responseToGeneration(body: ResponsesBody): GenerationRequest {
  requireStreamForOptions(body);
  const isLogged = body.include != null && body.include.length > 0;
  if (body.top_logprobs != null && !isLogged) {
    throw new GatewayError('"top_logprobs" needs "include": ["message.output_text.logprobs"]', {
      status: 400,
      code: 'invalid_value',
      param: 'top_logprobs',
    });
  }
  return {
    model: body.model,
    prompts: [{ messages: toMessages(body) }],
    choicesPerPrompt: 1,
    sampling: toSampling(body),
    maxTokens: body.max_output_tokens ?? null,
    contextMax: null,
    stop: [],
    ignoreEos: false,
    format: responseFormat(body.text?.format),
    tools: responseTools(body),
    scoresPrompt: false,
    topLogProbabilities: isLogged ? (body.top_logprobs ?? 0) : null,
    user: toUser(body),
    priority: toPriority(body),
  };
}

function toMessages({ instructions, input }: ResponsesBody): readonly ChatMessage[] {
  const opening = instructions == null ? [] : [{ role: 'system', content: instructions }];
  if (typeof input === 'string') return [...opening, { role: 'user', content: input }];
  return [...opening, ...itemsToMessages(input)];
}

type InputItem = z.output<typeof inputItemSchema>;

/** Calls that follow each other, or the message that they came with, are one message. */
function itemsToMessages(items: readonly InputItem[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  const names = new Map<string, string>();
  for (const [index, item] of items.entries()) {
    if (item.type === 'function_call') {
      names.set(item.call_id, item.name);
      const given = parseArguments(item.arguments, `input[${index}].arguments`);
      const call = toolCall({ id: item.call_id, name: item.name, arguments: given });
      const last = messages.at(-1);
      const caller = last?.role === 'assistant' ? last : { role: 'assistant', content: '' };
      if (last === caller) messages.pop();
      const calls = (caller.tool_calls ?? []) as object[];
      messages.push({ ...caller, tool_calls: [...calls, call] });
    } else if (item.type === 'function_call_output') {
      const { content } = toChatMessage({ role: 'tool', content: item.output });
      messages.push(toolResult({ id: item.call_id, name: names.get(item.call_id), content }));
    } else messages.push(toChatMessage(item));
  }
  return messages;
}
