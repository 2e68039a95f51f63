import {
  bytesOf,
  float32View,
  hashManifest,
  type KvChunk,
  type Logits,
  type ModelConfig,
  type ModelHash,
  type ModelManifest,
  serializeManifest,
} from '@skein/protocol';
import { mix } from '../world/seeded-random.js';

/** Values of a hidden row. */
export const hiddenSize = 8;
/** Every value is a whole number up to this: all wire types carry those without rounding. */
const valueMax = 127;

/** A model of simple arithmetic, exact in every wire type. */
export interface SimModel {
  readonly hash: ModelHash;
  readonly manifest: ModelManifest;
  readonly manifestBytes: Uint8Array;
  readonly config: ModelConfig;
}

export function createSimModel(shape: {
  blockCount: number;
  vocabSize: number;
  contextLength: number;
}): SimModel {
  const config: ModelConfig = {
    architecture: 'llama',
    ...shape,
    hiddenSize,
    headCount: 1,
    kvHeadCount: 1,
    headDim: 4,
    feedForwardSize: 8,
    rmsNormEpsilon: 1e-5,
    rope: { theta: 10_000, mode: 'neox', scaling: { kind: 'none' } },
    slidingWindow: null,
    tiedEmbeddings: false,
    qkvBias: false,
    attentionOutputBias: false,
    feedForwardBias: false,
    qkNorm: false,
    bosTokenId: null,
    eosTokenIds: [],
  };
  const manifest: ModelManifest = {
    version: 1,
    name: 'sim',
    config,
    tensors: [],
    tokenizerDigest: null,
    chatTemplateDigest: null,
  };
  const manifestBytes = serializeManifest(manifest);
  return { hash: hashManifest(manifest), manifest, manifestBytes, config };
}

/** What one block keeps of one token: a digest of all tokens up to it, as they came in. */
export interface CachedToken {
  readonly high: number;
  readonly low: number;
  /** Some input was no number: so is everything after it. */
  readonly isPoisoned: boolean;
}

/** A row that stands for a token. */
export function embed(token: number): Float32Array {
  return expand({ high: mix(token + 1), low: mix(token + 0x10001), isPoisoned: false });
}

/**
 * One block for one token. The result depends on the block, the position, and every input before
 * this one: a token that is missing, repeated or out of place changes all that follows.
 */
export function cacheToken(
  before: CachedToken | undefined,
  row: Float32Array,
  place: { block: number; position: number },
): CachedToken {
  let high = before?.high ?? 0x243f6a88;
  let low = before?.low ?? 0x85a308d3;
  let isPoisoned = before?.isPoisoned ?? false;
  high = mix(high ^ Math.imul(place.block + 1, 0x9e3779b1));
  low = mix(low ^ Math.imul(place.position + 1, 0x85ebca77) ^ high);
  for (const value of row) {
    if (!Number.isFinite(value)) isPoisoned = true;
    high = mix(high ^ low ^ (value * 4096));
    low = mix((low + high) ^ (value * 4099));
  }
  return { high, low, isPoisoned };
}

/** Numbers that a token takes in the keys, and in the values, of a block. */
const kvWidth = 4;

/** Cached tokens as keys and values: halves of words, which are exact in f32. */
export function tokensToKv(tokens: readonly CachedToken[]): {
  keys: Uint8Array;
  values: Uint8Array;
} {
  const halves = (word: number) => [word >>> 16, word & 0xffff];
  const keys = tokens.flatMap(({ high, low }) => [...halves(high), ...halves(low)]);
  // A poisoned token is one whose values are no numbers.
  const values = tokens.flatMap(({ isPoisoned }) => [isPoisoned ? Number.NaN : 1, 0, 0, 0]);
  return { keys: bytesOf(Float32Array.from(keys)), values: bytesOf(Float32Array.from(values)) };
}

/** The tokens that {@link tokensToKv} was given. */
export function kvToTokens({ count, keys, values }: KvChunk): CachedToken[] {
  const words = float32View(keys.slice());
  const flags = float32View(values.slice());
  return Array.from({ length: count }, (_, index) => {
    const [a = 0, b = 0, c = 0, d = 0] = words.subarray(index * kvWidth);
    const word = (high: number, low: number) => high * 0x1_0000 + low;
    return { high: word(a, b), low: word(c, d), isPoisoned: flags[index * kvWidth] !== 1 };
  });
}

/** A row with the digest in its values. The last value keeps the scale of int8 at 1. */
export function expand({ high, low, isPoisoned }: CachedToken): Float32Array {
  const row = new Float32Array(hiddenSize);
  for (let index = 0; index < hiddenSize; index += 1) {
    const word = index < 4 ? high : low;
    row[index] = (((word >>> (8 * (index & 3))) & 0xff) % (2 * valueMax + 1)) - valueMax;
  }
  row[hiddenSize - 1] = valueMax;
  if (isPoisoned) row[0] = Number.NaN;
  return row;
}

/** The head: logits of rows, the best first when not all are asked for. */
export function logitsOf(rows: readonly Float32Array[], topK: number, vocabSize: number): Logits {
  const width = topK === 0 ? vocabSize : Math.min(topK, vocabSize);
  const isFull = topK === 0;
  const ids = isFull ? null : new Int32Array(rows.length * width);
  const logits = new Float32Array(rows.length * width);
  const logNormalisers = new Float32Array(rows.length);
  for (const [index, row] of rows.entries()) {
    const all = rowLogits(row, vocabSize);
    let sum = 0;
    for (const logit of all) sum += Math.exp(logit);
    logNormalisers[index] = Math.log(sum);
    if (ids === null) {
      logits.set(all, index * width);
      continue;
    }
    const order = Array.from(all.keys());
    order.sort((a, b) => (all[b] as number) - (all[a] as number) || a - b);
    for (let rank = 0; rank < width; rank += 1) {
      ids[index * width + rank] = order[rank] as number;
      logits[index * width + rank] = all[order[rank] as number] as number;
    }
  }
  return { rowCount: rows.length, width, ids, logits, logNormalisers };
}

function rowLogits(row: Float32Array, vocabSize: number): Float32Array {
  let digest = 0x13198a2e;
  let isPoisoned = false;
  for (const value of row) {
    if (!Number.isFinite(value)) isPoisoned = true;
    digest = mix(Math.imul(digest, 31) ^ (value + 1000));
  }
  const logits = new Float32Array(vocabSize);
  for (let id = 0; id < vocabSize; id += 1) {
    const uniform = mix(digest ^ Math.imul(id + 1, 0x9e3779b1)) / 4294967296;
    logits[id] = isPoisoned ? Number.NaN : 4 * Math.tan(1.3 * (uniform - 0.5));
  }
  return logits;
}
