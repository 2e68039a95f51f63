/** Schemas as people write them, each with what its answers cannot be known to have. */
export const schemas: Readonly<Record<string, object | boolean>> = {
  person: {
    type: 'object',
    properties: {
      name: { type: 'string' },
      age: { type: 'integer', minimum: 0, maximum: 120 },
      email: { type: 'string', format: 'email' },
      height: { type: 'number', minimum: 0.4, exclusiveMaximum: 2.5 },
    },
    required: ['name', 'age'],
    additionalProperties: false,
  },
  lists: {
    type: 'object',
    properties: {
      tags: { type: 'array', items: { enum: ['red', 'green', 'blue'] }, minItems: 1, maxItems: 9 },
      pair: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'boolean' }], items: false },
      matrix: {
        type: 'array',
        items: { type: 'array', items: { type: 'integer', minimum: -5 }, maxItems: 3 },
      },
    },
    required: ['matrix', 'tags', 'pair'],
  },
  tree: {
    $ref: '#/$defs/node',
    $defs: {
      node: {
        type: 'object',
        properties: {
          value: { type: ['integer', 'null'] },
          children: { type: 'array', items: { $ref: '#/$defs/node' } },
        },
        required: ['value'],
        additionalProperties: false,
      },
    },
  },
  shapes: {
    oneOf: [
      {
        type: 'object',
        properties: { kind: { const: 'circle' }, radius: { type: 'number', minimum: 0 } },
        required: ['kind', 'radius'],
      },
      {
        type: 'object',
        properties: { kind: { const: 'square' }, side: { type: 'number', exclusiveMinimum: 0 } },
        required: ['kind', 'side'],
      },
    ],
  },
  extended: {
    allOf: [
      { $ref: '#/definitions/named' },
      { properties: { size: { type: 'integer', exclusiveMinimum: 9, maximum: 1000 } } },
    ],
    type: 'object',
    required: ['size'],
    definitions: {
      named: { type: 'object', properties: { name: { type: 'string', minLength: 1 } } },
    },
  },
  strings: {
    type: 'object',
    properties: {
      short: { type: 'string', maxLength: 20 },
      long: { type: 'string', minLength: 5, maxLength: 200 },
      code: { type: 'string', pattern: '^[A-Z]{2,3}-\\d+("|\\\\|\\n)?$' },
      free: { type: 'string', pattern: 'a.c[^x]*' },
      date: { type: 'string', format: 'date' },
      moment: { type: 'string', format: 'date-time' },
      id: { type: 'string', format: 'uuid' },
      host: { type: 'string', format: 'hostname' },
      address: { type: 'string', format: 'ipv4' },
      time: { type: 'string', format: 'time' },
    },
    required: ['short', 'long', 'code', 'free', 'date', 'moment', 'id', 'host', 'address', 'time'],
  },
  map: { type: 'object', additionalProperties: { type: 'number' }, maxProperties: 4 },
  loose: { type: 'object', properties: { anything: true, 'a "quoted" name': { type: 'null' } } },
  root: {
    anyOf: [{ type: 'string' }, { type: 'number', multipleOf: undefined }, { type: 'null' }],
  },
};
