import { limits, type ModelConfig, type RopeMode } from '@skein/protocol';
import { checkModelConfig } from '../check-model-config.js';
import { MetadataFields } from '../metadata-fields.js';
import { corruptModel, unsupportedModel } from '../model-errors.js';
import { modelFileLimits } from '../model-file-limits.js';
import { findEosTokens } from './find-eos-tokens.js';
import { parseGgufRope } from './parse-gguf-rope.js';
import type { GgufHeader } from './read-gguf-header.js';

/**
 * GGUF architectures with the pairing of their rotary embedding. Mistral models are converted to
 * `llama`, whose q and k rows are permuted for neighbours.
 */
const ropeModes = { llama: 'norm', qwen2: 'neox', qwen3: 'neox' } as const satisfies Record<
  string,
  RopeMode
>;
type GgufArchitecture = keyof typeof ropeModes;

/** Keys that change the computation in ways that no engine here knows, unless 0. */
const unsupportedKeys = [
  'expert_count',
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

/**
 * Turns a GGUF header's metadata, under llama.cpp's keys, into a {@link ModelConfig}. What the
 * metadata leaves open (biases, tied embeddings, vocabulary) shows in the tensors.
 *
 * @param ropeFactors values of `rope_freqs.weight`, or null without that tensor
 * @throws SkeinError `model-corrupt`, `model-unsupported`
 */
export function parseGgufConfig(
  header: GgufHeader,
  ropeFactors: readonly number[] | null,
): ModelConfig {
  const { path } = header;
  const architecture = parseArchitecture(header);
  const fields = architectureFields(header, architecture);
  refuseUnsupported(fields);
  const shapes = new Map(header.tensors.map(({ name, shape }) => [name, shape]));
  const vocabSize = shapes.get('token_embd.weight')?.[0];
  if (vocabSize === undefined) throw corruptModel(path, 'the tensor token_embd.weight is missing');
  const sizes = parseSizes(fields);
  const epsilonKey = 'attention.layer_norm_rms_epsilon';
  const rope = parseGgufRope(fields, { headDim: sizes.headDim, factors: ropeFactors });
  const tokenizer = new MetadataFields(path, header.metadata);
  const bosRange = { min: 0, max: limits.vocabSizeMax };
  return checkModelConfig(
    {
      architecture,
      ...sizes,
      vocabSize,
      contextLength: Math.min(rope.scaledContextLength, limits.contextLengthMax),
      rmsNormEpsilon: fields.positive(epsilonKey) ?? fields.missing(epsilonKey),
      rope: { theta: rope.theta, mode: ropeModes[architecture], scaling: rope.scaling },
      slidingWindow: parseSlidingWindow(fields),
      tiedEmbeddings: !shapes.has('output.weight'),
      qkvBias: shapes.has('blk.0.attn_q.bias'),
      attentionOutputBias: shapes.has('blk.0.attn_output.bias'),
      feedForwardBias: shapes.has('blk.0.ffn_up.bias'),
      qkNorm: architecture === 'qwen3',
      bosTokenId: tokenizer.integer('tokenizer.ggml.bos_token_id', bosRange) ?? null,
      eosTokenIds: findEosTokens(tokenizer, vocabSize),
    },
    path,
  );
}

function parseArchitecture({ path, metadata }: GgufHeader): GgufArchitecture {
  const name = new MetadataFields(path, metadata).text('general.architecture');
  if (name !== undefined && Object.hasOwn(ropeModes, name)) return name as GgufArchitecture;
  const problem = `general.architecture = ${name?.slice(0, 80) ?? 'nothing'} is not supported`;
  throw unsupportedModel(path, problem, `Supported are ${Object.keys(ropeModes).join(', ')}.`);
}

/** The keys that start with the architecture's name, without it. */
function architectureFields({ path, metadata }: GgufHeader, architecture: string): MetadataFields {
  const prefix = `${architecture}.`;
  const values: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(metadata)) {
    if (key.startsWith(prefix)) values[key.slice(prefix.length)] = value;
  }
  return new MetadataFields(path, values, prefix);
}

function refuseUnsupported(fields: MetadataFields): void {
  for (const key of unsupportedKeys) {
    const value = fields.raw(key);
    if (value !== undefined && value !== 0) throw fields.unsupported(key);
  }
  if (fields.boolean('attention.causal') === false) throw fields.unsupported('attention.causal');
}

function parseSizes(fields: MetadataFields) {
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

function parseSlidingWindow(fields: MetadataFields): number | null {
  return (
    fields.integer('attention.sliding_window', { min: 0, max: Number.MAX_SAFE_INTEGER }) || null
  );
}
