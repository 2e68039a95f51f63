import * as z from 'zod';
import type { JsonSchema } from '../../../grammar/index.js';
import type { ToolOptions } from '../../../tools/index.js';
import { toolsMax } from '../../../tools/index.js';
import { gatewayLimits } from '../../gateway-limits.js';
import type { GenerationRequest, RequestedFormat } from '../../generation/generation-request.js';
import { freeFormat } from '../format-fields.js';
import { toolCall } from '../message-fields.js';
import { modelField, samplingFields, toSampling, toStop, unsupported } from '../request-fields.js';
import { functionFields, toTool } from '../tool-fields.js';

const { repetition_penalty, logit_bias: _noBias, ...sharedSampling } = samplingFields;

/** `options`: how tokens are chosen, and how many. What a machine is told to do is not ours to obey. */
const optionsSchema = z.strictObject({
  ...sharedSampling,
  repeat_penalty: repetition_penalty,
  /** -1 and -2: as many as fit. */
  num_predict: z.int().min(-2).nullish(),
  num_ctx: z.int().min(1).nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(64)]).nullish(),
  typical_p: unsupported('only 1 is supported', z.literal(1)),
  tfs_z: unsupported('only 1 is supported', z.literal(1)),
  mirostat: unsupported('only 0 is supported', z.literal(0)),
  repeat_last_n: unsupported('penalties count the whole context: only -1', z.literal(-1)),
});

/** What both ways of generating have in common. */
const commonFields = {
  model: modelField,
  stream: z.boolean().nullish(),
  format: z
    .union([z.literal('json'), z.literal(''), z.record(z.string(), z.unknown())], {
      error: 'must be "json" or a JSON schema',
    })
    .nullish(),
  options: optionsSchema.nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(gatewayLimits.topLogProbabilitiesMax).nullish(),
  /** The peers hold their models whatever is asked. */
  keep_alive: z.union([z.string(), z.number().refine((value) => value !== 0)]).nullish(),
  think: unsupported('thinking is not told apart', z.literal(false)),
  images: unsupported('images are not supported', z.array(z.never())),
};

const callSchema = z.looseObject({
  function: z.strictObject({
    name: z.string().min(1),
    arguments: z.record(z.string(), z.unknown()),
    index: z.int().nullish(),
  }),
});

const messageSchema = z.strictObject({
  role: z.enum(['system', 'user', 'assistant', 'tool'], {
    error: 'must be system, user, assistant or tool',
  }),
  content: z.string().nullish(),
  tool_calls: z.array(callSchema).max(gatewayLimits.toolCallsMax).nullish(),
  tool_name: z.string().nullish(),
  tool_call_id: z.string().nullish(),
  thinking: unsupported('thinking is not told apart', z.literal('')),
  images: unsupported('images are not supported', z.array(z.never())),
});

/** The body of `POST /api/chat`. */
export const ollamaChatSchema = z.strictObject({
  ...commonFields,
  messages: z.array(messageSchema).max(gatewayLimits.messagesMax).nullish(),
  tools: z
    .array(
      z.strictObject({ type: z.literal('function'), function: z.strictObject(functionFields) }),
    )
    .max(toolsMax)
    .nullish(),
});

/** The body of `POST /api/generate`. */
export const ollamaGenerateSchema = z.strictObject({
  ...commonFields,
  prompt: z.string().nullish(),
  system: z.string().nullish(),
  raw: z.boolean().nullish(),
  suffix: unsupported('text cannot be inserted before a suffix', z.literal('')),
  template: unsupported('the model’s own template is used', z.literal('')),
  context: unsupported('send the conversation to /api/chat instead', z.array(z.never())),
});

export type OllamaChatBody = z.output<typeof ollamaChatSchema>;
export type OllamaGenerateBody = z.output<typeof ollamaGenerateSchema>;
type CommonBody = z.output<z.ZodObject<typeof commonFields>>;

/** Null for a chat without messages, which only asks for the model to be there. */
export function ollamaChatToGeneration(body: OllamaChatBody): GenerationRequest | null {
  const { messages } = body;
  if (messages == null || messages.length === 0) return null;
  const prompt = {
    messages: messages.map(({ role, content, tool_calls: calls, tool_name: name }, index) => ({
      role,
      content: content ?? '',
      ...(name != null && { name }),
      ...(calls != null &&
        calls.length > 0 && {
          tool_calls: calls.map(({ function: called }, at) =>
            toolCall({ id: `call${index}x${at}`, ...called }),
          ),
        }),
    })),
  };
  const tools: ToolOptions =
    body.tools == null ? {} : { tools: body.tools.map((tool) => toTool(tool.function)) };
  return toGeneration(body, prompt, tools);
}

/** Null for a request without a prompt, which only asks for the model to be there. */
export function ollamaGenerateToGeneration(body: OllamaGenerateBody): GenerationRequest | null {
  const { prompt, system, raw } = body;
  if (prompt == null || prompt === '') return null;
  if (raw === true) return toGeneration(body, { prompt }, {});
  const opening = system == null || system === '' ? [] : [{ role: 'system', content: system }];
  return toGeneration(body, { messages: [...opening, { role: 'user', content: prompt }] }, {});
}

function toGeneration(
  body: CommonBody,
  prompt: GenerationRequest['prompts'][number],
  tools: ToolOptions,
): GenerationRequest {
  const { num_predict: count, num_ctx, repeat_penalty, stop, ...sampling } = body.options ?? {};
  return {
    model: body.model,
    prompts: [prompt],
    choicesPerPrompt: 1,
    sampling: toSampling({ ...sampling, repetition_penalty: repeat_penalty }),
    maxTokens: count == null || count < 1 ? null : count,
    contextMax: num_ctx ?? null,
    stop: toStop(stop),
    ignoreEos: false,
    format: toFormat(body.format),
    tools,
    scoresPrompt: false,
    topLogProbabilities: body.logprobs === true ? (body.top_logprobs ?? 0) : null,
    user: null,
    priority: 'interactive',
  };
}

function toFormat(given: CommonBody['format']): RequestedFormat {
  if (given == null || given === '') return freeFormat;
  if (given === 'json') return { format: { type: 'json-object' }, param: 'format' };
  const schema: JsonSchema = given;
  return { format: { type: 'json-schema', schema }, param: 'format' };
}
