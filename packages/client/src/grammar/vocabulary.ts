import type { TokenId } from '@skein/protocol';
import type { Tokenizer } from '../text/index.js';

/**
 * The tokens of a model by their bytes, as a tree in one row of nodes: a node comes before those
 * under it, and says where these end. So all tokens are visited in one pass that leaves out what
 * does not fit.
 */
export interface Vocabulary {
  readonly vocabSize: number;
  /** Of each node: its last byte, how many bytes lead to it, and the index after all under it. */
  readonly bytes: Uint8Array;
  readonly depths: Uint8Array;
  readonly ends: Int32Array;
  /** Of each node: the range of its tokens within `tokens`. */
  readonly tokenStarts: Int32Array;
  readonly tokens: Int32Array;
  /** The bytes of a token; null for one that no text is made of. */
  bytesOf(token: TokenId): Uint8Array | null;
  /** How many tokens a text needs at least, from each of its bytes on. */
  tokensFrom(text: Uint8Array): number[];
}

/** Longest token that is used, in bytes: longer ones are runs of white space and the like. */
const tokenBytesMax = 128;

/**
 * Reads the vocabulary of a tokenizer. Special tokens are not part of it, for no text is made of
 * them, but for those whose names are given.
 */
export function createVocabulary(
  tokenizer: Tokenizer,
  vocabSize: number,
  markers: readonly string[] = [],
): Vocabulary {
  const bytesOfMarkers = new Map<TokenId, Uint8Array>();
  for (const marker of markers) {
    const token = tokenizer.tokenId(marker);
    if (token !== null) bytesOfMarkers.set(token, new TextEncoder().encode(marker));
  }
  const bytesOf = (token: TokenId) => bytesOfMarkers.get(token) ?? tokenizer.tokenBytes(token);
  const entries: { readonly key: string; readonly token: number }[] = [];
  for (let token = 0; token < Math.min(vocabSize, tokenizer.vocabSize); token += 1) {
    const bytes = bytesOf(token as TokenId);
    if (bytes === null || bytes.length === 0 || bytes.length > tokenBytesMax) continue;
    entries.push({ key: toKey(bytes), token });
  }
  entries.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.token - b.token));
  const keys = new Set(entries.map(({ key }) => key));
  const tree = new TreeRow();
  for (const { key, token } of entries) tree.add(key, token);
  const tokensFrom = (text: Uint8Array) => countTokens(toKey(text), keys);
  return { vocabSize, ...tree.finish(), bytesOf, tokensFrom };
}

/** Bytes as a string of as many units, to be compared and looked up. */
function toKey(bytes: Uint8Array): string {
  let key = '';
  for (const byte of bytes) key += String.fromCharCode(byte);
  return key;
}

function countTokens(text: string, keys: ReadonlySet<string>): number[] {
  const counts = new Array<number>(text.length + 1).fill(0);
  for (let start = text.length - 1; start >= 0; start -= 1) {
    let fewest = Number.POSITIVE_INFINITY;
    for (let end = start + 1; end <= Math.min(text.length, start + tokenBytesMax); end += 1) {
      if (keys.has(text.slice(start, end))) fewest = Math.min(fewest, counts[end] as number);
    }
    counts[start] = 1 + fewest;
  }
  return counts;
}

/** Builds the row from tokens in order. */
class TreeRow {
  readonly #bytes: number[] = [];
  readonly #depths: number[] = [];
  readonly #ends: number[] = [];
  readonly #tokenStarts: number[] = [];
  readonly #tokens: number[] = [];
  /** Nodes that lead to the last one. */
  readonly #path: number[] = [];
  #key = '';

  add(key: string, token: number): void {
    let common = 0;
    while (common < this.#key.length && this.#key[common] === key[common]) common += 1;
    this.#closeTo(common);
    for (let at = common; at < key.length; at += 1) {
      this.#path.push(this.#bytes.length);
      this.#bytes.push(key.charCodeAt(at));
      this.#depths.push(at + 1);
      this.#ends.push(0);
      this.#tokenStarts.push(this.#tokens.length);
    }
    this.#tokens.push(token);
    this.#key = key;
  }

  finish() {
    this.#closeTo(0);
    return {
      bytes: Uint8Array.from(this.#bytes),
      depths: Uint8Array.from(this.#depths),
      ends: Int32Array.from(this.#ends),
      tokenStarts: Int32Array.from([...this.#tokenStarts, this.#tokens.length]),
      tokens: Int32Array.from(this.#tokens),
    };
  }

  #closeTo(length: number): void {
    while (this.#path.length > length) this.#ends[this.#path.pop() as number] = this.#bytes.length;
  }
}
