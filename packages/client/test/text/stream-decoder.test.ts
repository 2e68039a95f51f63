import type { TokenId } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenizer, type Tokenizer } from '../../src/text/index.js';
import { fixtureText, tokenizerNames } from './fixtures.js';

function piecesOf(tokenizer: Tokenizer, tokens: Iterable<TokenId>): string[] {
  const decoder = tokenizer.createStreamDecoder();
  const pieces = Array.from(tokens, (token) => decoder.push(token));
  return [...pieces, decoder.flush()];
}

describe.each(tokenizerNames)('stream decoder of %s', (name) => {
  const tokenizer = createTokenizer(fixtureText(`${name}/tokenizer.json`));
  // A few ids more than there are, and more of the bytes at the vocabulary's beginning.
  const tokensArbitrary = fc.array(
    fc.oneof(
      fc.integer({ min: 0, max: tokenizer.vocabSize + 2 }),
      fc.integer({ min: 0, max: 300 }),
    ) as fc.Arbitrary<TokenId>,
    { maxLength: 40 },
  );

  it('gives in pieces what decoding gives at once', () => {
    fc.assert(
      fc.property(tokensArbitrary, fc.boolean(), (tokens, skipSpecialTokens) => {
        const decoder = tokenizer.createStreamDecoder({ skipSpecialTokens });
        let text = '';
        for (const token of tokens) text += decoder.push(token);
        text += decoder.flush();
        expect(text).toBe(tokenizer.decode(tokens, { skipSpecialTokens }));
      }),
      { numRuns: 500 },
    );
  });

  it('gives back any text without a replacement character on the way', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
        // Normalisation (Qwen) may change a text; a second round trip changes nothing.
        const tokens = tokenizer.encode(text, { addSpecialTokens: false });
        const pieces = piecesOf(tokenizer, tokens);
        if (!text.includes('\ufffd')) expect(pieces.join('')).not.toContain('\ufffd');
        // A pattern with the flag u finds only surrogates that stand alone.
        for (const piece of pieces) expect(piece).not.toMatch(/\p{Surrogate}/u);
      }),
      { numRuns: 300 },
    );
  });

  it('goes on after a prompt as if it had been decoded with it', () => {
    const text = 'Why do geese fly? In a line 🪿 they save strength.';
    const tokens = tokenizer.encode(text);
    const whole = tokenizer.decode(tokens);
    for (let cut = 0; cut <= tokens.length; cut++) {
      const decoder = tokenizer.createStreamDecoder();
      decoder.skip(tokens.slice(0, cut));
      let rest = '';
      for (const token of tokens.slice(cut)) rest += decoder.push(token);
      rest += decoder.flush();
      expect(whole.endsWith(rest)).toBe(true);
      const prompt = tokenizer.decode(tokens.slice(0, cut));
      // A prompt that ends inside of the goose leaves the whole goose to the continuation.
      expect(prompt.replace(/\ufffd+$/, '') + rest).toBe(whole);
    }
  });

  it('takes the same time for a token however many came before', () => {
    const tokens = tokenizer.encode('The goose flies over the river. ', {
      addSpecialTokens: false,
    });
    const decoder = tokenizer.createStreamDecoder();
    let characters = 0;
    for (let round = 0; round < 5000; round++) {
      for (const token of tokens) characters += decoder.push(token).length;
    }
    expect(characters).toBeGreaterThan(5000 * 20);
  });
});

describe('StreamDecoder', () => {
  const tokenizer = createTokenizer(fixtureText('llama2-spm/tokenizer.json'));
  const bytes = (...values: number[]) =>
    values.map((value) => {
      const text = `<0x${value.toString(16).toUpperCase().padStart(2, '0')}>`;
      return tokenizer.tokenId(text) as TokenId;
    });

  it('holds bytes back until they are a character and the run ends', () => {
    const [first, second, third] = bytes(0xe2, 0x82, 0xac) as [TokenId, TokenId, TokenId];
    const decoder = tokenizer.createStreamDecoder();
    expect([decoder.push(first), decoder.push(second), decoder.push(third)]).toEqual(['', '', '']);
    expect(decoder.push(tokenizer.tokenId('▁the') as TokenId)).toBe('€ the');
    expect(decoder.flush()).toBe('');
  });

  it('gives a replacement character for each byte of a bad run', () => {
    expect(tokenizer.decode(bytes(0xe2, 0x82, 0xac, 0xff))).toBe('\ufffd'.repeat(4));
  });

  it('leaves an unfinished character of the prompt to what follows', () => {
    const decoder = tokenizer.createStreamDecoder();
    decoder.skip(bytes(0x41, 0xe2, 0x82));
    expect(decoder.push(bytes(0xac)[0] as TokenId) + decoder.flush()).toBe('€');
  });

  it('refuses tokens after the end', () => {
    const decoder = tokenizer.createStreamDecoder();
    decoder.flush();
    expect(decoder.flush()).toBe('');
    expect(() => decoder.push(5 as TokenId)).toThrow(TypeError);
  });
});
