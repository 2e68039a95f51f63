import * as z from 'zod';
import type { GatewayContext } from './gateway-context.js';
import { GatewayError, unsupportedParameter } from './gateway-error.js';

/**
 * Reads a JSON body into a schema.
 * @throws GatewayError that names the parameter
 */
export async function parseBody<Schema extends z.ZodType>(
  context: GatewayContext,
  schema: Schema,
): Promise<z.output<Schema>> {
  // Pages of other origins may send text without asking first, JSON they may not.
  const type = context.req.header('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    const text = `the content-type must be application/json, not "${type}"`;
    throw new GatewayError(text, { status: 415, code: 'unsupported_media_type' });
  }
  const body = await readJson(context);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw describeIssue(parsed.error.issues[0] as z.core.$ZodIssue, body);
}

async function readJson(context: GatewayContext): Promise<unknown> {
  const text = await context.req.text();
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `the body is not valid JSON: ${(cause as Error).message}`;
    throw new GatewayError(message, { status: 400, code: 'invalid_json', cause });
  }
}

function describeIssue(issue: z.core.$ZodIssue, body: unknown): GatewayError {
  const path = z.core.toDotPath(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const param = path === '' ? key : `${path}.${key}`;
    return unsupportedParameter(param, `"${param}" is not a parameter of this endpoint`);
  }
  if (issue.code === 'custom' && issue.params?.isUnsupported === true) {
    return unsupportedParameter(path, issue.message);
  }
  const isMissing = valueAt(body, issue.path) === undefined;
  const where = path === '' ? 'the body' : `"${path}"`;
  return new GatewayError(`${where}: ${issue.message}`, {
    status: 400,
    code: isMissing ? 'missing_required_parameter' : 'invalid_value',
    ...(path !== '' && { param: path }),
  });
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | null)?.[key],
    body,
  );
}
