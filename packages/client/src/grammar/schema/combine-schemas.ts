import { schemaError } from './schema-error.js';
import {
  annotations,
  isSchemaFields,
  type JsonType,
  jsonTypes,
  type SchemaFields,
  typeOfValue,
  typesOverlap,
} from './schema-types.js';

/**
 * A schema that holds where both hold. It knows what `allOf` is used for: objects that extend
 * others, and keywords beside a reference.
 * @throws SkeinError `bad-argument` where two keywords would have to be made one
 */
export function combineSchemas(a: SchemaFields, b: SchemaFields, path: string): SchemaFields {
  const combined: Record<string, unknown> = { ...a };
  for (const [keyword, value] of Object.entries(b)) {
    const other = combined[keyword];
    if (other === undefined || annotations.has(keyword)) combined[keyword] = value;
    else combined[keyword] = combineKeyword(keyword, [other, value], path);
  }
  requireOpen(a, b, path);
  requireOpen(b, a, path);
  return combined;
}

function combineKeyword(
  keyword: string,
  [a, b]: readonly [unknown, unknown],
  path: string,
): unknown {
  if (JSON.stringify(a) === JSON.stringify(b)) return a;
  if (keyword === 'required' && Array.isArray(a) && Array.isArray(b)) {
    return [...new Set([...a, ...b])];
  }
  if (keyword === 'properties' && isSchemaFields(a) && isSchemaFields(b)) {
    const both = Object.keys(a).find((name) => name in b && !isSame(a[name], b[name]));
    if (both === undefined) return { ...a, ...b };
    throw schemaError(path, `the property "${both}" has two different schemas`);
  }
  throw schemaError(path, `"${keyword}" stands twice, with different values`);
}

/** `additionalProperties` of one part forbids the properties of the other. */
function requireOpen(closed: SchemaFields, other: SchemaFields, path: string): void {
  if (closed.additionalProperties === undefined || closed.additionalProperties === true) return;
  const known = isSchemaFields(closed.properties) ? closed.properties : {};
  const wanted = isSchemaFields(other.properties) ? other.properties : {};
  const extra = Object.keys(wanted).find((name) => !(name in known));
  if (extra === undefined) return;
  throw schemaError(
    path,
    `one part has "${extra}", and "additionalProperties" of another forbids it`,
  );
}

/**
 * Whether no value can be valid under both schemas, as far as types, constants, and constants of
 * required properties tell.
 */
export function areDisjoint(a: SchemaFields, b: SchemaFields): boolean {
  const [valuesOfA, valuesOfB] = [valuesOf(a), valuesOf(b)];
  if (valuesOfA !== null && valuesOfB !== null) {
    const texts = new Set(valuesOfA.map((value) => JSON.stringify(value)));
    return !valuesOfB.some((value) => texts.has(JSON.stringify(value)));
  }
  const [typesOfA, typesOfB] = [possibleTypes(a), possibleTypes(b)];
  if (!typesOfA.some((type) => typesOfB.some((other) => typesOverlap(type, other)))) return true;
  const areObjects = [...typesOfA, ...typesOfB].every((type) => type === 'object');
  return areObjects && haveDifferentMark(a, b);
}

/** A property that both require, with values that differ: what people use to tell kinds apart. */
function haveDifferentMark(a: SchemaFields, b: SchemaFields): boolean {
  if (!isSchemaFields(a.properties) || !isSchemaFields(b.properties)) return false;
  const [ofA, ofB] = [a.properties, b.properties];
  const isRequired = (schema: SchemaFields, name: string) =>
    Array.isArray(schema.required) && schema.required.includes(name);
  return Object.keys(ofA).some((name) => {
    const [one, other] = [ofA[name], ofB[name]];
    if (!isRequired(a, name) || !isRequired(b, name)) return false;
    return isSchemaFields(one) && isSchemaFields(other) && areDisjoint(one, other);
  });
}

/** The values of `const` or `enum`; null where there are others. */
export function valuesOf(schema: SchemaFields): readonly unknown[] | null {
  if ('const' in schema) return [schema.const];
  return Array.isArray(schema.enum) ? schema.enum : null;
}

/** The types that values may have, as far as `type`, `const` and `enum` tell. */
function possibleTypes(schema: SchemaFields): readonly JsonType[] {
  const values = valuesOf(schema);
  if (values !== null) return values.map(typeOfValue);
  const { type } = schema;
  if (typeof type === 'string') return [type as JsonType];
  return Array.isArray(type) ? (type as JsonType[]) : jsonTypes;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
