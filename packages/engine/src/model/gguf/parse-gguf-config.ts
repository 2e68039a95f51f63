import { limits, type ModelConfig, type RopeConfig } from '@skein/protocol';
import type {
  ArchitectureDefinition,
  GgufReading,
  ModelSizes,
} from '../../architectures/architecture.js';
import { architectures } from '../../architectures/index.js';
import { checkModelConfig } from '../check-model-config.js';
import { MetadataFields } from '../metadata-fields.js';
import { corruptModel, unsupportedModel } from '../model-errors.js';
import { modelFileLimits } from '../model-file-limits.js';
import { findEosTokens } from './find-eos-tokens.js';
import { parseGgufRope, type RopeFactors } from './parse-gguf-rope.js';
import type { GgufHeader } from './read-gguf-header.js';

/** Keys that change the computation, unless 0: refused by families that do not read them. */
const unsupportedKeys = [
  'expert_count',
  'expert_shared_count',
  'expert_group_count',
  'expert_weights_scale',
  'leading_dense_block_count',
  'attention.clamp_kqv',
  'attention.max_alibi_bias',
  'attention.scale',
  'attention.temperature_length',
  'attention.temperature_scale',
  'attn_logit_softcapping',
  'final_logit_softcapping',
  'embedding_scale',
  'residual_scale',
  'logit_scale',
];

/** A family that has a form in GGUF. */
type GgufArchitecture = ArchitectureDefinition & { readonly gguf: GgufReading };

/**
 * Turns a GGUF header's metadata, under llama.cpp's keys, into a {@link ModelConfig}. What the
 * metadata leaves open (biases, tied embeddings, vocabulary) shows in the tensors.
 *
 * @param ropeFactors the divisors of rotary frequencies that the file has as tensors
 * @throws SkeinError `model-corrupt`, `model-unsupported`
 */
export function parseGgufConfig(
  header: GgufHeader,
  ropeFactors: RopeFactors,
): { readonly config: ModelConfig; readonly gguf: GgufReading } {
  const { path } = header;
  const { architecture, fields } = findArchitecture(header);
  const { gguf } = architecture;
  refuseUnsupported(fields, gguf);
  const shapes = new Map(header.tensors.map(({ name, shape }) => [name, shape]));
  const vocabSize = shapes.get('token_embd.weight')?.[0];
  if (vocabSize === undefined) throw corruptModel(path, 'the tensor token_embd.weight is missing');
  const sizes = parseSizes(fields);
  const epsilonKey = 'attention.layer_norm_rms_epsilon';
  const { headDim } = sizes;
  const rope = parseGgufRope(fields, { ...gguf.rope, headDim, factors: ropeFactors });
  const everywhere: RopeConfig = {
    theta: rope.theta,
    mode: gguf.ropeMode,
    scaling: rope.scaling,
    ...(rope.dimensions === undefined ? {} : { dimensions: rope.dimensions }),
  };
  const tokenizer = new MetadataFields(path, header.metadata);
  const bosRange = { min: 0, max: limits.vocabSizeMax };
  const config = checkModelConfig(
    {
      architecture: architecture.name,
      ...sizes,
      vocabSize,
      contextLength: Math.min(rope.scaledContextLength, limits.contextLengthMax),
      rmsNormEpsilon: fields.positive(epsilonKey) ?? fields.missing(epsilonKey),
      rope: everywhere,
      ...(gguf.windowedRope === undefined
        ? {}
        : { windowedRope: { ...everywhere, ...gguf.windowedRope(fields) } }),
      slidingWindow: null,
      tiedEmbeddings: !shapes.has('output.weight'),
      qkvBias: false,
      attentionOutputBias: false,
      feedForwardBias: false,
      qkNorm: false,
      bosTokenId: tokenizer.integer('tokenizer.ggml.bos_token_id', bosRange) ?? null,
      eosTokenIds: findEosTokens(tokenizer, vocabSize),
      ...gguf.read(fields, { sizes, hasTensor: (name) => shapes.has(name) }),
    },
    path,
  );
  return { config, gguf };
}

function findArchitecture({ path, metadata }: GgufHeader): {
  architecture: GgufArchitecture;
  fields: MetadataFields;
} {
  const name = new MetadataFields(path, metadata).text('general.architecture');
  const readable = architectures.filter(hasGguf);
  const fields = architectureFields({ path, metadata }, name ?? '');
  const architecture = readable.find(
    ({ gguf }) => gguf.name === name && (gguf.isMeant === undefined || gguf.isMeant(fields)),
  );
  if (architecture !== undefined) return { architecture, fields };
  const problem = `general.architecture = ${name?.slice(0, 80) ?? 'nothing'} is not supported`;
  const known = [...new Set(readable.map(({ gguf }) => gguf.name))].sort();
  throw unsupportedModel(path, problem, `Supported are ${known.join(', ')}.`);
}

function hasGguf(architecture: ArchitectureDefinition): architecture is GgufArchitecture {
  return architecture.gguf !== null;
}

/** The keys that start with the architecture's name, without it. */
function architectureFields(
  { path, metadata }: Pick<GgufHeader, 'path' | 'metadata'>,
  architecture: string,
): MetadataFields {
  const prefix = `${architecture}.`;
  const values: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(metadata)) {
    if (key.startsWith(prefix)) values[key.slice(prefix.length)] = value;
  }
  return new MetadataFields(path, values, prefix);
}

function refuseUnsupported(fields: MetadataFields, reading: GgufReading): void {
  for (const key of unsupportedKeys) {
    const value = fields.raw(key);
    const isRead = reading.keys?.includes(key) === true;
    if (!isRead && value !== undefined && value !== 0) throw fields.unsupported(key);
  }
  if (fields.boolean('attention.causal') === false) throw fields.unsupported('attention.causal');
}

function parseSizes(fields: MetadataFields): ModelSizes {
  const size = (key: string, max: number) => fields.integer(key, { max }) ?? fields.missing(key);
  const sameInAllBlocks = (key: string, max: number) => uniformInteger(fields, key, max);
  const { headCountMax, headDimMax, feedForwardSizeMax } = modelFileLimits;
  const hiddenSize = size('embedding_length', limits.hiddenSizeMax);
  const headCount =
    sameInAllBlocks('attention.head_count', headCountMax) ?? fields.missing('attention.head_count');
  const headDim =
    fields.integer('attention.key_length', { max: headDimMax }) ??
    Math.floor(hiddenSize / headCount);
  const valueDim = fields.integer('attention.value_length', { max: headDimMax }) ?? headDim;
  if (valueDim !== headDim)
    throw fields.unsupported('attention.value_length', 'It must equal key_length.');
  return {
    blockCount: size('block_count', limits.blockCountMax),
    hiddenSize,
    headCount,
    kvHeadCount: sameInAllBlocks('attention.head_count_kv', headCountMax) ?? headCount,
    headDim,
    feedForwardSize:
      sameInAllBlocks('feed_forward_length', feedForwardSizeMax) ??
      fields.missing('feed_forward_length'),
  };
}

/** Some sizes may be a list with one for each block; here all blocks are alike. */
function uniformInteger(fields: MetadataFields, key: string, max: number): number | undefined {
  const value = fields.raw(key);
  if (typeof value !== 'object' || value === null) return fields.integer(key, { max });
  const list = Array.from(value as ArrayLike<unknown>);
  if (list.length === 0 || list.some((item) => item !== list[0])) {
    throw fields.unsupported(key, 'All blocks must be of one size.');
  }
  return new MetadataFields(fields.path, { [key]: list[0] }, fields.prefix).integer(key, { max });
}
