import { unsupportedModel } from '../../model-errors.js';
import { tokenId, type Vocabulary } from './read-vocabulary.js';
import { type TokenizerParts, vocabularyObject } from './tokenizer-parts.js';

/** SentencePiece writes a space as this, so that words keep theirs. */
const spaceMark = '▁';

/**
 * Characters that the search for merges may compare, the sum of the squares of the tokens' lengths:
 * a vocabulary of 256,000 needs about 50 million. A forged one of very long tokens would otherwise
 * keep a processor busy for hours.
 */
const comparisonsMax = 200_000_000;

/** llama.cpp's defaults where a file does not say. */
const defaultTokenIds = { bos: 1, eos: 2, unknown: 0 };

/**
 * Converts a `llama` tokenizer: SentencePiece BPE, which knows a score for each token where
 * tokenizer.json has a list of merges. @throws SkeinError
 */
export function sentencePieceBpe(vocabulary: Vocabulary): TokenizerParts {
  const { fields, tokens } = vocabulary;
  const addsSpace = fields.boolean('tokenizer.ggml.add_space_prefix') ?? true;
  const addsBos = fields.boolean('tokenizer.ggml.add_bos_token') ?? true;
  const addsEos = fields.boolean('tokenizer.ggml.add_eos_token') ?? false;
  const unknownTokenId = tokenId(vocabulary, 'unknown_token_id') ?? defaultTokenIds.unknown;
  return {
    normalizer: spaceNormalizer(addsSpace),
    preTokenizer: null,
    decoder: spaceDecoder(addsSpace),
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: tokens[unknownTokenId]?.text ?? null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: vocabularyObject(vocabulary),
      merges: mergesFromScores(vocabulary),
    },
    bosTokenId: addsBos ? (tokenId(vocabulary, 'bos_token_id') ?? defaultTokenIds.bos) : null,
    eosTokenId: addsEos ? (tokenId(vocabulary, 'eos_token_id') ?? defaultTokenIds.eos) : null,
    unknownTokenId,
  };
}

/** A text starts with a space, so that its first word is the same token as anywhere else. */
function spaceNormalizer(addsSpace: boolean) {
  const replace = { type: 'Replace', pattern: { String: ' ' }, content: spaceMark };
  if (!addsSpace) return replace;
  return { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: spaceMark }, replace] };
}

function spaceDecoder(addsSpace: boolean) {
  const decoders: object[] = [
    { type: 'Replace', pattern: { String: spaceMark }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
  ];
  if (addsSpace) decoders.push({ type: 'Strip', content: ' ', start: 1, stop: 0 });
  return { type: 'Sequence', decoders };
}

interface Merge {
  readonly left: string;
  readonly right: string;
  readonly score: number;
}

/**
 * Derives the merges from the scores as Hugging Face's converter does: every way to cut a token
 * into two tokens is a merge, better scores first, then the longer left and right part
 * (`generate_merges` in transformers' convert_slow_tokenizer.py).
 */
function mergesFromScores(vocabulary: Vocabulary): readonly (readonly [string, string])[] {
  const { tokens, ids, fields } = vocabulary;
  const scores = readScores(vocabulary);
  const lengths = new Map<string, number>();
  const merges: Merge[] = [];
  let comparisons = 0;
  for (const [id, token] of tokens.entries()) {
    if (!isMergeable(vocabulary, id)) continue;
    // Cut between code points: half of a surrogate pair is no token.
    const characters = Array.from(token.text);
    lengths.set(token.text, characters.length);
    comparisons += characters.length ** 2;
    if (comparisons > comparisonsMax) {
      const problem = 'the tokens of its vocabulary are too long to convert';
      throw unsupportedModel(fields.path, problem, "Use the model's safetensors folder.");
    }
    const own: (Merge & { leftId: number; rightId: number })[] = [];
    let left = '';
    for (const character of characters.slice(0, -1)) {
      left += character;
      const right = token.text.slice(left.length);
      const leftId = ids.get(left);
      const rightId = leftId === undefined ? undefined : ids.get(right);
      if (leftId === undefined || rightId === undefined) continue;
      if (!isMergeable(vocabulary, leftId) || !isMergeable(vocabulary, rightId)) continue;
      own.push({ left, right, score: scores[id] as number, leftId, rightId });
    }
    own.sort((a, b) => a.leftId - b.leftId || a.rightId - b.rightId);
    merges.push(...own);
  }
  const length = (text: string) => lengths.get(text) as number;
  merges.sort(
    (a, b) =>
      b.score - a.score || length(b.left) - length(a.left) || length(b.right) - length(a.right),
  );
  return merges.map(({ left, right }) => [left, right] as const);
}

/** SentencePiece merges pieces of text only, never the names of control and byte tokens. */
function isMergeable({ tokens }: Vocabulary, id: number): boolean {
  const kind = tokens[id]?.kind;
  return kind === 'normal' || kind === 'user-defined' || kind === 'unused';
}

function readScores({ fields, tokens }: Vocabulary): Float32Array {
  const key = 'tokenizer.ggml.scores';
  const scores = fields.raw(key) ?? fields.missing(key);
  const isSound =
    scores instanceof Float32Array && scores.length === tokens.length && !scores.some(Number.isNaN);
  if (!isSound) throw fields.fault(key, `a list of ${tokens.length} numbers, one for each token`);
  return scores;
}
