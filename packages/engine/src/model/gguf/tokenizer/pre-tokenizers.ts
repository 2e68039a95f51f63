/** How text is prepared and cut into words before BPE merges within each word. */
export interface PreTokenizer {
  /** Unicode normal form that the original tokenizer applies, which GGUF does not record. */
  readonly normalForm: 'NFC' | null;
  readonly words: /** GPT-2's expression, which ByteLevel has built in. */
    | { readonly kind: 'gpt2' }
    /** The same after every digit was cut off. */
    | { readonly kind: 'gpt2-digits' }
    | { readonly kind: 'expression'; readonly expression: string };
  /** A word that is a token as a whole is taken as it is, merges notwithstanding. */
  readonly ignoresMerges: boolean;
  /** Whether a text starts with the start token where `add_bos_token` does not say. */
  readonly addsBos: boolean;
}

// The published expressions start with `(?i:'s|'t|…)`. Spelled out, they also work in JavaScript
// before Node 23.
const contractions = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
const spaces = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;
const punctuation = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*`;
const letters = String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`;
const upper = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const lower = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const lead = String.raw`[^\r\n\p{L}\p{N}]?`;

const gpt2: PreTokenizer = {
  normalForm: null,
  words: { kind: 'gpt2' },
  ignoresMerges: false,
  addsBos: false,
};

const gpt2Digits: PreTokenizer = { ...gpt2, words: { kind: 'gpt2-digits' } };

const llama3: PreTokenizer = {
  normalForm: null,
  words: {
    kind: 'expression',
    expression: [contractions, letters, String.raw`\p{N}{1,3}`, punctuation, spaces].join('|'),
  },
  ignoresMerges: true,
  addsBos: true,
};

const qwen2: PreTokenizer = {
  normalForm: 'NFC',
  words: {
    kind: 'expression',
    expression: [contractions, letters, String.raw`\p{N}`, punctuation, spaces].join('|'),
  },
  ignoresMerges: false,
  addsBos: false,
};

/** Mistral NeMo: words are cut between lower and upper case. */
const tekken: PreTokenizer = {
  normalForm: null,
  words: {
    kind: 'expression',
    expression: [
      `${lead}${upper}*${lower}+`,
      `${lead}${upper}+${lower}*`,
      String.raw`\p{N}`,
      String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*`,
      spaces,
    ].join('|'),
  },
  ignoresMerges: true,
  addsBos: true,
};

/** GPT-4's expression, without Llama 3's start token: Phi-4 and OLMo 2. */
const dbrx: PreTokenizer = { ...llama3, ignoresMerges: false, addsBos: false };

/** GPT-4o's: as Tekken cuts words, with their contractions, and digits by threes. Phi-4-mini. */
const gpt4o: PreTokenizer = {
  normalForm: null,
  words: {
    kind: 'expression',
    expression: [
      `${lead}${upper}*${lower}+${contractions}?`,
      `${lead}${upper}+${lower}*${contractions}?`,
      String.raw`\p{N}{1,3}`,
      String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*`,
      spaces,
    ].join('|'),
  },
  ignoresMerges: false,
  addsBos: false,
};

/**
 * Pre-tokenizers by the name that `tokenizer.ggml.pre` gives them. llama.cpp's `default` is an
 * expression of its own that no model was trained with; files without the name come from before
 * there were names, when byte-level tokenizers were GPT-2's.
 */
export const preTokenizers: ReadonlyMap<string, PreTokenizer> = new Map([
  ['default', gpt2],
  ['gpt-2', gpt2],
  ['olmo', gpt2],
  ['phi-2', gpt2],
  ['smollm', gpt2Digits],
  ['starcoder', gpt2Digits],
  ['llama3', llama3],
  ['llama-v3', llama3],
  ['llama-bpe', llama3],
  ['qwen2', qwen2],
  ['deepseek-r1-qwen', qwen2],
  ['tekken', tekken],
  ['dbrx', dbrx],
  ['gpt-4o', gpt4o],
]);
