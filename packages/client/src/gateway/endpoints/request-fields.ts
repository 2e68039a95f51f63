import type { Priority, TokenId } from '@skein/protocol';
import * as z from 'zod';
import type { SamplingOptions } from '../../sampling/index.js';
import { samplingLimits } from '../../sampling/index.js';
import { gatewayLimits } from '../gateway-limits.js';
import { GatewayError } from '../http/gateway-error.js';

/**
 * A parameter that exists in the API and does nothing here. Null and the values of `neutral`, which
 * ask for nothing, are taken; any other is refused with the reason, never ignored.
 */
export function unsupported(reason: string, neutral: z.ZodType = z.null()) {
  return z
    .unknown()
    .superRefine((value, context) => {
      if (value === undefined || value === null || neutral.safeParse(value).success) return;
      context.addIssue({ code: 'custom', message: reason, params: { isUnsupported: true } });
    })
    .optional();
}

const identifier = z.string().max(gatewayLimits.userCharactersMax).nullish();

/** Who is asked for: the first that is given decides which target of an alias answers. */
export const userFields = {
  user: identifier,
  safety_identifier: identifier,
  prompt_cache_key: identifier,
  /** Given back where the answer has room for it. */
  metadata: z
    .record(z.string().max(64), z.string().max(512))
    .refine((value) => Object.keys(value).length <= gatewayLimits.metadataEntriesMax)
    .nullish(),
  /** `flex`: every peer computes others' steps first. */
  service_tier: z.enum(['auto', 'default', 'flex']).nullish(),
};

/** How tokens are chosen: OpenAI's parameters, and those that other servers share. */
export const samplingFields = {
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  /** 0 and -1 are no limit. */
  top_k: z.int().min(-1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  repetition_penalty: z
    .number()
    .min(samplingLimits.repetitionPenaltyMin)
    .max(samplingLimits.repetitionPenaltyMax)
    .nullish(),
  logit_bias: z
    .record(
      z.string().regex(/^\d{1,9}$/, 'a token id'),
      z.number().min(-samplingLimits.logitBiasMax).max(samplingLimits.logitBiasMax),
    )
    .nullish(),
  seed: z.int().min(0).nullish(),
};

const samplingSchema = z.object(samplingFields);

/** Where generating ends, beside the model's own end. */
const endFields = {
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(64)]).nullish(),
  ignore_eos: z.boolean().nullish(),
};

const include_obfuscation = unsupported('streams are not obfuscated', z.literal(false));

const streamFields = {
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({ include_usage: z.boolean().nullish(), include_obfuscation })
    .nullish(),
};

/** Streams of responses always end with their usage. */
export const responseStreamFields = {
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_obfuscation }).nullish(),
};

export const modelField = z.string().min(1).max(gatewayLimits.userCharactersMax);

export const tokenCount = z.int().min(1);

const choiceCount = z.int().min(1).max(gatewayLimits.choicesPerPromptMax).nullish();

/** What both completion endpoints take. */
export const completionFields = {
  model: modelField,
  n: choiceCount,
  max_tokens: tokenCount.nullish(),
  ...samplingFields,
  ...endFields,
  ...streamFields,
  ...userFields,
};

const completionSchema = z.object(completionFields);

/** What both completion endpoints ask for. @throws GatewayError */
export function toCompletion(body: z.output<typeof completionSchema>) {
  requireStreamForOptions(body);
  return {
    model: body.model,
    choicesPerPrompt: body.n ?? 1,
    sampling: toSampling(body),
    contextMax: null,
    stop: toStop(body.stop),
    ignoreEos: body.ignore_eos ?? false,
    user: toUser(body),
    priority: toPriority(body),
  };
}

/** The sampling options that a request gives. */
export function toSampling(fields: z.output<typeof samplingSchema>): SamplingOptions {
  const { logit_bias: bias, seed } = fields;
  const options = {
    temperature: fields.temperature,
    topP: fields.top_p,
    topK: fields.top_k == null ? undefined : Math.max(0, fields.top_k),
    minP: fields.min_p,
    presencePenalty: fields.presence_penalty,
    frequencyPenalty: fields.frequency_penalty,
    repetitionPenalty: fields.repetition_penalty,
    seed,
    logitBias:
      bias == null
        ? undefined
        : new Map(Object.entries(bias).map(([id, value]) => [Number(id) as TokenId, value])),
  };
  const given = Object.entries(options).filter(([, value]) => value != null);
  return Object.fromEntries(given) as SamplingOptions;
}

export function toStop(stop: string | readonly string[] | null | undefined): readonly string[] {
  if (stop == null) return [];
  return typeof stop === 'string' ? [stop] : stop;
}

/** @throws GatewayError for options of a stream where none was asked for */
export function requireStreamForOptions(body: {
  readonly stream?: boolean | null | undefined;
  readonly stream_options?: object | null | undefined;
}): void {
  if (body.stream_options == null || body.stream === true) return;
  const text = '"stream_options" needs "stream": true';
  throw new GatewayError(text, { status: 400, code: 'invalid_value', param: 'stream_options' });
}

/** Whom a request is for. */
export function toUser(fields: {
  readonly user?: string | null | undefined;
  readonly safety_identifier?: string | null | undefined;
  readonly prompt_cache_key?: string | null | undefined;
}): string | null {
  return fields.user ?? fields.safety_identifier ?? fields.prompt_cache_key ?? null;
}

/** What a service tier means to the peers. */
export function toPriority(fields: {
  readonly service_tier?: string | null | undefined;
}): Priority {
  return fields.service_tier === 'flex' ? 'background' : 'interactive';
}
