import * as z from 'zod';
import { gatewayLimits } from '../gateway-limits.js';
import type { GenerationRequest } from '../generation/generation-request.js';
import { GatewayError } from '../http/gateway-error.js';
import { chatFormat, chatFormatSchema, requireEndForFormat } from './format-fields.js';
import { chatMessageSchema, toChatMessages } from './message-fields.js';
import { completionFields, toCompletion, tokenCount, unsupported } from './request-fields.js';
import { chatToolFields, chatTools } from './tool-fields.js';

/** The body of `POST /v1/chat/completions`. */
export const chatCompletionsSchema = z.strictObject({
  ...completionFields,
  messages: z.array(chatMessageSchema).min(1).max(gatewayLimits.messagesMax),
  max_completion_tokens: tokenCount.nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(gatewayLimits.topLogProbabilitiesMax).nullish(),
  store: unsupported('answers are not stored', z.literal(false)),
  ...chatToolFields,
  functions: unsupported('functions are given as tools', z.array(z.never())),
  function_call: unsupported('functions are given as tools', z.enum(['none', 'auto'])),
  response_format: chatFormatSchema.nullish(),
  modalities: unsupported('only text is supported', z.array(z.literal('text'))),
  audio: unsupported('audio is not supported'),
  prediction: unsupported('predicted outputs are not supported'),
  reasoning_effort: unsupported('reasoning efforts are not supported', z.literal('none')),
  verbosity: unsupported('verbosities are not supported'),
  web_search_options: unsupported('web search is not supported'),
});

export type ChatCompletionsBody = z.output<typeof chatCompletionsSchema>;

/** @throws GatewayError for parameters that contradict each other */
export function chatToGeneration(body: ChatCompletionsBody): GenerationRequest {
  const common = toCompletion(body);
  const { max_tokens: older, max_completion_tokens: newer, top_logprobs: top } = body;
  if (older != null && newer != null && older !== newer) {
    throw contradiction('max_tokens', 'differs from max_completion_tokens: give one of them');
  }
  if (top != null && body.logprobs !== true) {
    throw contradiction('top_logprobs', 'needs "logprobs": true');
  }
  const format = chatFormat(body.response_format);
  const tools = chatTools(body);
  requireEndForFormat({ format, tools }, body);
  return {
    ...common,
    prompts: [{ messages: toChatMessages(body.messages) }],
    maxTokens: newer ?? older ?? null,
    format,
    tools,
    scoresPrompt: false,
    topLogProbabilities: body.logprobs === true ? (top ?? 0) : null,
  };
}

function contradiction(param: string, text: string): GatewayError {
  return new GatewayError(`"${param}": ${text}`, { status: 400, code: 'invalid_value', param });
}
