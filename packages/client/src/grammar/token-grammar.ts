import { SkeinError, type TokenId } from '@skein/protocol';
import type { TokenMask } from '../sampling/token-mask.js';
import { buildAutomaton } from './automaton.js';
import { grammarLimits } from './grammar-limits.js';
import type { GrammarRules } from './grammar-tree.js';
import { type ReadingSet, Readings } from './readings.js';
import type { Vocabulary } from './vocabulary.js';

/** A byte that no UTF-8 has. */
const noText = Uint8Array.of(0xff);

interface KnownMask extends TokenMask {
  /** The most that the text needs after any of the tokens, to be completed. */
  readonly costMax: number;
}

/** A grammar over the tokens of one vocabulary. Any number of answers may be read at once. */
export class TokenGrammar {
  readonly #vocabulary: Vocabulary;
  readonly #readings: Readings;
  readonly #masks = new Map<ReadingSet, KnownMask>();

  /** @throws SkeinError `bad-argument` for a grammar that is too large */
  constructor(rules: GrammarRules, vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
    const root = buildAutomaton(rules, (text) => vocabulary.tokensFrom(text));
    this.#readings = new Readings(root);
  }

  /** Before the first token. */
  get start(): ReadingSet {
    return this.#readings.start;
  }

  /** Reads a token; null when it does not fit. */
  advance(set: ReadingSet, token: TokenId): ReadingSet | null {
    let reached: ReadingSet | null = set;
    for (const byte of this.#vocabulary.bytesOf(token) ?? noText) {
      if (reached === null) return null;
      reached = this.#readings.step(reached, byte);
    }
    return reached;
  }

  /**
   * The tokens that fit next.
   * @param tokensAfter tokens that may come after the next one: those after which the text could
   *   not be completed with so many are left out; null for no limit
   */
  mask(set: ReadingSet, tokensAfter: number | null): TokenMask {
    const known = this.#masks.get(set) ?? this.#remember(set, this.#findMask(set, Infinity));
    if (tokensAfter === null || known.costMax <= tokensAfter) return known;
    return this.#findMask(set, tokensAfter);
  }

  #remember(set: ReadingSet, mask: KnownMask): KnownMask {
    const countMax = grammarLimits.rememberedMaskBytesMax / mask.bits.byteLength;
    if (this.#masks.size >= countMax) this.#masks.clear();
    this.#masks.set(set, mask);
    return mask;
  }

  #findMask(start: ReadingSet, costLimit: number): KnownMask {
    const { vocabSize, bytes, depths, ends, tokenStarts, tokens } = this.#vocabulary;
    const bits = new Uint32Array(Math.ceil(vocabSize / 32));
    const path: ReadingSet[] = [start];
    let count = 0;
    let costMax = 0;
    const workMax = this.#readings.work + grammarLimits.maskWorkMax;
    for (let node = 0; node < bytes.length; ) {
      const depth = depths[node] as number;
      const before = path[depth - 1] as ReadingSet;
      const set = this.#readings.step(before, bytes[node] as number);
      if (this.#readings.work > workMax) throw tooSlow();
      if (set === null) {
        node = ends[node] as number;
        continue;
      }
      path[depth] = set;
      const from = tokenStarts[node] as number;
      const to = tokenStarts[node + 1] as number;
      if (set.cost <= costLimit && to > from) {
        costMax = Math.max(costMax, set.cost);
        for (let at = from; at < to; at += 1) setBit(bits, tokens[at] as number);
        count += to - from;
      }
      node += 1;
    }
    return { bits, count, costMax };
  }
}

function tooSlow(): SkeinError {
  return new SkeinError('bad-argument', 'the format of the answer takes too long to follow');
}

function setBit(bits: Uint32Array, token: number): void {
  bits[token >>> 5] = (bits[token >>> 5] as number) | (1 << (token & 31));
}
