import { bytesOf, type Tensor, uint32View } from '@skein/protocol';

/**
 * A model of integer arithmetic: each output depends on every token before it and on every block,
 * so a wrong, missing or repeated row anywhere changes all logits after it.
 */

/** A hidden row: two words, sent as four f16 elements. */
export type ToyRow = readonly [number, number];
export const toyHiddenSize = 4;
const rowBytes = 8;

/** What a block caches: a digest of all its inputs so far, per position. */
export type ToyCache = number[];

export function mix(...words: number[]): number {
  let hash = 0x9e3779b9;
  for (const word of words) {
    hash = Math.imul(hash ^ word, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}

/** A word that is two finite f16 values: those with a one in this place of the exponent are large. */
function value(...words: number[]): number {
  return (mix(...words) & 0xbfff_bfff) >>> 0;
}

export function toyEmbed(token: number): ToyRow {
  return [value(token, 1), value(token, 2)];
}

/** Appends the row to the block's cache and returns the block's output. */
export function toyBlock(block: number, cache: ToyCache, [a, b]: ToyRow): ToyRow {
  const digest = mix(cache.at(-1) ?? 0, a, b, block, cache.length);
  cache.push(digest);
  return [value(a, digest, block), value(b, digest, block + 7)];
}

export function toyLogits([a, b]: ToyRow, vocabSize: number): Float32Array {
  return Float32Array.from({ length: vocabSize }, (_, token) => mix(a, b, token) / 2 ** 29 - 4);
}

export function logNormaliser(logits: Float32Array): number {
  const top = logits.reduce((a, b) => Math.max(a, b));
  return top + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0));
}

/** The unbroken run: logits after all tokens, on one machine. */
export class ToyReference {
  readonly #caches: ToyCache[];
  readonly #vocabSize: number;

  constructor(blockCount: number, vocabSize: number) {
    this.#caches = Array.from({ length: blockCount }, () => []);
    this.#vocabSize = vocabSize;
  }

  push(token: number): Float32Array {
    let row = toyEmbed(token);
    for (const [block, cache] of this.#caches.entries()) row = toyBlock(block, cache, row);
    return toyLogits(row, this.#vocabSize);
  }
}

/** Greedy tokens after a prompt. */
export function toyGreedy(
  shape: { blockCount: number; vocabSize: number },
  prompt: readonly number[],
  count: number,
): number[] {
  const reference = new ToyReference(shape.blockCount, shape.vocabSize);
  let logits = new Float32Array();
  for (const token of prompt) logits = reference.push(token) as Float32Array<ArrayBuffer>;
  const tokens: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const token = argmax(logits);
    tokens.push(token);
    logits = reference.push(token) as Float32Array<ArrayBuffer>;
  }
  return tokens;
}

export function argmax(logits: Float32Array): number {
  let best = 0;
  for (let token = 1; token < logits.length; token += 1) {
    if ((logits[token] as number) > (logits[best] as number)) best = token;
  }
  return best;
}

export function rowsToTensor(rows: readonly ToyRow[]): Tensor {
  const bytes = bytesOf(Uint32Array.from(rows.flat()));
  return { type: 'f16', shape: [rows.length, toyHiddenSize], bytes };
}

export function tensorToRows(tensor: Tensor): ToyRow[] {
  const words = uint32View(tensor.bytes);
  return Array.from({ length: tensor.bytes.byteLength / rowBytes }, (_, row) => [
    words[2 * row] as number,
    words[2 * row + 1] as number,
  ]);
}
