import { grammarLimits } from '../grammar-limits.js';
import { schemaError } from './schema-error.js';
import {
  annotations,
  generalKeywords,
  isSchemaFields,
  type JsonSchema,
  type JsonType,
  jsonTypes,
  type SchemaFields,
  typeKeywords,
  typeOfValue,
} from './schema-types.js';

const enforced = new Set([...generalKeywords, ...Object.values(typeKeywords).flat()]);

/** Keywords that are not enforced, and the value with which they forbid nothing. */
const neutralValues: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['uniqueItems', false],
  ['minContains', 0],
  ['multipleOf', undefined],
]);

/** @throws SkeinError `bad-argument` for a keyword that would be ignored */
export function requireKnownKeywords(schema: SchemaFields, path: string): void {
  for (const [keyword, value] of Object.entries(schema)) {
    if (enforced.has(keyword) || annotations.has(keyword) || keyword.startsWith('x-')) continue;
    if (neutralValues.has(keyword) && neutralValues.get(keyword) === value) continue;
    throw schemaError(path, `"${keyword}" is not supported`);
  }
}

/** Whether a schema forbids anything. */
export function hasAssertions(schema: SchemaFields): boolean {
  return Object.entries(schema).some(
    ([keyword, value]) =>
      value !== undefined && !annotations.has(keyword) && !keyword.startsWith('x-'),
  );
}

/**
 * The types that a schema allows. Without `type`, keywords of some types are taken to mean these.
 * @throws SkeinError `bad-argument`
 */
export function typesOf(schema: SchemaFields, path: string): readonly JsonType[] {
  const { type } = schema;
  if (type === undefined) {
    const meant = jsonTypes.filter((name) =>
      typeKeywords[name].some((keyword) => keyword in schema),
    );
    const types = meant.length > 0 ? meant : jsonTypes;
    return types.filter((name) => name !== 'integer' || !types.includes('number'));
  }
  const types = (Array.isArray(type) ? type : [type]) as unknown[];
  const unknown = types.find((name) => !jsonTypes.includes(name as JsonType));
  if (unknown !== undefined || types.length === 0) {
    throw schemaError(path, `"type" must be among ${jsonTypes.join(', ')}`);
  }
  return types as JsonType[];
}

/** Whether a value is of one of the types. */
export function isOfTypes(value: unknown, types: readonly JsonType[]): boolean {
  const type = typeOfValue(value);
  return types.includes(type) || (type === 'integer' && types.includes('number'));
}

/** A count of items or characters; null where there is none. @throws SkeinError `bad-argument` */
export function countOf(schema: SchemaFields, keyword: string, path: string): number | null {
  const count = schema[keyword];
  if (count === undefined) return null;
  if (!Number.isInteger(count) || (count as number) < 0) {
    throw schemaError(path, `"${keyword}" must be a whole number from 0`);
  }
  if ((count as number) <= grammarLimits.repetitionsMax) return count as number;
  throw schemaError(path, `"${keyword}" is over ${grammarLimits.repetitionsMax}`);
}

/** Finds what a reference names. @throws SkeinError `bad-argument` */
export function lookUp(root: JsonSchema, reference: unknown, path: string): unknown {
  if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference)) {
    throw schemaError(path, `only references within the schema are supported: ${reference}`);
  }
  const steps = reference.slice(1).split('/').slice(1);
  let found: unknown = root;
  for (const step of steps) {
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    const isList = Array.isArray(found);
    found = isList || isSchemaFields(found) ? (found as SchemaFields)[name] : undefined;
    if (found === undefined) throw schemaError(path, `there is nothing at ${reference}`);
  }
  return found;
}
