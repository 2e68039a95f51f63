import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseHuggingFaceConfig } from '../../src/model/huggingface/parse-config.js';
import { type JsonObject, parseJson } from '../../src/model/parse-json.js';
import { expectModelError } from './support/expect-model-error.js';
import { type ConfigJson, tinyConfig } from './support/model-folders.js';

function parse(overrides: ConfigJson = {}, generation: ConfigJson | null = null) {
  const json = (value: ConfigJson) => parseJson(JSON.stringify(value)) as JsonObject;
  return parseHuggingFaceConfig(
    '/m/config.json',
    json(tinyConfig(overrides)),
    generation === null ? null : json(generation),
  ).config;
}

const mistral = { model_type: 'mistral', architectures: ['MistralForCausalLM'] };
const qwen2 = { model_type: 'qwen2', architectures: ['Qwen2ForCausalLM'] };
const qwen3 = { model_type: 'qwen3', architectures: ['Qwen3ForCausalLM'] };

describe('sizes', () => {
  it('takes what the file says', () => {
    expect(parse()).toMatchObject({
      architecture: 'llama',
      blockCount: 2,
      hiddenSize: 32,
      headCount: 4,
      kvHeadCount: 2,
      headDim: 8,
      feedForwardSize: 48,
      vocabSize: 40,
      contextLength: 128,
      rmsNormEpsilon: 1e-5,
      bosTokenId: 1,
      eosTokenIds: [2],
    });
  });

  it('takes a null as absent, and an explicit head size', () => {
    expect(parse({ num_key_value_heads: null, head_dim: null })).toMatchObject({
      kvHeadCount: 4,
      headDim: 8,
    });
    expect(parse({ head_dim: 16 }).headDim).toBe(16);
  });

  it("falls back to transformers' defaults of each family", () => {
    const absent = { num_key_value_heads: undefined, max_position_embeddings: undefined };
    expect(parse(absent)).toMatchObject({ kvHeadCount: 4, contextLength: 2048 });
    expect(parse({ ...absent, ...mistral, num_attention_heads: 8 })).toMatchObject({
      kvHeadCount: 8,
      contextLength: 131_072,
      slidingWindow: 4096,
    });
    expect(parse({ ...absent, ...qwen3, num_attention_heads: 32 })).toMatchObject({
      kvHeadCount: 32,
      contextLength: 32_768,
      headDim: 128,
    });
    expect(parse({ rms_norm_eps: undefined, tie_word_embeddings: undefined })).toMatchObject({
      rmsNormEpsilon: 1e-6,
      tiedEmbeddings: false,
    });
  });

  it('promises no longer context than the protocol can', () => {
    expect(parse({ max_position_embeddings: 10_485_760 }).contextLength).toBe(1_048_576);
  });

  it('ignores what has no part in the computation', () => {
    const noise = {
      torch_dtype: 'bfloat16',
      use_cache: true,
      pretraining_tp: 2,
      _name_or_path: 'x',
    };
    expect(parse(noise)).toEqual(parse());
  });
});

describe('biases and norms', () => {
  it.each([
    [
      'llama',
      {},
      { qkvBias: false, attentionOutputBias: false, feedForwardBias: false, qkNorm: false },
    ],
    [
      'llama with biases',
      { attention_bias: true, mlp_bias: true },
      { qkvBias: true, attentionOutputBias: true, feedForwardBias: true },
    ],
    [
      'mistral, which has none',
      { ...mistral, attention_bias: true },
      { qkvBias: false, attentionOutputBias: false },
    ],
    ['qwen2', qwen2, { qkvBias: true, attentionOutputBias: false, qkNorm: false }],
    ['qwen3', qwen3, { qkvBias: false, qkNorm: true }],
    [
      'qwen3 with biases',
      { ...qwen3, attention_bias: true },
      { qkvBias: true, attentionOutputBias: true },
    ],
  ])('%s', (_name, overrides, expected) => {
    expect(parse(overrides)).toMatchObject(expected);
  });
});

describe('ends of text', () => {
  it('come from both files, in order, without repeats and without ids beyond the vocabulary', () => {
    expect(parse({ eos_token_id: [9, 2] }, { eos_token_id: [7, 2, 999] }).eosTokenIds).toEqual([
      2, 7, 9,
    ]);
    expect(parse({ eos_token_id: null }).eosTokenIds).toEqual([]);
    expect(parse({ eos_token_id: 2 }, {}).eosTokenIds).toEqual([2]);
  });

  it('are refused when they are no ids', async () => {
    await expectModelError(() => parse({ eos_token_id: 'stop' }), 'model-corrupt', 'eos_token_id');
    await expectModelError(
      () => parse({}, { eos_token_id: [1.5] }),
      'model-corrupt',
      '/m/generation_config.json',
      'eos_token_id',
    );
  });
});

describe('the attention window', () => {
  const full = 'full_attention';
  const sliding = 'sliding_attention';
  it.each<[string, ConfigJson, number | null]>([
    ['llama has none', { sliding_window: 16 }, null],
    ['mistral', { ...mistral, sliding_window: 16 }, 16],
    ['mistral without one', { ...mistral, sliding_window: null }, null],
    [
      'mistral with layer types that agree',
      { ...mistral, sliding_window: 16, layer_types: [sliding, sliding] },
      16,
    ],
    ['qwen, off by default', { ...qwen2, sliding_window: 16 }, null],
    [
      'qwen, on, all blocks full',
      { ...qwen2, sliding_window: 16, use_sliding_window: true, max_window_layers: 2 },
      null,
    ],
    [
      'qwen, on, no block full',
      { ...qwen2, sliding_window: 16, use_sliding_window: true, max_window_layers: 0 },
      16,
    ],
    [
      'qwen, on, layer types say so',
      { ...qwen3, sliding_window: 16, use_sliding_window: true, layer_types: [sliding, sliding] },
      16,
    ],
    [
      'qwen, on, layer types say full',
      { ...qwen2, sliding_window: 16, use_sliding_window: true, layer_types: [full, full] },
      null,
    ],
  ])('%s', (_name, overrides, window) => {
    expect(parse(overrides).slidingWindow).toBe(window);
  });

  it.each<[string, ConfigJson, string]>([
    ['layer types that differ', { ...qwen3, layer_types: [full, sliding] }, 'layer_types'],
    ['an unknown layer type', { layer_types: ['linear_attention', full] }, 'layer_types'],
    [
      'some blocks full',
      { ...qwen2, sliding_window: 16, use_sliding_window: true, max_window_layers: 1 },
      'max_window_layers',
    ],
    [
      'mistral layer types that disagree',
      { ...mistral, sliding_window: 16, layer_types: [full, full] },
      'layer_types',
    ],
    [
      'a window that is switched off, but in the layer types',
      { ...qwen2, layer_types: [sliding, sliding] },
      'layer_types',
    ],
  ])('refuses %s', async (_name, overrides, field) => {
    await expectModelError(() => parse(overrides), 'model-unsupported', field, '/m/config.json');
  });

  it('refuses layer types of another number of blocks', async () => {
    await expectModelError(() => parse({ layer_types: [full] }), 'model-corrupt', 'layer_types');
  });
});

describe('rotary scaling', () => {
  interface RopeCase {
    name: string;
    maxPositionEmbeddings: number;
    ropeTheta: number;
    ropeScaling: Record<string, unknown>;
    attentionFactor: number;
  }
  const ropePath = new URL('../../../../test/fixtures/golden/rope.json', import.meta.url);
  const cases = JSON.parse(readFileSync(fileURLToPath(ropePath), 'utf8')) as RopeCase[];
  const isKnown = ({ ropeScaling }: RopeCase) =>
    ['default', 'linear', 'llama3', 'yarn'].includes(String(ropeScaling.rope_type));

  it.each(cases.filter(isKnown))('has the attention factor of transformers: $name', (golden) => {
    const { ropeScaling, ropeTheta, maxPositionEmbeddings, attentionFactor } = golden;
    const settings = { max_position_embeddings: maxPositionEmbeddings };
    const old = parse({ ...settings, rope_theta: ropeTheta, rope_scaling: ropeScaling });
    const recent = parse({
      ...settings,
      rope_parameters: { ...ropeScaling, rope_theta: ropeTheta },
    });
    expect(recent).toEqual(old);
    expect(old.rope.theta).toBe(ropeTheta);
    const { scaling } = old.rope;
    const kind = ropeScaling.rope_type === 'default' ? 'none' : ropeScaling.rope_type;
    expect(scaling.kind).toBe(kind);
    expect(scaling.kind === 'yarn' ? scaling.attentionFactor : 1).toBeCloseTo(attentionFactor, 12);
  });

  it.each(cases.filter((golden) => !isKnown(golden)))('refuses $name', async (golden) => {
    const made = () => parse({ rope_scaling: golden.ropeScaling });
    await expectModelError(made, 'model-unsupported', 'rope_scaling.rope_type');
  });

  it('has the defaults of yarn, and the longer context that it gives', () => {
    const scaling = { type: 'yarn', factor: 4, original_max_position_embeddings: 128 };
    expect(parse({ rope_scaling: scaling })).toMatchObject({
      contextLength: 512,
      rope: {
        theta: 10_000,
        scaling: { kind: 'yarn', factor: 4, originalContextLength: 128, betaFast: 32, betaSlow: 1 },
      },
    });
    // Without the original length the model's own counts; 0 means the default.
    expect(
      parse({ rope_scaling: { rope_type: 'yarn', factor: 2, beta_fast: 0 } }).rope.scaling,
    ).toMatchObject({ originalContextLength: 128, betaFast: 32 });
    expect(
      parse({ rope_scaling: { rope_type: 'yarn', original_max_position_embeddings: 32 } }).rope
        .scaling,
    ).toMatchObject({ factor: 4 });
  });

  it.each<[string, ConfigJson, string]>([
    [
      'an unknown kind',
      { rope_scaling: { rope_type: 'dynamic', factor: 2 } },
      'rope_scaling.rope_type = "dynamic"',
    ],
    [
      'an unknown kind by the old name',
      { rope_scaling: { type: 'su' } },
      'rope_scaling.type = "su"',
    ],
    [
      'a key that is not known',
      { rope_parameters: { rope_type: 'yarn', factor: 2, llama_4_scaling_beta: 1 } },
      'rope_parameters.llama_4_scaling_beta',
    ],
    [
      'settings for each layer type',
      { rope_parameters: { full_attention: { rope_type: 'default' } } },
      'rope_parameters.full_attention',
    ],
    ['a partial rotation', { partial_rotary_factor: 0.5 }, 'partial_rotary_factor = 0.5'],
    [
      'a partial rotation inside',
      { rope_parameters: { partial_rotary_factor: 0.5 } },
      'rope_parameters.partial_rotary_factor',
    ],
  ])('refuses %s', async (_name, overrides, part) => {
    await expectModelError(() => parse(overrides), 'model-unsupported', part);
  });

  it.each<[string, ConfigJson, string]>([
    ['no object', { rope_scaling: 'linear' }, 'rope_scaling'],
    ['no factor', { rope_scaling: { rope_type: 'linear' } }, 'rope_scaling.factor is missing'],
    ['a factor of 0', { rope_scaling: { rope_type: 'linear', factor: 0 } }, 'rope_scaling.factor'],
    [
      'bands in the wrong order',
      { rope_scaling: { rope_type: 'llama3', factor: 8, low_freq_factor: 4, high_freq_factor: 1 } },
      'high_freq_factor',
    ],
    ['a base of 1', { rope_theta: 1 }, 'rotary base'],
  ])('refuses %s as damage', async (_name, overrides, part) => {
    await expectModelError(() => parse(overrides), 'model-corrupt', part);
  });
});

describe('what would be computed wrongly', () => {
  it.each<[string, ConfigJson]>([
    ['model_type', { model_type: 'mamba' }],
    ['architectures', { architectures: ['LlamaForSequenceClassification'] }],
    ['hidden_act', { hidden_act: 'gelu' }],
    ['quantization_config', { quantization_config: { quant_method: 'gptq' } }],
    ['num_local_experts', { num_local_experts: 8 }],
    ['num_experts', { num_experts: 8 }],
    ['is_encoder_decoder', { is_encoder_decoder: true }],
  ])('is refused by name: %s', async (field, overrides) => {
    await expectModelError(() => parse(overrides), 'model-unsupported', field, '/m/config.json');
  });

  it('lists the supported architectures', async () => {
    await expectModelError(
      () => parse({ model_type: 'mamba' }),
      'model-unsupported',
      'gemma2, gemma3_text, llama, mistral, mixtral, olmo2, phi3, qwen2, qwen3, qwen3_moe',
    );
  });
});

describe('fields that cannot be', () => {
  it.each<[string, ConfigJson, string]>([
    ['a missing size', { hidden_size: undefined }, 'hidden_size is missing'],
    ['no model_type', { model_type: undefined }, 'model_type is missing'],
    ['a size of 0', { num_hidden_layers: 0 }, 'num_hidden_layers is 0'],
    ['a size that is no whole number', { hidden_size: 32.5 }, 'hidden_size is 32.5'],
    ['a size in quotes', { hidden_size: '32' }, 'hidden_size is "32"'],
    ['a size beyond the limits', { hidden_size: 1e15 }, 'hidden_size'],
    ['heads that do not share', { num_key_value_heads: 3 }, '4 query heads'],
    ['more key heads than query heads', { num_key_value_heads: 8 }, '4 query heads'],
    ['an odd head', { head_dim: 7 }, 'a head of 7'],
    ['no room for a head', { hidden_size: 3 }, 'a head of 0'],
    ['a start token beyond the vocabulary', { bos_token_id: 40 }, 'start token 40'],
    ['an epsilon of 0', { rms_norm_eps: 0 }, 'rms_norm_eps'],
    ['a flag that is none', { tie_word_embeddings: 'yes' }, 'tie_word_embeddings'],
  ])('%s', async (_name, overrides, part) => {
    await expectModelError(() => parse(overrides), 'model-corrupt', part, '/m/config.json');
  });
});
