/**
 * Where `@huggingface/tokenizers` 0.2.0 deviates from the Rust library, and what becomes of it:
 *
 * | part | deviation | here |
 * |---|---|---|
 * | ByteLevel pattern, Strip | JavaScript's white space has U+FEFF and lacks U+0085 | mended |
 * | Digits | ASCII digits only | mended |
 * | Split | of five behaviours, only Isolated and Removed | mended |
 * | Metaspace | does not split; ignores the older `add_prefix_space` | mended |
 * | added tokens | no `single_word`; one pass where there is no normaliser | own code |
 * | decoders | ByteFallback, Metaspace and unknown ids differ | own code |
 * | decoders CTC, WordPiece, BPEDecoder, Replace by regular expression | | refused |
 * | Precompiled normaliser (T5, XLM-R) | an approximation | left: no such model here |
 * | Whitespace, Punctuation, BertPreTokenizer | ASCII \w; one behaviour | left: likewise |
 * | truncation, padding | ignored | left: wanted so |
 */
import { readFileSync } from 'node:fs';
import type { TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { createTokenizer } from '../../src/text/index.js';
import { fixtureJson } from './fixtures.js';

interface Variants {
  readonly texts: readonly string[];
  readonly variants: readonly {
    readonly name: string;
    readonly base: string;
    /** Fields of tokenizer.json that replace those of the base. */
    readonly fields: Record<string, unknown>;
    readonly encoded: readonly number[][];
    readonly sequences: readonly { readonly ids: TokenId[]; readonly decoded: string }[];
  }[];
}

// Made by make-rust-variants.py next to it.
const { texts, variants }: Variants = JSON.parse(
  readFileSync(new URL('./fixtures/rust-variants.json', import.meta.url), 'utf8'),
);

describe.each(variants)('$name', ({ base, fields, encoded, sequences }) => {
  const json = fixtureJson<Record<string, unknown>>(`${base}/tokenizer.json`);
  const tokenizer = createTokenizer(JSON.stringify({ ...json, ...fields }));

  it('encodes as the Rust library', () => {
    texts.forEach((text, index) => {
      const ids = tokenizer.encode(text, { addSpecialTokens: false });
      expect(ids, JSON.stringify(text)).toEqual(encoded[index]);
    });
  });

  it('decodes as the Rust library', () => {
    for (const { ids, decoded } of sequences) {
      expect(tokenizer.decode(ids, { skipSpecialTokens: false }), String(ids)).toBe(decoded);
    }
  });
});
