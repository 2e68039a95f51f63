import * as z from 'zod';
import type { ChatMessage } from '../../../text/index.js';
import { type ToolChoice, type ToolOptions, toolsMax } from '../../../tools/index.js';
import { gatewayLimits } from '../../gateway-limits.js';
import type { GenerationRequest, RequestedFormat } from '../../generation/generation-request.js';
import { GatewayError } from '../../http/gateway-error.js';
import { freeFormat } from '../format-fields.js';
import { toolCall, toolResult } from '../message-fields.js';
import {
  modelField,
  samplingFields,
  tokenCount,
  toSampling,
  unsupported,
} from '../request-fields.js';
import { toolName, toToolOptions } from '../tool-fields.js';

/** Beginnings of prompts are always kept; nothing has to be marked for it. */
const cache_control = z.looseObject({ type: z.literal('ephemeral') }).nullish();
const id = z.string().min(1).max(gatewayLimits.userCharactersMax);

const textBlock = z.strictObject({
  type: z.literal('text'),
  text: z.string(),
  cache_control,
  citations: unsupported('citations are not supported', z.array(z.never())),
});
const toolUseBlock = z.strictObject({
  type: z.literal('tool_use'),
  id,
  name: z.string().min(1),
  input: z.record(z.string(), z.unknown()),
  cache_control,
  caller: z.strictObject({ type: z.literal('direct') }).nullish(),
});
const texts = z.union([z.string(), z.array(textBlock).max(gatewayLimits.contentPartsMax)], {
  error: 'must be a text, or a list of blocks of type text',
});
const toolResultBlock = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: id,
  content: texts.nullish(),
  is_error: z.boolean().nullish(),
  cache_control,
});

const block = z.discriminatedUnion('type', [textBlock, toolUseBlock, toolResultBlock], {
  error: 'must be a block of type text, tool_use or tool_result',
});
const messageSchema = z.strictObject({
  role: z.enum(['user', 'assistant'], { error: 'must be user or assistant' }),
  content: z.union([z.string(), z.array(block).max(gatewayLimits.contentPartsMax)], {
    error: 'must be a text, or a list of blocks of type text, tool_use or tool_result',
  }),
});

const toolSchema = z.strictObject({
  type: z.literal('custom', { error: 'only custom tools are supported' }).nullish(),
  name: toolName,
  description: z.string().nullish(),
  input_schema: z.record(z.string(), z.unknown()),
  strict: z.boolean().nullish(),
  cache_control,
});

const disable_parallel_tool_use = z.boolean().nullish();
const toolChoiceSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auto'), disable_parallel_tool_use }),
  z.strictObject({ type: z.literal('any'), disable_parallel_tool_use }),
  z.strictObject({ type: z.literal('tool'), name: toolName, disable_parallel_tool_use }),
  z.strictObject({ type: z.literal('none') }),
]);

/** The body of `POST /v1/messages`. */
export const messagesSchema = z.strictObject({
  model: modelField,
  max_tokens: tokenCount,
  messages: z.array(messageSchema).min(1).max(gatewayLimits.messagesMax),
  system: texts.nullish(),
  stop_sequences: z.array(z.string().min(1)).max(64).nullish(),
  stream: z.boolean().nullish(),
  temperature: z.number().min(0).max(1).nullish(),
  top_p: samplingFields.top_p,
  top_k: samplingFields.top_k,
  metadata: z.strictObject({ user_id: id.nullish() }).nullish(),
  tools: z.array(toolSchema).max(toolsMax).nullish(),
  tool_choice: toolChoiceSchema.nullish(),
  output_config: z
    .strictObject({
      format: z
        .strictObject({
          type: z.literal('json_schema'),
          schema: z.record(z.string(), z.unknown()),
        })
        .nullish(),
      effort: unsupported('efforts are not supported'),
    })
    .nullish(),
  cache_control,
  service_tier: unsupported('there is one service tier', z.enum(['auto', 'standard_only'])),
  thinking: unsupported(
    'thinking is not told apart',
    z.looseObject({ type: z.literal('disabled') }),
  ),
});

export type MessagesBody = z.output<typeof messagesSchema>;

/** @throws GatewayError for parameters that contradict each other */
export function messagesToGeneration(body: MessagesBody): GenerationRequest {
  if (body.messages.at(-1)?.role === 'assistant') {
    const text =
      '"messages": the last one must be the user’s: answers cannot be begun for the model';
    throw new GatewayError(text, { status: 400, code: 'unsupported_parameter', param: 'messages' });
  }
  const system = body.system == null ? '' : joinTexts(body.system);
  const opening = system === '' ? [] : [{ role: 'system', content: system }];
  const format: RequestedFormat =
    body.output_config?.format == null
      ? freeFormat
      : {
          format: { type: 'json-schema', schema: body.output_config.format.schema },
          param: 'output_config.format.schema',
        };
  return {
    model: body.model,
    prompts: [{ messages: [...opening, ...toMessages(body.messages)] }],
    choicesPerPrompt: 1,
    sampling: toSampling(body),
    maxTokens: body.max_tokens,
    contextMax: null,
    stop: body.stop_sequences ?? [],
    ignoreEos: false,
    format,
    tools: toTools(body),
    scoresPrompt: false,
    topLogProbabilities: null,
    user: body.metadata?.user_id ?? null,
    priority: 'interactive',
  };
}

function toTools({ tools, tool_choice: choice }: MessagesBody): ToolOptions {
  const definitions = (tools ?? []).map(({ name, description, input_schema: parameters }) => ({
    name,
    parameters,
    ...(description != null && { description }),
  }));
  if (choice == null) return toToolOptions(definitions, { choice: null, isParallel: null });
  if (choice.type === 'none') return {};
  const isParallel =
    choice.disable_parallel_tool_use == null ? null : !choice.disable_parallel_tool_use;
  const wanted: ToolChoice =
    choice.type === 'tool' ? { name: choice.name } : choice.type === 'any' ? 'required' : 'auto';
  return toToolOptions(definitions, { choice: wanted, isParallel });
}

/** Results of tools are messages of their own to templates, before what the user says. */
function toMessages(messages: MessagesBody['messages']): ChatMessage[] {
  const names = new Map<string, string>();
  return messages.flatMap(({ role, content }): ChatMessage[] => {
    if (typeof content === 'string') return [{ role, content }];
    const results: ChatMessage[] = [];
    const calls: object[] = [];
    let text = '';
    for (const part of content) {
      if (part.type === 'text') text += part.text;
      else if (part.type === 'tool_use') {
        names.set(part.id, part.name);
        calls.push(toolCall({ id: part.id, name: part.name, arguments: part.input }));
      } else {
        const { tool_use_id: of, content: given } = part;
        const answered = given == null ? '' : joinTexts(given);
        results.push(toolResult({ id: of, name: names.get(of), content: answered }));
      }
    }
    if (role === 'assistant') {
      return [{ role, content: text, ...(calls.length > 0 && { tool_calls: calls }) }];
    }
    return text === '' && results.length > 0 ? results : [...results, { role, content: text }];
  });
}

function joinTexts(content: string | readonly { readonly text: string }[]): string {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('\n');
}
