import type * as z from 'zod';
import { describeValue } from './describe-value.js';
import { SkeinError } from './errors.js';
import { limits } from './limits.js';

/**
 * Checks a value from the network against a schema.
 *
 * @param what stands in the error's text when the value has no `type`
 * @throws SkeinError `bad-message`, which names the field, what was expected and what came
 */
export function parseMessage<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: string,
): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw badMessage(value, parsed.error.issues[0], what);
}

function badMessage(value: unknown, issue: z.core.$ZodIssue | undefined, what: string): SkeinError {
  const type = fieldOf(value, 'type');
  const name = typeof type === 'string' ? describeValue(type) : what;
  if (issue === undefined) return new SkeinError('bad-message', `${name}: not valid`);
  let found = value;
  for (const key of issue.path) found = fieldOf(found, key);
  const field = issue.path.join('.').slice(0, limits.nameCharactersMax);
  const expectation = issue.message.slice(0, limits.errorCharactersMax / 2);
  return new SkeinError(
    'bad-message',
    `${name}:${field === '' ? '' : ` ${field}:`} ${expectation}, but got ${describeValue(found)}`,
    { details: { field } },
  );
}

function fieldOf(value: unknown, key: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<PropertyKey, unknown>)[key];
}
