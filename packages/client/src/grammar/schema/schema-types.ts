/** A JSON schema, draft 2020-12, as far as it is read here. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

export type SchemaFields = { readonly [keyword: string]: unknown };

export const jsonTypes = [
  'object',
  'array',
  'string',
  'number',
  'integer',
  'boolean',
  'null',
] as const;

export type JsonType = (typeof jsonTypes)[number];

/** Keywords that say nothing about what is valid. */
export const annotations: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$comment',
  '$anchor',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'example',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
]);

/** Keywords that are enforced, by the type that they speak of. */
export const typeKeywords: Readonly<Record<JsonType, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  boolean: [],
  null: [],
};

/** Keywords that are enforced whatever the type. */
export const generalKeywords = ['type', 'enum', 'const', 'anyOf', 'oneOf', 'allOf', '$ref'];

export function isSchemaFields(value: unknown): value is SchemaFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The type of a JSON value; whole numbers are integers. */
export function typeOfValue(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value as JsonType;
}

/** Whether values of one type may be values of the other. */
export function typesOverlap(a: JsonType, b: JsonType): boolean {
  const widen = (type: JsonType) => (type === 'integer' ? 'number' : type);
  return a === b || widen(a) === widen(b);
}
