import { grammarLimits } from '../grammar-limits.js';
import {
  choice,
  type Grammar,
  type GrammarRules,
  optional,
  repeat,
  rule,
  sequence,
  shortestLength,
  shortestLengths,
  text,
} from '../grammar-tree.js';
import { areDisjoint, combineSchemas, valuesOf } from './combine-schemas.js';
import { anyCharacter } from './json-characters.js';
import { listGrammar } from './list-grammar.js';
import { anyNumber, numberGrammar } from './number-grammar.js';
import { objectGrammar } from './object-grammar.js';
import { patternGrammar } from './pattern-grammar.js';
import {
  countOf,
  hasAssertions,
  isOfTypes,
  lookUp,
  requireKnownKeywords,
  typesOf,
} from './read-schema.js';
import { schemaError } from './schema-error.js';
import {
  isSchemaFields,
  type JsonSchema,
  type JsonType,
  type SchemaFields,
  typeKeywords,
} from './schema-types.js';
import { stringFormats } from './string-formats.js';

/**
 * The grammar of the JSON texts that are valid under a schema, without white space but for one
 * space after a comma or a colon. Where it says less than the schema allows, it says nothing that
 * the schema forbids; what it cannot enforce it refuses.
 *
 * @param options.prefix begins the names of rules, so that several grammars can be put together
 * @throws SkeinError `bad-argument` that names the place in the schema and the reason
 */
export function schemaGrammar(
  schema: JsonSchema,
  { prefix = '' }: { readonly prefix?: string } = {},
): GrammarRules {
  const characters = JSON.stringify(schema).length;
  if (characters > grammarLimits.schemaCharactersMax) {
    throw schemaError('#', `it has over ${grammarLimits.schemaCharactersMax} characters`);
  }
  const builder = new SchemaGrammarBuilder(schema, prefix);
  const root = builder.schema(schema, '#');
  const grammar = { root, rules: builder.rules };
  if (Number.isFinite(shortestLength(root, shortestLengths(grammar)))) return grammar;
  throw schemaError('#', 'no text of finite length is valid');
}

/** The grammar of any JSON object. */
export function anyObjectGrammar(): GrammarRules {
  const builder = new SchemaGrammarBuilder(true, '');
  return { root: builder.ofType('object', {}, '#'), rules: builder.rules };
}

/** Turns schemas into rules; one builder for one root schema. */
export class SchemaGrammarBuilder {
  readonly rules = new Map<string, Grammar>();
  readonly #root: JsonSchema;
  readonly #prefix: string;
  readonly #references = new Map<string, string>();
  #depth = 0;
  #schemas = 0;
  #properties = 0;
  #enumValues = 0;

  constructor(root: JsonSchema, prefix: string) {
    this.#root = root;
    this.#prefix = prefix;
    // Alike in all grammars, so without the prefix.
    this.rules.set('character', anyCharacter);
    this.rules.set('comma', sequence(text(','), optional(text(' '))));
    this.rules.set('colon', sequence(text(':'), optional(text(' '))));
  }

  /** The grammar of a schema at a JSON pointer. */
  schema(schema: unknown, path: string): Grammar {
    if (schema === true) return this.#anyValue();
    if (schema === false) throw schemaError(path, 'nothing is valid under it');
    if (!isSchemaFields(schema)) throw schemaError(path, 'it must be an object or a boolean');
    if (this.#depth >= grammarLimits.schemaDepthMax) {
      throw schemaError(path, `it nests deeper than ${grammarLimits.schemaDepthMax}`);
    }
    this.#countSchema(path);
    this.#depth += 1;
    try {
      return this.#fields(schema, path);
    } finally {
      this.#depth -= 1;
    }
  }

  /** A rule of its own, which others can name. */
  define(name: string, body: Grammar): Grammar {
    const unique = `${this.#prefix}${name}-${this.rules.size}`;
    this.rules.set(unique, body);
    return rule(unique);
  }

  countProperties(count: number, path: string): void {
    this.#properties += count;
    if (this.#properties <= grammarLimits.propertiesMax) return;
    throw schemaError(path, `the schema has over ${grammarLimits.propertiesMax} properties`);
  }

  /** The grammar of one type under the keywords that speak of it. */
  ofType(type: JsonType, schema: SchemaFields, path: string): Grammar {
    switch (type) {
      case 'object':
        return objectGrammar(this, schema, path);
      case 'array':
        return this.#array(schema, path);
      case 'string':
        return this.#string(schema, path);
      case 'boolean':
        return choice(text('true'), text('false'));
      case 'null':
        return text('null');
      default:
        return this.#number(type, schema, path);
    }
  }

  #fields(schema: SchemaFields, path: string): Grammar {
    requireKnownKeywords(schema, path);
    const { $ref, allOf, anyOf, oneOf, ...own } = schema;
    if ($ref !== undefined && !hasAssertions({ allOf, anyOf, oneOf, ...own })) {
      return this.#reference($ref, path);
    }
    const parts = this.#parts(schema, path);
    const [alternatives, keyword] = oneOf === undefined ? [anyOf, 'anyOf'] : [oneOf, 'oneOf'];
    if (anyOf !== undefined && oneOf !== undefined) {
      throw schemaError(path, '"anyOf" and "oneOf" cannot be enforced together');
    }
    const basis = parts.reduce((a, b) => combineSchemas(a, b, path), own);
    if (alternatives === undefined) return this.#asserted(basis, path);
    return this.#alternatives(alternatives, basis, `${path}/${keyword}`);
  }

  /** What `$ref` and `allOf` stand for, when they have to be made one with what is beside them. */
  #parts({ $ref, allOf }: SchemaFields, path: string): SchemaFields[] {
    if (allOf !== undefined && !Array.isArray(allOf)) throw schemaError(path, '"allOf" is no list');
    const listed = (allOf ?? []) as unknown[];
    const all = $ref === undefined ? listed : [{ $ref }, ...listed];
    return all.map((part, index) => this.#resolved(part, `${path}/allOf/${index}`));
  }

  #countSchema(path: string): void {
    this.#schemas += 1;
    if (this.#schemas <= grammarLimits.schemasMax) return;
    throw schemaError(path, `the schema comes to over ${grammarLimits.schemasMax} schemas`);
  }

  /** A schema without a reference at its top. */
  #resolved(schema: unknown, path: string, steps = 0): SchemaFields {
    if (!isSchemaFields(schema)) throw schemaError(path, 'it must be an object');
    this.#countSchema(path);
    if (steps > grammarLimits.schemaDepthMax) throw schemaError(path, 'it refers to itself');
    const { $ref, allOf, ...own } = schema;
    if ($ref === undefined && allOf === undefined) return own;
    const listed = [
      ...($ref === undefined ? [] : [lookUp(this.#root, $ref, path)]),
      ...((allOf ?? []) as unknown[]),
    ];
    return listed
      .map((part) => this.#resolved(part, path, steps + 1))
      .reduce((a, b) => combineSchemas(a, b, path), own);
  }

  #alternatives(alternatives: unknown, basis: SchemaFields, path: string): Grammar {
    if (!Array.isArray(alternatives) || alternatives.length === 0) {
      throw schemaError(path, 'it must be a list of schemas');
    }
    const hasBasis = hasAssertions(basis);
    if (path.endsWith('oneOf')) this.#requireDisjoint(alternatives, path);
    return choice(
      ...alternatives.map((option: unknown, index) => {
        const at = `${path}/${index}`;
        if (!hasBasis) return this.schema(option, at);
        return this.schema(combineSchemas(basis, this.#resolved(option, at), at), at);
      }),
    );
  }

  /** `oneOf` forbids what two of its schemas allow. */
  #requireDisjoint(alternatives: readonly unknown[], path: string): void {
    const schemas = alternatives.map((option, index) => this.#resolved(option, `${path}/${index}`));
    for (const [index, schema] of schemas.entries()) {
      const other = schemas.findIndex((b, at) => at > index && !areDisjoint(schema, b));
      if (other < 0) continue;
      const text = `${index} and ${other} may both hold, which is forbidden: use "anyOf"`;
      throw schemaError(path, text);
    }
  }

  #asserted(schema: SchemaFields, path: string): Grammar {
    const types = typesOf(schema, path);
    const values = valuesOf(schema);
    if (values !== null) return this.#values(values, { schema, types, path });
    return choice(...types.map((type) => this.ofType(type, schema, path)));
  }

  #values(
    values: readonly unknown[],
    { schema, types, path }: { schema: SchemaFields; types: readonly JsonType[]; path: string },
  ): Grammar {
    const beside = types.flatMap((type) => typeKeywords[type]).find((keyword) => keyword in schema);
    if (beside !== undefined && schema.type !== undefined) {
      throw schemaError(path, `"${beside}" beside "enum" or "const" is not supported`);
    }
    this.#enumValues += values.length;
    if (this.#enumValues > grammarLimits.enumValuesMax) {
      throw schemaError(path, `the schema enumerates over ${grammarLimits.enumValuesMax} values`);
    }
    const valid = values.filter((value) => isOfTypes(value, types));
    if (valid.length === 0) throw schemaError(path, 'it enumerates no value of its type');
    return choice(...valid.map((value) => text(JSON.stringify(value))));
  }

  #reference($ref: unknown, path: string): Grammar {
    const target = lookUp(this.#root, $ref, path);
    const pointer = $ref as string;
    const known = this.#references.get(pointer);
    if (known !== undefined) return rule(known);
    const name = `${this.#prefix}reference-${this.#references.size}`;
    this.#references.set(pointer, name);
    // Set before it is known: the target may refer to itself.
    this.rules.set(name, text(''));
    this.rules.set(name, this.schema(target, pointer));
    return rule(name);
  }

  #array(schema: SchemaFields, path: string): Grammar {
    const { items = true, prefixItems } = schema;
    if (prefixItems !== undefined && !Array.isArray(prefixItems)) {
      throw schemaError(path, '"prefixItems" must be a list');
    }
    const prefix = (prefixItems ?? []) as readonly unknown[];
    const min = countOf(schema, 'minItems', path) ?? 0;
    const max = countOf(schema, 'maxItems', path);
    if (max !== null && min > max) throw schemaError(path, '"minItems" is over "maxItems"');
    if (items === false && min > prefix.length)
      throw schemaError(path, 'it cannot have "minItems"');
    const first = prefix
      .slice(0, max ?? prefix.length)
      .map((item, index) => this.define('item', this.schema(item, `${path}/prefixItems/${index}`)));
    const restMax = items === false ? 0 : max === null ? null : max - first.length;
    const rest = restMax === 0 ? null : this.define('item', this.schema(items, `${path}/items`));
    return sequence(text('['), listGrammar(first, rest, { min, restMax }), text(']'));
  }

  #string(schema: SchemaFields, path: string): Grammar {
    const { pattern, format } = schema;
    const min = countOf(schema, 'minLength', path) ?? 0;
    const max = countOf(schema, 'maxLength', path);
    if (max !== null && min > max) throw schemaError(path, '"minLength" is over "maxLength"');
    if (pattern === undefined && format === undefined) {
      return sequence(text('"'), repeat(rule('character'), min, max), text('"'));
    }
    const isLimited = schema.minLength !== undefined || schema.maxLength !== undefined;
    if (isLimited || (pattern !== undefined && format !== undefined)) {
      throw schemaError(path, '"pattern", "format" and lengths cannot be enforced together');
    }
    const source = pattern ?? stringFormats.get(format as string);
    if (typeof source !== 'string') {
      const known = [...stringFormats.keys()].join(', ');
      throw schemaError(path, `the format "${String(format)}" is not among ${known}`);
    }
    try {
      return sequence(text('"'), patternGrammar(source), text('"'));
    } catch (error) {
      throw schemaError(path, (error as Error).message);
    }
  }

  #number(type: 'integer' | 'number', schema: SchemaFields, path: string): Grammar {
    const bound = (keyword: string) => {
      const value = schema[keyword] ?? null;
      if (value === null || Number.isFinite(value)) return value as number | null;
      throw schemaError(path, `"${keyword}" must be a number`);
    };
    try {
      return numberGrammar(type, {
        minimum: bound('minimum'),
        maximum: bound('maximum'),
        exclusiveMinimum: bound('exclusiveMinimum'),
        exclusiveMaximum: bound('exclusiveMaximum'),
      });
    } catch (error) {
      throw schemaError(path, (error as Error).message);
    }
  }

  #anyValue(): Grammar {
    const name = `${this.#prefix}value`;
    if (!this.rules.has(name)) {
      // Set before it is known: values hold values.
      this.rules.set(name, text(''));
      const types = ['string', 'object', 'array', 'boolean', 'null'] as const;
      const options = types.map((type) => this.ofType(type, {}, '#'));
      this.rules.set(name, choice(...options, anyNumber));
    }
    return rule(name);
  }
}
