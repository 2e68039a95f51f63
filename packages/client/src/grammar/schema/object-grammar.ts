import { choice, type Grammar, repeat, rule, sequence, text } from '../grammar-tree.js';
import { listGrammar } from './list-grammar.js';
import { countOf } from './read-schema.js';
import { schemaError } from './schema-error.js';
import type { SchemaGrammarBuilder } from './schema-grammar.js';
import { isSchemaFields, type SchemaFields } from './schema-types.js';

/** A property that an object has, or may have. */
interface Property {
  readonly pair: Grammar;
  readonly isRequired: boolean;
}

/**
 * Objects with their properties in the order of the schema. Others are written only where the
 * schema names none, as in a map: beside named ones they could repeat a name.
 */
export function objectGrammar(
  builder: SchemaGrammarBuilder,
  schema: SchemaFields,
  path: string,
): Grammar {
  const min = countOf(schema, 'minProperties', path) ?? 0;
  const max = countOf(schema, 'maxProperties', path);
  const named = namedProperties(schema, path);
  builder.countProperties(named.size, path);
  const { additionalProperties = true } = schema;
  if (named.size === 0) {
    if (additionalProperties === false) {
      if (min > 0) throw schemaError(path, 'it has no properties, and "minProperties"');
      return text('{}');
    }
    return mapGrammar(builder, additionalProperties, { min, max, path });
  }
  const required = requiredNames(schema, path);
  if (min > required.length) {
    throw schemaError(path, '"minProperties" over the required ones cannot be enforced');
  }
  if (max !== null && max < named.size) {
    throw schemaError(path, '"maxProperties" under the number of properties cannot be enforced');
  }
  const properties = [...named].map(([name, value]): Property => {
    const at = `${path}/properties/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const pair = sequence(text(JSON.stringify(name)), rule('colon'), builder.schema(value, at));
    return { pair: builder.define('property', pair), isRequired: required.includes(name) };
  });
  return sequence(text('{'), inOrder(builder, properties), text('}'));
}

/** The properties that are named, the required ones among them that no schema is given for. */
function namedProperties(schema: SchemaFields, path: string): Map<string, unknown> {
  const { properties = {}, additionalProperties = true } = schema;
  if (!isSchemaFields(properties)) throw schemaError(path, '"properties" must be an object');
  const named = new Map(Object.entries(properties));
  for (const name of requiredNames(schema, path)) {
    if (named.has(name)) continue;
    if (additionalProperties === false) {
      throw schemaError(path, `"${name}" is required and forbidden`);
    }
    named.set(name, additionalProperties);
  }
  return named;
}

function requiredNames({ required = [] }: SchemaFields, path: string): readonly string[] {
  const isList = Array.isArray(required) && required.every((name) => typeof name === 'string');
  if (isList) return [...new Set(required as string[])];
  throw schemaError(path, '"required" must be a list of names');
}

/** An object whose names are free. The same name twice is one property: none can be counted on. */
function mapGrammar(
  builder: SchemaGrammarBuilder,
  values: unknown,
  { min, max, path }: { min: number; max: number | null; path: string },
): Grammar {
  if (min > 1) throw schemaError(path, '"minProperties" over 1 cannot be enforced');
  if (max !== null && min > max) throw schemaError(path, '"minProperties" is over "maxProperties"');
  if (max === 0) return text('{}');
  const name = sequence(text('"'), repeat(rule('character'), 0, null), text('"'));
  const value = builder.schema(values, `${path}/additionalProperties`);
  const pair = builder.define('pair', sequence(name, rule('colon'), value));
  return sequence(text('{'), listGrammar([], pair, { min, restMax: max }), text('}'));
}

/**
 * Properties in order, optional ones left out or not: for each two rules, for what follows when
 * nothing was written yet, and when a comma is due.
 */
function inOrder(builder: SchemaGrammarBuilder, properties: readonly Property[]): Grammar {
  let afterNone: Grammar = text('');
  let afterSome: Grammar = text('');
  for (const { pair, isRequired } of [...properties].reverse()) {
    const first = sequence(pair, afterSome);
    const next = sequence(rule('comma'), pair, afterSome);
    afterNone = isRequired ? first : builder.define('members', choice(first, afterNone));
    afterSome = builder.define('members', isRequired ? next : choice(next, afterSome));
  }
  return afterNone;
}
