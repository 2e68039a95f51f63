import { readFileSync } from 'node:fs';
import { isSkeinError } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { schemaGrammar } from '../../src/grammar/schema/schema-grammar.js';
import type { JsonSchema } from '../../src/grammar/schema/schema-types.js';
import { TokenGrammar } from '../../src/grammar/token-grammar.js';
import { createVocabulary } from '../../src/grammar/vocabulary.js';
import { createTokenizer } from '../../src/text/index.js';

const file = new URL('../../../../models/tiny-tales/tokenizer.json', import.meta.url);
const tokenizer = createTokenizer(readFileSync(file, 'utf8'));
const vocabulary = createVocabulary(tokenizer, tokenizer.vocabSize);

/** Schemas that refer to the next one twice, so often that the last would be met 2^24 times. */
function doubling(keyword: 'allOf' | 'anyOf'): JsonSchema {
  const $defs: Record<string, object> = { s24: { type: 'string', maxLength: 3 } };
  for (let level = 0; level < 24; level += 1) {
    const next = { $ref: `#/$defs/s${level + 1}` };
    $defs[`s${level}`] = { [keyword]: [next, { ...next, description: 'again' }] };
  }
  return { $ref: '#/$defs/s0', $defs };
}

const pattern = (source: string): JsonSchema => ({ type: 'string', pattern: source });
const names = Array.from({ length: 1000 }, (_, index) => `property${index}`);

/** The code of the refusal, or null where a text is followed to its end. */
function follow(schema: JsonSchema, text: string): string | null {
  try {
    const grammar = new TokenGrammar(schemaGrammar(schema), vocabulary);
    let read = grammar.start;
    for (const token of tokenizer.encode(text, { addSpecialTokens: false })) {
      grammar.mask(read, null);
      grammar.mask(read, 20);
      const next = grammar.advance(read, token);
      expect(next).not.toBeNull();
      read = next as typeof read;
    }
    return null;
  } catch (error) {
    if (isSkeinError(error)) return error.code;
    throw error;
  }
}

describe('schemas that try to take for ever', () => {
  it.each<[string, JsonSchema, string]>([
    ['counts in counts', pattern('(a{0,4096}){0,4096}'), '"aaaaaaaa'],
    ['counts in counts in counts', pattern('((a{0,4096}){0,4096}){0,4096}'), '"aaaaaaaa'],
    ['counts of what may be empty', pattern('(a?b?c?){4096}x'), '"abcabc'],
    ['allOf that doubles', doubling('allOf'), '"x'],
    ['a pattern that is too long', pattern('a'.repeat(2000)), '"a'],
    ['a depth without end', JSON.parse(`${'{"items":'.repeat(99)}{}${'}'.repeat(99)}`), '[['],
  ])('are refused: %s', (_, schema, text) => {
    expect(follow(schema, text)).toBe('bad-argument');
  });

  it.each<[string, JsonSchema, string]>([
    ['stars in stars', pattern('((a*)*)*b'), '"aaaaab"'],
    ['anyOf that doubles', doubling('anyOf'), '"xyz"'],
    [
      'many optional properties',
      { properties: Object.fromEntries(names.map((n) => [n, {}])) },
      '{"property1":1,"property500":2',
    ],
    ['many values', { enum: names }, '"property77"'],
    ['deep values', true, `${'['.repeat(60)}{"a":1`],
  ])('are followed: %s', (_, schema, text) => {
    expect(follow(schema, text)).toBeNull();
  });

  it.each<[JsonSchema, string]>([
    [false, 'nothing is valid'],
    [{ type: 'strange' }, '"type" must be among'],
    [{ $ref: '#/nowhere' }, 'nothing at #/nowhere'],
    [{ $ref: 'http://example.org/a' }, 'only references within'],
    [{ $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } }, 'no text of finite length'],
    [{ type: 'integer', minimum: 3, maximum: 2 }, 'between the bounds'],
    [{ type: 'string', minLength: 3, maxLength: 2 }, '"minLength" is over'],
    [{ type: 'string', pattern: '(?=a)b' }, 'cannot be enforced'],
    [{ type: 'string', format: 'iri' }, 'the format "iri"'],
    [{ oneOf: [{ type: 'integer' }, { type: 'number' }] }, 'may both hold'],
    [{ type: 'object', required: ['a'], additionalProperties: false }, 'required and forbidden'],
    [{ properties: { a: { properties: { b: { not: {} } } } } }, '#/properties/a/properties/b'],
  ])('are named where they are wrong: %j', (schema, reason) => {
    expect(() => schemaGrammar(schema)).toThrow(reason);
  });
});
