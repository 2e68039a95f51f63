import type { TokenId } from '@skein/protocol';
import type { ReadingSet } from '../../src/grammar/readings.js';
import type { TokenGrammar } from '../../src/grammar/token-grammar.js';
import { isAllowed, type TokenMask } from '../../src/sampling/index.js';
import type { Tokenizer } from '../../src/text/index.js';

/** The tokens of a mask. */
export function tokensOf(mask: TokenMask, vocabSize: number): TokenId[] {
  const tokens: TokenId[] = [];
  for (let token = 0; token < vocabSize; token += 1) {
    if (isAllowed(mask, token)) tokens.push(token as TokenId);
  }
  return tokens;
}

/** An answer of tokens that fit, each drawn without regard to any model. */
export function randomAnswer(
  grammar: TokenGrammar,
  tokenizer: Tokenizer,
  options: { readonly tokensMax: number; readonly random: () => number },
): { text: string; isComplete: boolean; tokens: TokenId[] } {
  const { tokensMax, random } = options;
  const tokens: TokenId[] = [];
  let read: ReadingSet = grammar.start;
  while (tokens.length < tokensMax) {
    const allowed = tokensOf(
      grammar.mask(read, tokensMax - tokens.length - 1),
      tokenizer.vocabSize,
    );
    const mayEnd = read.isComplete && (allowed.length === 0 || random() < 0.2);
    if (mayEnd || allowed.length === 0) break;
    const token = allowed[Math.floor(random() * allowed.length)] as TokenId;
    read = grammar.advance(read, token) as ReadingSet;
    tokens.push(token);
  }
  return { text: tokenizer.decode(tokens), isComplete: read.isComplete, tokens };
}

/** Numbers in [0, 1) from a seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
