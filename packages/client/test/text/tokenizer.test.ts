import type { TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { createTokenizer, encodeCharactersMax } from '../../src/text/index.js';
import { fixtureJson, fixtureText, type TokenizerCases, tokenizerNames } from './fixtures.js';

describe.each(tokenizerNames)('%s equals the Rust library', (name) => {
  const tokenizer = createTokenizer(fixtureText(`${name}/tokenizer.json`), {
    configJson: fixtureText(`${name}/tokenizer_config.json`),
  });
  const { texts, idSequences } = fixtureJson<TokenizerCases>(`${name}/cases.json`);

  it('in encoding', () => {
    for (const { text, ids, idsWithSpecialTokens } of texts) {
      expect(tokenizer.encode(text, { addSpecialTokens: false }), text).toEqual(ids);
      expect(tokenizer.encode(text), text).toEqual(idsWithSpecialTokens);
    }
  });

  it('in decoding', () => {
    const sequences = [
      ...texts.map((entry) => ({ ...entry, ids: entry.idsWithSpecialTokens })),
      ...idSequences,
    ];
    for (const { ids, decoded, decodedWithoutSpecialTokens } of sequences) {
      const tokens = ids as TokenId[];
      expect(tokenizer.decode(tokens, { skipSpecialTokens: false })).toBe(decoded);
      expect(tokenizer.decode(tokens)).toBe(decodedWithoutSpecialTokens);
    }
  });

  it('in what it knows of its tokens', () => {
    const json = fixtureJson<{
      model: { vocab: Record<string, number> };
      added_tokens: { id: number; content: string; special: boolean }[];
    }>(`${name}/tokenizer.json`);
    const added = json.added_tokens.map(({ id }) => id);
    const largest = Math.max(...Object.values(json.model.vocab), ...added);
    expect(tokenizer.vocabSize).toBe(largest + 1);
    expect(tokenizer.tokenText((largest + 1) as TokenId)).toBeNull();
    expect(tokenizer.tokenId('no such token')).toBeNull();
    for (const { id, content, special } of json.added_tokens) {
      expect(tokenizer.tokenId(content)).toBe(id);
      expect(tokenizer.tokenText(id as TokenId)).toBe(content);
      expect(tokenizer.specialTokenIds.has(id as TokenId)).toBe(special);
    }
  });
});

describe('createTokenizer', () => {
  it('reads roles and the chat template from the config', () => {
    const tokenizer = createTokenizer(fixtureText('llama2-spm/tokenizer.json'), {
      configJson: fixtureText('llama2-spm/tokenizer_config.json'),
    });
    expect(tokenizer.bosToken).toEqual({ id: 1, text: '<s>' });
    expect(tokenizer.eosToken).toEqual({ id: 2, text: '</s>' });
    expect(tokenizer.chatTemplates.get('default')).toContain('[INST]');
  });

  it('does without a config', () => {
    const tokenizer = createTokenizer(fixtureText('gpt2-bpe/tokenizer.json'));
    expect(tokenizer.bosToken).toBeNull();
    expect(tokenizer.chatTemplates.size).toBe(0);
  });

  it('reads tokens that are objects, and several chat templates', () => {
    const configJson = JSON.stringify({
      bos_token: { content: '<|endoftext|>' },
      eos_token: 'not in the vocabulary',
      chat_template: [
        { name: 'default', template: 'a' },
        { name: 'tool_use', template: 'b' },
      ],
    });
    const tokenizer = createTokenizer(fixtureText('gpt2-bpe/tokenizer.json'), { configJson });
    expect(tokenizer.bosToken?.text).toBe('<|endoftext|>');
    expect(tokenizer.eosToken).toBeNull();
    expect([...tokenizer.chatTemplates]).toEqual([
      ['default', 'a'],
      ['tool_use', 'b'],
    ]);
  });

  it.each([
    ['no JSON', '{', 'model-corrupt'],
    ['no object', '[]', 'model-corrupt'],
    ['no vocabulary', '{"model": {}}', 'model-corrupt'],
    ['an id out of range', '{"model": {"vocab": {"a": 1048576}}}', 'model-corrupt'],
    ['an id that is no number', '{"model": {"vocab": {"a": "1"}}}', 'model-corrupt'],
    [
      'an added token without content',
      '{"model": {"vocab": {}}, "added_tokens": [{"id": 1}]}',
      'model-corrupt',
    ],
    [
      'an unknown decoder',
      '{"model": {"type": "BPE", "vocab": {}, "merges": []}, "decoder": {"type": "CTC"}}',
      'model-unsupported',
    ],
    [
      'an unknown normaliser',
      '{"model": {"type": "BPE", "vocab": {}, "merges": []}, "normalizer": {"type": "Odd"}}',
      'model-unsupported',
    ],
  ])('refuses %s', (_name, json, code) => {
    expect(() => createTokenizer(json)).toThrow(expect.objectContaining({ code }));
  });

  it('refuses a text over its limit', () => {
    const tokenizer = createTokenizer(fixtureText('gpt2-bpe/tokenizer.json'));
    expect(() => tokenizer.encode('a'.repeat(encodeCharactersMax + 1))).toThrow(
      expect.objectContaining({ code: 'limit-exceeded' }),
    );
  });

  it('encodes a long text', () => {
    const tokenizer = createTokenizer(fixtureText('llama2-spm/tokenizer.json'));
    const text = 'The goose flies. '.repeat(10_000);
    const tokens = tokenizer.encode(text, { addSpecialTokens: false });
    expect(tokenizer.decode(tokens)).toBe(text);
  });
});
