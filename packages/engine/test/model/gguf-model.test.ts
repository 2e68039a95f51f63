import { describe, expect, it } from 'vitest';
import { type GgufMetadata, type GgufMetadataValue, openModel } from '../../src/model/index.js';
import { expectModelError } from './support/expect-model-error.js';
import {
  freshPaths,
  type TestTensor,
  temporaryFolder,
  tinyGgufTensors,
  tinyMetadata,
  writeTinyGguf,
} from './support/model-folders.js';

const freshPath = freshPaths(temporaryFolder(), '.gguf');

const uint32 = (value: number): GgufMetadataValue => ({ type: 'uint32', value });
const float32 = (value: number): GgufMetadataValue => ({ type: 'float32', value });
const text = (value: string): GgufMetadataValue => ({ type: 'string', value });
const strings = (...value: string[]): GgufMetadataValue => ({ type: 'array', of: 'string', value });
const types = (...value: number[]): GgufMetadataValue => ({ type: 'array', of: 'int32', value });

async function open(metadata: GgufMetadata = {}, tensors?: TestTensor[]) {
  const path = freshPath();
  await writeTinyGguf(path, {
    metadata: tinyMetadata(metadata),
    ...(tensors === undefined ? {} : { tensors }),
  });
  return openModel(path);
}
const config = async (metadata: GgufMetadata = {}, tensors?: TestTensor[]) =>
  (await open(metadata, tensors)).config;
const without = (name: string) => tinyGgufTensors().filter((tensor) => tensor.name !== name);

describe('a GGUF model', () => {
  it("is read under llama.cpp's keys", async () => {
    expect(await config()).toEqual({
      architecture: 'llama',
      blockCount: 2,
      hiddenSize: 32,
      headCount: 4,
      kvHeadCount: 2,
      headDim: 8,
      feedForwardSize: 48,
      vocabSize: 40,
      contextLength: 128,
      rmsNormEpsilon: Math.fround(1e-5),
      rope: { theta: 10_000, mode: 'norm', scaling: { kind: 'none' } },
      slidingWindow: null,
      tiedEmbeddings: false,
      qkvBias: false,
      attentionOutputBias: false,
      feedForwardBias: false,
      qkNorm: false,
      bosTokenId: null,
      eosTokenIds: [],
    });
  });

  it('has what the tensors show: tied embeddings and biases', async () => {
    expect(await config({}, without('output.weight'))).toMatchObject({ tiedEmbeddings: true });
    const biases = [0, 1].flatMap((block) => [
      { name: `blk.${block}.attn_q.bias`, shape: [32] },
      { name: `blk.${block}.attn_k.bias`, shape: [16] },
      { name: `blk.${block}.attn_v.bias`, shape: [16] },
    ]);
    expect(await config({}, [...tinyGgufTensors(), ...biases])).toMatchObject({
      qkvBias: true,
      attentionOutputBias: false,
    });
    await expectModelError(
      config({}, [...tinyGgufTensors(), ...biases.slice(0, 5)]),
      'model-corrupt',
      'blk.1.attn_v.bias is missing',
    );
  });

  it('takes sizes that are listed for each block, when they are one', async () => {
    const key = 'llama.attention.head_count_kv';
    expect(await config({ [key]: types(2, 2) })).toMatchObject({ kvHeadCount: 2 });
    await expectModelError(config({ [key]: types(2, 4) }), 'model-unsupported', key);
    await expectModelError(
      config({ [key]: { type: 'array', of: 'int64', value: [2n ** 60n] } }),
      'model-corrupt',
      key,
    );
  });

  it('has a window, unless it is 0', async () => {
    expect(await config({ 'llama.attention.sliding_window': uint32(16) })).toMatchObject({
      slidingWindow: 16,
    });
    expect(await config({ 'llama.attention.sliding_window': uint32(0) })).toMatchObject({
      slidingWindow: null,
    });
  });

  it('finds the ends of text by key and by name', async () => {
    const tokens = strings('a', '<s>', '</s>', '<|im_end|>', '<|eot_id|>');
    expect(
      await config({
        'tokenizer.ggml.tokens': tokens,
        'tokenizer.ggml.token_type': types(1, 3, 3, 3, 1),
        'tokenizer.ggml.bos_token_id': uint32(1),
        'tokenizer.ggml.eos_token_id': uint32(2),
        // Text that happens to look like an end is none; only the control token is.
      }),
    ).toMatchObject({ bosTokenId: 1, eosTokenIds: [2, 3] });
  });

  it('has a chat template', async () => {
    expect((await open({ 'tokenizer.chat_template': text('{{ x }}') })).chatTemplate).toBe(
      '{{ x }}',
    );
    const long = open({ 'tokenizer.chat_template': text('x'.repeat(300_000)) });
    await expectModelError(long, 'model-corrupt', 'chat template');
  });
});

describe('rotary scaling', () => {
  const scaling = async (metadata: GgufMetadata) => (await config(metadata)).rope.scaling;
  const yarn = { 'llama.rope.scaling.type': text('yarn'), 'llama.rope.scaling.factor': float32(4) };

  it('is linear where only a factor is given, as in llama.cpp', async () => {
    expect(await scaling({ 'llama.rope.scaling.factor': float32(4) })).toEqual({
      kind: 'linear',
      factor: 4,
    });
    expect(await scaling({ 'llama.rope.scale_linear': float32(2) })).toEqual({
      kind: 'linear',
      factor: 2,
    });
    expect(await scaling({ 'llama.rope.scaling.factor': float32(0) })).toEqual({ kind: 'none' });
    expect(
      await scaling({
        'llama.rope.scaling.type': text('none'),
        'llama.rope.scaling.factor': float32(4),
      }),
    ).toEqual({ kind: 'none' });
  });

  it("has yarn's magnitude", async () => {
    const magnitude = async (metadata: GgufMetadata) => {
      const made = await scaling({ ...yarn, ...metadata });
      return made.kind === 'yarn' ? made.attentionFactor : Number.NaN;
    };
    const plain = 0.1 * Math.log(4) + 1;
    expect(await magnitude({})).toBeCloseTo(plain, 12);
    expect(await magnitude({ 'llama.rope.scaling.attn_factor': float32(0.5) })).toBeCloseTo(
      plain / 2,
      12,
    );
    expect(await magnitude({ 'llama.rope.scaling.yarn_attn_factor': float32(0.75) })).toBe(0.75);
    expect(await magnitude({ 'llama.rope.scaling.yarn_log_multiplier': float32(0.5) })).toBeCloseTo(
      plain / (0.05 * Math.log(4) + 1),
      12,
    );
  });

  it("has yarn's other settings, and the longer context", async () => {
    const made = await config({
      ...yarn,
      'llama.rope.scaling.original_context_length': uint32(64),
      'llama.rope.scaling.yarn_beta_fast': float32(8),
      'llama.rope.scaling.yarn_ext_factor': float32(-1),
    });
    expect(made.rope.scaling).toMatchObject({
      factor: 4,
      originalContextLength: 64,
      betaFast: 8,
      betaSlow: 1,
    });
    expect(made.contextLength).toBe(256);
  });

  it('takes the factors of rope_freqs.weight', async () => {
    const factors = Float32Array.of(1, 2, 4, 8);
    const tensor = { name: 'rope_freqs.weight', shape: [4], bytes: new Uint8Array(factors.buffer) };
    const file = await open({}, [...tinyGgufTensors(), tensor]);
    expect(file.config.rope.scaling).toEqual({ kind: 'factors', factors: [1, 2, 4, 8] });
    expect(file.tensors.has('rope_freqs.weight')).toBe(false);
    const both = open({ 'llama.rope.scaling.factor': float32(4) }, [...tinyGgufTensors(), tensor]);
    await expectModelError(both, 'model-unsupported', 'rope.scaling.type');
  });

  it.each<[string, TestTensor]>([
    [
      'of another length',
      {
        name: 'rope_freqs.weight',
        shape: [8],
        bytes: new Uint8Array(Float32Array.of(1, 1, 1, 1, 1, 1, 1, 1).buffer),
      },
    ],
    ['of zeros', { name: 'rope_freqs.weight', shape: [4], bytes: new Uint8Array(16) }],
    [
      'without end',
      {
        name: 'rope_freqs.weight',
        shape: [4],
        bytes: new Uint8Array(Float32Array.of(1, 1, Infinity, 1).buffer),
      },
    ],
    ['in a matrix', { name: 'rope_freqs.weight', shape: [2, 2] }],
  ])('refuses factors %s', async (_name, tensor) => {
    await expectModelError(open({}, [...tinyGgufTensors(), tensor]), 'model-corrupt');
  });
});

describe('what would be computed wrongly', () => {
  it.each<[string, GgufMetadata]>([
    ['llama.expert_shared_count', { 'llama.expert_shared_count': uint32(1) }],
    ['llama.rope.scaling.type', { 'llama.rope.scaling.type': text('longrope') }],
    ['llama.rope.dimension_count', { 'llama.rope.dimension_count': uint32(4) }],
    ['llama.attention.value_length', { 'llama.attention.value_length': uint32(4) }],
    ['llama.attention.causal', { 'llama.attention.causal': { type: 'bool', value: false } }],
    ['llama.logit_scale', { 'llama.logit_scale': float32(0.5) }],
    [
      'llama.rope.scaling.yarn_ext_factor',
      {
        'llama.rope.scaling.type': text('yarn'),
        'llama.rope.scaling.yarn_ext_factor': float32(0.5),
      },
    ],
  ])('is refused by name: %s', async (key, metadata) => {
    await expectModelError(open(metadata), 'model-unsupported', key, '.gguf');
  });

  it('lists the supported architectures', async () => {
    await expectModelError(
      open({ 'general.architecture': text('mamba') }),
      'model-unsupported',
      'general.architecture = mamba',
      'gemma2, gemma3, gpt-oss, llama, olmo2, phi3, qwen2, qwen3, qwen3moe',
    );
  });

  it('refuses part of a split file', async () => {
    const part = open({ 'split.count': { type: 'uint16', value: 3 } });
    await expectModelError(part, 'model-unsupported', 'one of 3 parts', 'llama-gguf-split --merge');
  });

  it('refuses a tensor that the configuration has no use for', async () => {
    const scale = { name: 'blk.0.attn_q.scale', shape: [1] };
    await expectModelError(
      open({}, [...tinyGgufTensors(), scale]),
      'model-unsupported',
      'blk.0.attn_q.scale',
    );
  });
});

describe('what is not a whole model', () => {
  it.each<[string, GgufMetadata, TestTensor[] | undefined, string]>([
    ['an embedding', {}, without('token_embd.weight'), 'token_embd.weight is missing'],
    ['a block', {}, without('blk.1.ffn_down.weight'), 'blk.1.ffn_down.weight is missing'],
    [
      'a size',
      { 'llama.embedding_length': text('wide') },
      undefined,
      'llama.embedding_length is "wide"',
    ],
    ['a right shape', { 'llama.feed_forward_length': uint32(64) }, undefined, '[64, 32]'],
    [
      'room for its tokens',
      { 'tokenizer.ggml.bos_token_id': uint32(99) },
      undefined,
      'start token 99',
    ],
  ])('lacks %s', async (_name, metadata, tensors, part) => {
    await expectModelError(open(metadata, tensors), 'model-corrupt', part, '.gguf');
  });
});
