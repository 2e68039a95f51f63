/** Characters of the toy vocabulary, by token id; `Ġ` is a blank, as in byte-level vocabularies. */
const characters = [...'Ġabcdefghijklmnopqrstuvwxyz.,!?ABCDEFGHIJKLMNOPQRST'].slice(0, 50);

/** A tokenizer.json with one token a character, ids 0 to 49. */
export const toyTokenizerJson = JSON.stringify({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: {
    type: 'ByteLevel',
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: true,
  },
  post_processor: null,
  decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    vocab: Object.fromEntries(characters.map((character, id) => [character, id])),
    merges: [],
  },
});

export function toyText(tokens: readonly number[]): string {
  return tokens
    .map((token) => characters[token])
    .join('')
    .replaceAll('Ġ', ' ');
}

export const toyChatTemplate =
  "{% for message in messages %}{{ message['role'][0] }}! {{ message['content'] }}. {% endfor %}" +
  '{% if add_generation_prompt %}a! {% endif %}';
