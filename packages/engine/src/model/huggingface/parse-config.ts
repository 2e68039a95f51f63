import { type Architecture, architectures, limits, type ModelConfig } from '@skein/protocol';
import { checkModelConfig, normaliseEosTokens } from '../check-model-config.js';
import { MetadataFields } from '../metadata-fields.js';
import { modelFileLimits } from '../model-file-limits.js';
import type { JsonObject } from '../parse-json.js';
import { parseRope } from './parse-rope.js';
import { parseSlidingWindow } from './parse-sliding-window.js';

/** What transformers assumes for a key that config.json leaves out. */
interface FamilyDefaults {
  readonly className: string;
  /** Null: as many as query heads. */
  readonly kvHeadCount: number | null;
  readonly contextLength: number;
  /** Null: hidden size over query heads. */
  readonly headDim: number | null;
}

const families: Readonly<Record<Architecture, FamilyDefaults>> = {
  llama: { className: 'LlamaForCausalLM', kvHeadCount: null, contextLength: 2048, headDim: null },
  mistral: {
    className: 'MistralForCausalLM',
    kvHeadCount: 8,
    contextLength: 131_072,
    headDim: null,
  },
  qwen2: { className: 'Qwen2ForCausalLM', kvHeadCount: 32, contextLength: 32_768, headDim: null },
  qwen3: { className: 'Qwen3ForCausalLM', kvHeadCount: 32, contextLength: 32_768, headDim: 128 },
};

/** Fields that change the computation in ways that no engine knows, unless null, false or 0. */
const unsupportedFields = [
  'quantization_config',
  'compression_config',
  'num_experts',
  'num_local_experts',
  'n_routed_experts',
  'is_encoder_decoder',
  'add_cross_attention',
  'attn_logit_softcapping',
  'final_logit_softcapping',
  'clip_qkv',
  'alibi',
];

const defaultRmsNormEpsilon = 1e-6;

/**
 * Turns config.json (and generation_config.json, which may name further ends of text) into a
 * {@link ModelConfig}. Whatever would be computed wrongly is refused by name.
 *
 * @param path of config.json, for errors
 * @throws SkeinError `model-corrupt`, `model-unsupported`
 */
export function parseHuggingFaceConfig(
  path: string,
  config: JsonObject,
  generation: JsonObject | null,
): ModelConfig {
  const fields = new MetadataFields(path, config);
  const architecture = parseArchitecture(fields);
  refuseUnsupported(fields);
  const defaults = families[architecture];
  const sizes = parseSizes(fields, defaults);
  const maxPositions = fields.integer('max_position_embeddings', { max: Number.MAX_SAFE_INTEGER });
  const rope = parseRope(fields, clampContext(maxPositions ?? defaults.contextLength));
  const mayHaveBias = architecture === 'llama' || architecture === 'qwen3';
  const attentionBias = mayHaveBias && (fields.boolean('attention_bias') ?? false);
  return checkModelConfig(
    {
      architecture,
      ...sizes,
      contextLength: clampContext(rope.scaledContextLength),
      rmsNormEpsilon: fields.positive('rms_norm_eps') ?? defaultRmsNormEpsilon,
      rope: { theta: rope.theta, mode: 'neox', scaling: rope.scaling },
      slidingWindow: parseSlidingWindow(fields, architecture, sizes.blockCount),
      tiedEmbeddings: fields.boolean('tie_word_embeddings') ?? false,
      // Qwen2's biases are not optional, and its output projection has none.
      qkvBias: architecture === 'qwen2' || attentionBias,
      attentionOutputBias: attentionBias,
      feedForwardBias: architecture === 'llama' && (fields.boolean('mlp_bias') ?? false),
      qkNorm: architecture === 'qwen3',
      bosTokenId: fields.integer('bos_token_id', { min: 0, max: limits.vocabSizeMax }) ?? null,
      eosTokenIds: parseEosTokens(fields, generation, sizes.vocabSize),
    },
    path,
  );
}

function parseArchitecture(fields: MetadataFields): Architecture {
  const modelType = fields.text('model_type') ?? fields.missing('model_type');
  const architecture = architectures.find((known) => known === modelType);
  if (architecture === undefined) {
    throw fields.unsupported('model_type', `Supported are ${architectures.join(', ')}.`);
  }
  // The same weights under a classifier's or an embedder's head are another model.
  const classes = fields.raw('architectures');
  const { className } = families[architecture];
  if (
    classes !== undefined &&
    !(Array.isArray(classes) && classes.some((name) => isClass(name, className)))
  ) {
    throw fields.unsupported('architectures', `For this model_type it must be ${className}.`);
  }
  return architecture;
}

/** Early Llama conversions wrote `LLaMAForCausalLM`. */
function isClass(name: unknown, className: string): boolean {
  return typeof name === 'string' && name.toLowerCase() === className.toLowerCase();
}

function refuseUnsupported(fields: MetadataFields): void {
  const activation = fields.text('hidden_act') ?? 'silu';
  if (activation !== 'silu' && activation !== 'swish') {
    throw fields.unsupported('hidden_act', 'Only silu is supported.');
  }
  for (const key of unsupportedFields) {
    const value = fields.raw(key);
    if (value !== undefined && value !== false && value !== 0) {
      throw fields.unsupported(key, 'Use the plain, unquantised model, or a GGUF file of it.');
    }
  }
}

function parseSizes(fields: MetadataFields, defaults: FamilyDefaults) {
  const size = (key: string, max: number) => fields.integer(key, { max }) ?? fields.missing(key);
  const hiddenSize = size('hidden_size', limits.hiddenSizeMax);
  const headCount = size('num_attention_heads', modelFileLimits.headCountMax);
  const kvHeads = fields.integer('num_key_value_heads', { max: modelFileLimits.headCountMax });
  const kvDefault = fields.has('num_key_value_heads') ? null : defaults.kvHeadCount;
  const headDim = fields.integer('head_dim', { max: modelFileLimits.headDimMax });
  const headDimDefault = fields.has('head_dim') ? null : defaults.headDim;
  return {
    blockCount: size('num_hidden_layers', limits.blockCountMax),
    hiddenSize,
    headCount,
    kvHeadCount: kvHeads ?? kvDefault ?? headCount,
    // transformers rounds down; the shapes of the tensors then show whether that was meant.
    headDim: headDim ?? headDimDefault ?? Math.floor(hiddenSize / headCount),
    feedForwardSize: size('intermediate_size', modelFileLimits.feedForwardSizeMax),
    vocabSize: size('vocab_size', limits.vocabSizeMax),
  };
}

/** Some models claim 10 million tokens; the protocol's maximum is then the honest promise. */
function clampContext(length: number): number {
  return Math.min(length, limits.contextLengthMax);
}

/** Chat models often name the end of a turn only in generation_config.json. */
function parseEosTokens(
  config: MetadataFields,
  generation: JsonObject | null,
  vocabSize: number,
): readonly number[] {
  const generationPath = config.path.replace(/config\.json$/, 'generation_config.json');
  const sources = [config, new MetadataFields(generationPath, generation ?? {})];
  const ids = sources.flatMap((fields) => {
    const value = fields.raw('eos_token_id') ?? [];
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!list.every((id) => Number.isSafeInteger(id) && (id as number) >= 0)) {
      throw fields.fault('eos_token_id', 'a token id or a list of them');
    }
    return list as readonly number[];
  });
  return normaliseEosTokens(ids, vocabSize);
}
