import * as z from 'zod';
import type { JsonSchema } from '../../grammar/index.js';
import type { GenerationRequest, RequestedFormat } from '../generation/generation-request.js';
import { GatewayError } from '../http/gateway-error.js';

const schemaField = z.union([z.boolean(), z.record(z.string(), z.unknown())], {
  error: 'must be a JSON schema',
});

/** What names a schema. It is enforced whether `strict` or not. */
const namedSchemaFields = {
  name: z.string().regex(/^[\w-]{1,64}$/, 'must be up to 64 letters, digits, - and _'),
  description: z.string().nullish(),
  schema: schemaField,
  strict: z.boolean().nullish(),
};

const plainFormats = [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
] as const;

/** `response_format` of chat completions. */
export const chatFormatSchema = z.discriminatedUnion('type', [
  ...plainFormats,
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject(namedSchemaFields),
  }),
]);

/** `text.format` of responses. */
export const responseFormatSchema = z.discriminatedUnion('type', [
  ...plainFormats,
  z.strictObject({ type: z.literal('json_schema'), ...namedSchemaFields }),
]);

/** No format at all. */
export const freeFormat: RequestedFormat = { format: { type: 'text' }, param: '' };

/** The format that chat completions ask for. */
export function chatFormat(
  given: z.output<typeof chatFormatSchema> | null | undefined,
): RequestedFormat {
  if (given == null || given.type === 'text') return freeFormat;
  if (given.type === 'json_object') return jsonObject('response_format');
  return underSchema(given.json_schema.schema, 'response_format.json_schema.schema');
}

/** The format that responses ask for. */
export function responseFormat(
  given: z.output<typeof responseFormatSchema> | null | undefined,
): RequestedFormat {
  if (given == null || given.type === 'text') return freeFormat;
  if (given.type === 'json_object') return jsonObject('text.format');
  return underSchema(given.schema, 'text.format.schema');
}

/** @throws GatewayError for an answer that could not end where its format does */
export function requireEndForFormat(
  { format, tools }: Pick<GenerationRequest, 'format' | 'tools'>,
  body: { readonly ignore_eos?: boolean | null | undefined },
): void {
  const isFree = format.format.type === 'text' && (tools.tools ?? []).length === 0;
  if (isFree || body.ignore_eos !== true) return;
  const text = '"ignore_eos" cannot be used with a format or tools: these say where the end is';
  throw new GatewayError(text, { status: 400, code: 'invalid_value', param: 'ignore_eos' });
}

function jsonObject(param: string): RequestedFormat {
  return { format: { type: 'json-object' }, param };
}

function underSchema(schema: JsonSchema, param: string): RequestedFormat {
  return { format: { type: 'json-schema', schema }, param };
}
