import { SkeinError } from '@skein/protocol';

/** The error for a schema that cannot be enforced; `path` is a JSON pointer within it. */
export function schemaError(path: string, reason: string): SkeinError {
  const where = path === '#' ? 'the schema' : `the schema at ${path}`;
  return new SkeinError('bad-argument', `${where}: ${reason}`, { details: { schemaPath: path } });
}
