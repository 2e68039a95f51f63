import { unsupportedModel } from '../../model-errors.js';
import { type PreTokenizer, preTokenizers } from './pre-tokenizers.js';
import { stringList, tokenId, type Vocabulary } from './read-vocabulary.js';
import { type TokenizerParts, vocabularyObject } from './tokenizer-parts.js';

/** Converts a `gpt2` tokenizer: BPE over bytes, merges given. @throws SkeinError */
export function byteLevelBpe(vocabulary: Vocabulary): TokenizerParts {
  const { fields } = vocabulary;
  const preTokenizer = findPreTokenizer(vocabulary);
  const addsBos = fields.boolean('tokenizer.ggml.add_bos_token') ?? preTokenizer.addsBos;
  const addsEos = fields.boolean('tokenizer.ggml.add_eos_token') ?? false;
  return {
    normalizer: preTokenizer.normalForm === null ? null : { type: preTokenizer.normalForm },
    preTokenizer: wordSplitter(preTokenizer),
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: preTokenizer.ignoresMerges,
      vocab: vocabularyObject(vocabulary),
      merges: readMerges(vocabulary),
    },
    bosTokenId: addsBos ? (tokenId(vocabulary, 'bos_token_id') ?? null) : null,
    eosTokenId: addsEos ? (tokenId(vocabulary, 'eos_token_id') ?? null) : null,
    unknownTokenId: null,
  };
}

function findPreTokenizer({ fields }: Vocabulary): PreTokenizer {
  const name = fields.text('tokenizer.ggml.pre') ?? 'default';
  const preTokenizer = preTokenizers.get(name);
  if (preTokenizer !== undefined) return preTokenizer;
  throw unsupportedModel(
    fields.path,
    `tokenizer.ggml.pre = ${name.slice(0, 80)} is not supported`,
    `Supported are ${[...preTokenizers.keys()].join(', ')}; or use the model's safetensors folder.`,
  );
}

function wordSplitter({ words }: PreTokenizer) {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };
  if (words.kind === 'gpt2') return { ...byteLevel, use_regex: true };
  const splitter =
    words.kind === 'gpt2-digits'
      ? { type: 'Digits', individual_digits: true }
      : {
          type: 'Split',
          pattern: { Regex: words.expression },
          behavior: 'Isolated',
          invert: false,
        };
  return {
    type: 'Sequence',
    pretokenizers: [splitter, { ...byteLevel, use_regex: words.kind === 'gpt2-digits' }],
  };
}

/** Merges are `left right`; the search starts at 1, as llama.cpp's, since `left` is never empty. */
function readMerges({ fields, ids }: Vocabulary): readonly (readonly [string, string])[] {
  const key = 'tokenizer.ggml.merges';
  return stringList(fields, key).map((merge) => {
    const space = merge.indexOf(' ', 1);
    const left = merge.slice(0, space);
    const right = merge.slice(space + 1);
    const isKnown = space !== -1 && ids.has(left) && ids.has(right) && ids.has(left + right);
    if (!isKnown) throw fields.fault(key, 'made of pairs of tokens that merge into a token');
    return [left, right] as const;
  });
}
