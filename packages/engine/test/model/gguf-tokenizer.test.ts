import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { type GgufMetadata, ggufTokenizerJson, readGgufHeader } from '../../src/model/index.js';
import { expectModelError } from './support/expect-model-error.js';
import { temporaryFolder, writeTinyGguf } from './support/model-folders.js';

interface JsTokenizer {
  encode(text: string, options?: object): { ids: number[] };
  decode(ids: number[], options?: object): string;
}

const require = createRequire(new URL('../../../client/package.json', import.meta.url));
const { Tokenizer } = require('@huggingface/tokenizers') as {
  Tokenizer: new (json: object, config: object) => JsTokenizer;
};
const makeTokenizer = (json: string) =>
  new Tokenizer(JSON.parse(json), { clean_up_tokenization_spaces: false });

const fixtures = fileURLToPath(new URL('../../../../test/fixtures/tokenizers/', import.meta.url));
const names = readdirSync(fixtures).filter((name) =>
  existsSync(join(fixtures, name, 'vocabulary.gguf')),
);

describe.each(names)('the converted tokenizer of %s', (name) => {
  const cases = JSON.parse(readFileSync(join(fixtures, name, 'cases.json'), 'utf8'));
  let converted: JsTokenizer;
  let original: JsTokenizer;

  beforeAll(async () => {
    const json = ggufTokenizerJson(await readGgufHeader(join(fixtures, name, 'vocabulary.gguf')));
    converted = makeTokenizer(json ?? '');
    original = makeTokenizer(readFileSync(join(fixtures, name, 'tokenizer.json'), 'utf8'));
  });

  it('gives the ids of the original', () => {
    for (const { text, ids, idsWithSpecialTokens } of cases.texts) {
      expect(converted.encode(text, { add_special_tokens: false }).ids).toEqual(ids);
      expect(converted.encode(text).ids).toEqual(idsWithSpecialTokens);
    }
  });

  it('decodes as the original in the same library', () => {
    const sequences = [
      ...cases.texts.map((text: { idsWithSpecialTokens: number[] }) => text.idsWithSpecialTokens),
      ...cases.idSequences.map((sequence: { ids: number[] }) => sequence.ids),
    ];
    for (const ids of sequences.filter((list) => list.length > 0)) {
      for (const options of [{}, { skip_special_tokens: true }]) {
        expect(converted.decode(ids, options)).toBe(original.decode(ids, options));
      }
    }
  });
});

describe('tokenizer metadata', () => {
  const folder = temporaryFolder();

  async function convert(metadata: GgufMetadata): Promise<string | null> {
    const path = join(folder, 'vocabulary.gguf');
    await writeTinyGguf(path, { metadata, tensors: [] });
    return ggufTokenizerJson(await readGgufHeader(path));
  }

  const strings = (...value: string[]) => ({ type: 'array', of: 'string', value }) as const;
  const types = (...value: number[]) => ({ type: 'array', of: 'int32', value }) as const;
  const text = (value: string) => ({ type: 'string', value }) as const;
  const bpe: GgufMetadata = {
    'tokenizer.ggml.model': text('gpt2'),
    'tokenizer.ggml.pre': text('gpt-2'),
    'tokenizer.ggml.tokens': strings('a', 'b', 'ab', '<s>', '<tool>', '[PAD5]'),
    'tokenizer.ggml.token_type': types(1, 1, 1, 3, 4, 5),
    'tokenizer.ggml.merges': strings('a b'),
  };

  it('is null without a tokenizer', async () => {
    expect(await convert({})).toBeNull();
    expect(await convert({ 'tokenizer.ggml.model': text('none') })).toBeNull();
  });

  it('passes on an embedded tokenizer.json', async () => {
    const embedded = { 'tokenizer.huggingface.json': text('{"version":"1.0"}') };
    expect(await convert({ ...bpe, ...embedded })).toBe('{"version":"1.0"}');
  });

  it('tells control tokens from those that people defined', async () => {
    const json = JSON.parse((await convert(bpe)) ?? '');
    expect(
      json.added_tokens.map(({ id, content, special }: Record<string, unknown>) => ({
        id,
        content,
        special,
      })),
    ).toEqual([
      { id: 3, content: '<s>', special: true },
      { id: 4, content: '<tool>', special: false },
    ]);
    expect(json.post_processor).toBeNull();
    expect(json.model.merges).toEqual([['a', 'b']]);
  });

  it('frames texts with start and end tokens when the file says so', async () => {
    const json =
      (await convert({
        ...bpe,
        'tokenizer.ggml.add_bos_token': { type: 'bool', value: true },
        'tokenizer.ggml.add_eos_token': { type: 'bool', value: true },
        'tokenizer.ggml.bos_token_id': { type: 'uint32', value: 3 },
        'tokenizer.ggml.eos_token_id': { type: 'uint32', value: 4 },
      })) ?? '';
    expect(makeTokenizer(json).encode('ab').ids).toEqual([3, 2, 4]);
    expect(makeTokenizer(json).encode('ab', { add_special_tokens: false }).ids).toEqual([2]);
  });

  it.each(['smollm', 'tekken', 'llama3', 'deepseek-r1-qwen', 'default', 'dbrx', 'gpt-4o'])(
    'knows the pre-tokenizer %s',
    async (pre) => {
      const json = (await convert({ ...bpe, 'tokenizer.ggml.pre': text(pre) })) ?? '';
      expect(makeTokenizer(json).encode('ab', { add_special_tokens: false }).ids).toEqual([2]);
    },
  );

  it.each([
    ['dbrx', ['It', "'ll", ' cost', ' ', '123', '45', ' €!!\n', '  ', ' HelloWorld']],
    ['gpt-4o', ["It'll", ' cost', ' ', '123', '45', ' €!!\n', '  ', ' Hello', 'World']],
  ])('cuts words as %s does', async (pre, words) => {
    const json = JSON.parse((await convert({ ...bpe, 'tokenizer.ggml.pre': text(pre) })) ?? '');
    const [split] = json.pre_tokenizer.pretokenizers;
    const expression = new RegExp(split.pattern.Regex, 'gu');
    expect("It'll cost 12345 €!!\n   HelloWorld".match(expression)).toEqual(words);
  });

  it('names an unknown pre-tokenizer and the known ones', async () => {
    const made = convert({ ...bpe, 'tokenizer.ggml.pre': text('martian') });
    await expectModelError(made, 'model-unsupported', 'tokenizer.ggml.pre = martian', 'qwen2');
  });

  it('names an unknown tokenizer', async () => {
    const made = convert({ ...bpe, 'tokenizer.ggml.model': text('t5') });
    await expectModelError(made, 'model-unsupported', 'tokenizer.ggml.model = t5');
  });

  const broken: [string, GgufMetadata, string][] = [
    ['no tokens', { 'tokenizer.ggml.tokens': types(1, 2) }, 'tokenizer.ggml.tokens'],
    [
      'the same token twice',
      { 'tokenizer.ggml.tokens': strings('a', 'b', 'ab', 'a', 'c', 'd') },
      'the tokens 0 and 3',
    ],
    ['too few types', { 'tokenizer.ggml.token_type': types(1) }, 'a list of 6 integers'],
    [
      'an unknown type',
      { 'tokenizer.ggml.token_type': types(1, 1, 1, 1, 1, 9) },
      'token types 0 to 6',
    ],
    ['a merge into no token', { 'tokenizer.ggml.merges': strings('b a') }, 'tokenizer.ggml.merges'],
    ['a merge of one part', { 'tokenizer.ggml.merges': strings('ab') }, 'tokenizer.ggml.merges'],
    [
      'a start token that is none',
      {
        'tokenizer.ggml.add_bos_token': { type: 'bool', value: true },
        'tokenizer.ggml.bos_token_id': { type: 'uint32', value: 6 },
      },
      'tokenizer.ggml.bos_token_id',
    ],
    ['no scores', { 'tokenizer.ggml.model': text('llama') }, 'tokenizer.ggml.scores is missing'],
    [
      'too few scores',
      {
        'tokenizer.ggml.model': text('llama'),
        'tokenizer.ggml.scores': { type: 'array', of: 'float32', value: [1] },
      },
      'a list of 6 numbers',
    ],
  ];
  it.each(broken)('refuses %s', async (_what, metadata, part) => {
    await expectModelError(
      convert({ ...bpe, ...metadata }),
      'model-corrupt',
      part,
      'vocabulary.gguf',
    );
  });

  it('refuses a vocabulary whose merges would take hours to find', async () => {
    const length = 4096;
    const tokens = Array.from({ length: 100 }, (_, index) => `${index}${'x'.repeat(length - 2)}`);
    const made = convert({
      'tokenizer.ggml.model': text('llama'),
      'tokenizer.ggml.tokens': strings(...tokens),
      'tokenizer.ggml.scores': { type: 'array', of: 'float32', value: tokens.map(() => 0) },
    });
    await expectModelError(made, 'model-unsupported', 'too long to convert');
  });
});
