import { limits, type ModelConfig, type RopeConfig } from '@skein/protocol';
import type {
  ArchitectureDefinition,
  HuggingFaceDefaults,
  HuggingFaceReading,
  ModelSizes,
} from '../../architectures/architecture.js';
import { architectures } from '../../architectures/index.js';
import { checkModelConfig, normaliseEosTokens } from '../check-model-config.js';
import { MetadataFields } from '../metadata-fields.js';
import { modelFileLimits } from '../model-file-limits.js';
import type { JsonObject } from '../parse-json.js';
import { parseRope, type RopeSettings } from './parse-rope.js';

/** Fields that change the computation, unless null, false or 0: refused by families without them. */
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
const defaultTheta = 10_000;

/** A configuration, with what else its family says of the folder. */
export interface ParsedConfig {
  readonly config: ModelConfig;
  readonly huggingFace: HuggingFaceReading;
}

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
): ParsedConfig {
  const fields = new MetadataFields(path, config);
  const { name, huggingFace } = parseArchitecture(fields);
  refuseUnsupported(fields, huggingFace);
  const { defaults } = huggingFace;
  const sizes = parseSizes(fields, defaults);
  const vocabSize =
    fields.integer('vocab_size', { max: limits.vocabSizeMax }) ?? fields.missing('vocab_size');
  const rope = readRope(fields, huggingFace, sizes);
  const parsed: ModelConfig = {
    architecture: name,
    ...sizes,
    vocabSize,
    contextLength: clampContext(rope.scaledContextLength),
    rmsNormEpsilon:
      fields.positive('rms_norm_eps') ?? defaults.rmsNormEpsilon ?? defaultRmsNormEpsilon,
    ...ropesOf(rope),
    slidingWindow: null,
    tiedEmbeddings: fields.boolean('tie_word_embeddings') ?? defaults.tiedEmbeddings ?? false,
    qkvBias: false,
    attentionOutputBias: false,
    feedForwardBias: false,
    qkNorm: false,
    bosTokenId: fields.integer('bos_token_id', { min: 0, max: limits.vocabSizeMax }) ?? null,
    eosTokenIds: parseEosTokens(fields, generation, vocabSize),
    ...huggingFace.read(fields, sizes),
  };
  return { config: checkModelConfig(parsed, path), huggingFace };
}

/** A family that has a form in Hugging Face folders. */
type FolderArchitecture = ArchitectureDefinition & { readonly huggingFace: HuggingFaceReading };

function hasFolder(architecture: ArchitectureDefinition): architecture is FolderArchitecture {
  return architecture.huggingFace !== null;
}

function parseArchitecture(fields: MetadataFields): FolderArchitecture {
  const modelType = fields.text('model_type') ?? fields.missing('model_type');
  const readable = architectures.filter(hasFolder);
  const found = readable.find(({ huggingFace }) => huggingFace.modelType === modelType);
  if (found === undefined) {
    const known = readable.map(({ huggingFace }) => huggingFace.modelType).sort();
    throw fields.unsupported('model_type', `Supported are ${known.join(', ')}.`);
  }
  // The same weights under a classifier's or an embedder's head are another model.
  const classes = fields.raw('architectures');
  const { className } = found.huggingFace;
  if (
    classes !== undefined &&
    !(Array.isArray(classes) && classes.some((name) => isClass(name, className)))
  ) {
    throw fields.unsupported('architectures', `For this model_type it must be ${className}.`);
  }
  return found;
}

/** Early Llama conversions wrote `LLaMAForCausalLM`. */
function isClass(name: unknown, className: string): boolean {
  return typeof name === 'string' && name.toLowerCase() === className.toLowerCase();
}

function refuseUnsupported(fields: MetadataFields, reading: HuggingFaceReading): void {
  refuseActivation(fields, reading);
  for (const key of unsupportedFields) {
    const value = fields.raw(key);
    const isRead = reading.fields?.includes(key) === true;
    if (!isRead && value !== undefined && value !== false && value !== 0) {
      throw fields.unsupported(key, 'Use the plain, unquantised model, or a GGUF file of it.');
    }
  }
}

/** Gemma's configurations have two keys for it, of which transformers takes the longer one. */
function refuseActivation(fields: MetadataFields, { activation }: HuggingFaceReading): void {
  if (activation === 'gelu-tanh') {
    const named = fields.text('hidden_activation') ?? 'gelu_pytorch_tanh';
    if (named !== 'gelu_pytorch_tanh') {
      throw fields.unsupported('hidden_activation', 'Only gelu_pytorch_tanh is supported.');
    }
    return;
  }
  const named = fields.text('hidden_act') ?? 'silu';
  if (named !== 'silu' && named !== 'swish') {
    throw fields.unsupported('hidden_act', 'Only silu is supported.');
  }
}

function parseSizes(fields: MetadataFields, defaults: HuggingFaceDefaults): ModelSizes {
  const size = (key: string, max: number) => fields.integer(key, { max }) ?? fields.missing(key);
  const hiddenSize = size('hidden_size', limits.hiddenSizeMax);
  const headCount = size('num_attention_heads', modelFileLimits.headCountMax);
  const kvHeads = fields.integer('num_key_value_heads', { max: modelFileLimits.headCountMax });
  const kvDefault = fields.has('num_key_value_heads') ? undefined : defaults.kvHeadCount;
  const headDim = fields.integer('head_dim', { max: modelFileLimits.headDimMax });
  const headDimDefault = fields.has('head_dim') ? undefined : defaults.headDim;
  return {
    blockCount: size('num_hidden_layers', limits.blockCountMax),
    hiddenSize,
    headCount,
    kvHeadCount: kvHeads ?? kvDefault ?? headCount,
    // transformers rounds down; the shapes of the tensors then show whether that was meant.
    headDim: headDim ?? headDimDefault ?? Math.floor(hiddenSize / headCount),
    feedForwardSize: size('intermediate_size', modelFileLimits.feedForwardSizeMax),
  };
}

function readRope(
  fields: MetadataFields,
  { defaults, rope, readRope: readOwn }: HuggingFaceReading,
  { headDim }: ModelSizes,
): RopeSettings {
  const maxPositions = fields.integer('max_position_embeddings', { max: Number.MAX_SAFE_INTEGER });
  const contextLength = clampContext(maxPositions ?? defaults.contextLength);
  if (readOwn !== undefined) return readOwn(fields, { contextLength, headDim });
  const theta = defaults.theta ?? defaultTheta;
  return parseRope(fields, { ...rope, contextLength, headDim, theta });
}

function ropesOf({
  theta,
  scaling,
  dimensions,
  windowed,
}: RopeSettings): Pick<ModelConfig, 'rope' | 'windowedRope'> {
  // Hugging Face rotates the two halves of a head.
  const rope: RopeConfig = {
    theta,
    mode: 'neox',
    scaling,
    ...(dimensions === undefined ? {} : { dimensions }),
  };
  return windowed === undefined ? { rope } : { rope, windowedRope: { ...rope, ...windowed } };
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
