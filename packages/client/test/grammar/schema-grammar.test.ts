import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { schemaGrammar } from '../../src/grammar/schema/schema-grammar.js';
import { TokenGrammar } from '../../src/grammar/token-grammar.js';
import { createVocabulary } from '../../src/grammar/vocabulary.js';
import { createTokenizer } from '../../src/text/index.js';
import { randomAnswer, seededRandom } from './random-answer.js';
import { schemas } from './schemas.js';

const file = new URL('../../../../models/tiny-tales/tokenizer.json', import.meta.url);
const tokenizer = createTokenizer(readFileSync(file, 'utf8'));
const vocabulary = createVocabulary(tokenizer, tokenizer.vocabSize);
const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);

describe('random answers', () => {
  it.each(Object.entries(schemas))('are valid: %s', (_, schema) => {
    const grammar = new TokenGrammar(schemaGrammar(schema as never), vocabulary);
    const validate = ajv.compile(schema);
    const random = seededRandom(7);
    for (let round = 0; round < 25; round += 1) {
      // From the least that is enough.
      const tokensMax = grammar.start.cost + Math.floor(random() * 100);
      const { text, isComplete, tokens } = randomAnswer(grammar, tokenizer, { tokensMax, random });
      expect({ text, isComplete, count: tokens.length <= tokensMax }).toEqual({
        text,
        isComplete: true,
        count: true,
      });
      expect({ text, errors: validate(JSON.parse(text)) ? null : validate.errors }).toEqual({
        text,
        errors: null,
      });
    }
  });
});
