/** Schemas of the run that checks answers: bounded ones, and ones whose answers have no end of their own. */
export const jsonSchemas: readonly { readonly name: string; readonly schema: object }[] = [
  {
    name: 'character',
    schema: {
      type: 'object',
      properties: {
        name: { type: 'string', maxLength: 24 },
        animal: { enum: ['fox', 'owl', 'goose', 'hare', 'mole'] },
        age: { type: 'integer', minimum: 1, maximum: 99 },
        friends: { type: 'array', items: { type: 'string', maxLength: 16 }, maxItems: 3 },
      },
      required: ['name', 'animal', 'age', 'friends'],
      additionalProperties: false,
    },
  },
  {
    name: 'story',
    schema: {
      type: 'object',
      properties: { title: { type: 'string' }, text: { type: 'string' } },
      required: ['title', 'text'],
      additionalProperties: false,
    },
  },
  {
    name: 'tree',
    schema: {
      $ref: '#/$defs/node',
      $defs: {
        node: {
          type: 'object',
          properties: {
            label: { type: 'string', maxLength: 12 },
            children: { type: 'array', items: { $ref: '#/$defs/node' } },
          },
          required: ['label'],
          additionalProperties: false,
        },
      },
    },
  },
  {
    name: 'event',
    schema: {
      type: 'object',
      properties: {
        kind: { anyOf: [{ const: 'found' }, { const: 'lost' }, { type: 'null' }] },
        date: { type: 'string', format: 'date' },
        weight: { type: 'number', minimum: 0, maximum: 10 },
        notes: { type: 'array', items: { type: 'string' } },
        code: { type: 'string', pattern: '^[A-Z]{3}-[0-9]{2,4}$' },
      },
      required: ['kind', 'date', 'weight', 'code'],
      additionalProperties: false,
    },
  },
];
