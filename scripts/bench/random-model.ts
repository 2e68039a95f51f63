import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type GgufMetadata,
  type GgufTensorSource,
  tensorByteLength,
  writeGguf,
} from '@skein/engine';
import type { WeightType } from '@skein/protocol';
import { seededRandom } from '../support/seeded-random.js';
import type { Shape } from './shapes.js';

const cacheFolder = fileURLToPath(new URL('../../../.cache/bench', import.meta.url));

/** Bytes that are drawn once and repeated: their values do not matter, their spread does. */
const patternBlocks = 4096;

/** The weight types that the benchmark writes. */
export type BenchType = 'f32' | 'f16' | 'q8_0' | 'q4_0';

/** Writes a Llama model with random weights as GGUF, unless an earlier run did. */
export async function randomModel(shape: Shape, type: BenchType): Promise<string> {
  const path = join(cacheFolder, `${shape.name}-${type}.gguf`);
  if (existsSync(path)) return path;
  await mkdir(dirname(path), { recursive: true });
  await writeGguf(path, { metadata: metadataOf(shape), tensors: [...tensorsOf(shape, type)] });
  return path;
}

function metadataOf(shape: Shape): GgufMetadata {
  const number = (value: number) => ({ type: 'uint32', value }) as const;
  return {
    'general.architecture': { type: 'string', value: 'llama' },
    'general.name': { type: 'string', value: shape.name },
    'llama.block_count': number(shape.blockCount),
    'llama.context_length': number(4096),
    'llama.embedding_length': number(shape.hiddenSize),
    'llama.feed_forward_length': number(shape.feedForwardSize),
    'llama.attention.head_count': number(shape.headCount),
    'llama.attention.head_count_kv': number(shape.kvHeadCount),
    'llama.attention.key_length': number(headSizeOf(shape)),
    'llama.attention.value_length': number(headSizeOf(shape)),
    'llama.attention.layer_norm_rms_epsilon': { type: 'float32', value: 1e-5 },
    'llama.rope.freq_base': { type: 'float32', value: 10_000 },
    'llama.vocab_size': number(shape.vocabSize),
    'tokenizer.ggml.model': { type: 'string', value: 'none' },
  };
}

function headSizeOf({ headSize, hiddenSize, headCount }: Shape): number {
  return headSize ?? hiddenSize / headCount;
}

function* tensorsOf(shape: Shape, type: BenchType): Generator<GgufTensorSource> {
  const { hiddenSize, feedForwardSize, headCount, kvHeadCount, vocabSize } = shape;
  const querySize = headSizeOf(shape) * headCount;
  const kvSize = headSizeOf(shape) * kvHeadCount;
  const matrix = (name: string, rows: number, columns: number) =>
    tensor(`${name}.weight`, type, [rows, columns]);
  const ones = new Uint8Array(new Float32Array(hiddenSize).fill(1).buffer);
  const norm = (name: string): GgufTensorSource => ({
    name: `${name}.weight`,
    type: 'f32',
    shape: [hiddenSize],
    chunks: () => [ones],
  });

  yield matrix('token_embd', vocabSize, hiddenSize);
  for (let block = 0; block < shape.blockCount; block += 1) {
    const prefix = `blk.${block}`;
    yield norm(`${prefix}.attn_norm`);
    yield matrix(`${prefix}.attn_q`, querySize, hiddenSize);
    yield matrix(`${prefix}.attn_k`, kvSize, hiddenSize);
    yield matrix(`${prefix}.attn_v`, kvSize, hiddenSize);
    yield matrix(`${prefix}.attn_output`, hiddenSize, querySize);
    yield norm(`${prefix}.ffn_norm`);
    yield matrix(`${prefix}.ffn_gate`, feedForwardSize, hiddenSize);
    yield matrix(`${prefix}.ffn_up`, feedForwardSize, hiddenSize);
    yield matrix(`${prefix}.ffn_down`, hiddenSize, feedForwardSize);
  }
  yield norm('output_norm');
  yield matrix('output', vocabSize, hiddenSize);
}

function tensor(name: string, type: WeightType, shape: readonly number[]): GgufTensorSource {
  const byteLength = tensorByteLength(type, shape);
  if (byteLength === null) throw new Error(`${name}: rows of ${shape.at(-1)} do not fit ${type}`);
  return { name, type, shape, chunks: () => repeated(pattern(type), byteLength) };
}

async function* repeated(bytes: Uint8Array, byteLength: number): AsyncGenerator<Uint8Array> {
  for (let left = byteLength; left > 0; left -= bytes.byteLength) {
    yield bytes.subarray(0, Math.min(left, bytes.byteLength));
  }
}

const patterns = new Map<WeightType, Uint8Array>();

function pattern(type: WeightType): Uint8Array {
  let bytes = patterns.get(type);
  if (bytes === undefined) {
    bytes = drawPattern(type);
    patterns.set(type, bytes);
  }
  return bytes;
}

/** Weights of a spread near 0.03, as trained models have. */
function drawPattern(type: WeightType): Uint8Array {
  const random = seededRandom(1);
  if (type === 'f32') {
    return new Uint8Array(Float32Array.from({ length: 8192 }, () => 0.1 * (random() - 0.5)).buffer);
  }
  if (type === 'f16') {
    // Sign, an exponent around 2^-6, and a random mantissa.
    const half = () =>
      (random() < 0.5 ? 0x8000 : 0) | ((9 + Math.floor(random() * 2)) << 10) | (random() * 1024);
    return new Uint8Array(Uint16Array.from({ length: 65_536 }, half).buffer);
  }
  // ggml's quantised blocks: a half-precision scale, then 32 numbers of 8 or 4 bits.
  const blockBytes = type === 'q8_0' ? 34 : 18;
  const scale = type === 'q8_0' ? 0x0e00 : 0x1e00;
  const bytes = new Uint8Array(patternBlocks * blockBytes);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = random() * 256;
  for (let block = 0; block < patternBlocks; block += 1) {
    bytes[block * blockBytes] = scale & 0xff;
    bytes[block * blockBytes + 1] = scale >> 8;
  }
  return bytes;
}
