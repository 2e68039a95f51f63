import * as z from 'zod';
import { limits } from './limits.js';
import { type ManifestTensor, type ModelManifest, weightTypes } from './manifest.js';
import { isCount, listOf, textSchema } from './messages/common.js';
import { activations, type ModelConfig, type RopeConfig } from './model-config.js';

/** A whole number from 1 to `max`. */
const size = (max: number) => z.int().min(1).max(max);
/** A number over 0; the bound only keeps products of several finite. */
const positive = z.number().gt(0).max(1e12);

const factorsSchema = listOf(
  (value): value is number => positive.safeParse(value).success,
  { countMax: limits.headDimMax / 2 },
  'numbers over 0',
);

const ropeScalingSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('linear'), factor: positive }),
  z.strictObject({
    kind: z.literal('llama3'),
    factor: positive,
    lowFreqFactor: positive,
    highFreqFactor: positive,
    originalContextLength: size(limits.contextLengthMax),
  }),
  z.strictObject({ kind: z.literal('factors'), factors: factorsSchema }),
  z.strictObject({
    kind: z.literal('longrope'),
    shortFactors: factorsSchema,
    longFactors: factorsSchema,
    originalContextLength: size(limits.contextLengthMax),
    attentionFactor: positive,
  }),
  z.strictObject({
    kind: z.literal('yarn'),
    factor: positive,
    originalContextLength: size(limits.contextLengthMax),
    betaFast: positive,
    betaSlow: positive,
    truncate: z.literal(false).exactOptional(),
    attentionFactor: positive,
  }),
]);

const ropeSchema = z.strictObject({
  theta: positive,
  mode: z.enum(['neox', 'norm']),
  scaling: ropeScalingSchema,
  dimensions: size(limits.headDimMax).exactOptional(),
});

const expertsSchema = z
  .strictObject({
    count: size(limits.expertCountMax),
    usedCount: size(limits.expertsUsedMax),
    softmaxOver: z.enum(['all', 'chosen']),
    bias: z.literal(true).exactOptional(),
  })
  .refine((experts) => experts.usedCount <= experts.count, {
    path: ['usedCount'],
    message: 'must not exceed count',
  });

const tokenIdSchema = z
  .int()
  .min(0)
  .max(limits.vocabSizeMax - 1);

/** Hyper-parameters under the limits, so that nothing is ever sized by a hostile manifest. */
export const modelConfigSchema = z
  .strictObject({
    architecture: z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, 'a short name in lower case'),
    blockCount: size(limits.blockCountMax),
    hiddenSize: size(limits.hiddenSizeMax),
    headCount: size(limits.headCountMax),
    kvHeadCount: size(limits.headCountMax),
    headDim: size(limits.headDimMax),
    feedForwardSize: size(limits.feedForwardSizeMax),
    vocabSize: size(limits.vocabSizeMax),
    contextLength: size(limits.contextLengthMax),
    rmsNormEpsilon: z.number().min(0).max(1),
    rope: ropeSchema,
    slidingWindow: size(limits.contextLengthMax).nullable(),
    fullAttentionBlocks: listOf(
      (value) => isCount(value, limits.blockCountMax - 1),
      { countMax: limits.blockCountMax },
      'block indices',
    ).exactOptional(),
    windowedRope: ropeSchema.exactOptional(),
    tiedEmbeddings: z.boolean(),
    qkvBias: z.boolean(),
    attentionOutputBias: z.boolean(),
    feedForwardBias: z.boolean(),
    qkNorm: z.boolean(),
    qkNormScope: z.literal('projection').exactOptional(),
    attentionScale: positive.exactOptional(),
    attentionSinks: z.literal(true).exactOptional(),
    attentionSoftCap: positive.exactOptional(),
    logitSoftCap: positive.exactOptional(),
    embeddingScale: positive.exactOptional(),
    normPlacement: z.enum(['after', 'around']).exactOptional(),
    normOffset: z.literal(1).exactOptional(),
    activation: z.enum(activations).exactOptional(),
    fusedProjections: z.literal(true).exactOptional(),
    experts: expertsSchema.exactOptional(),
    bosTokenId: tokenIdSchema.nullable(),
    eosTokenIds: listOf(
      (value) => isCount(value, limits.vocabSizeMax - 1),
      { countMax: limits.eosTokensMax },
      'token ids',
    ),
  })
  .refine((config) => config.headCount % config.kvHeadCount === 0, {
    path: ['kvHeadCount'],
    message: 'must divide headCount',
  })
  .refine((config) => config.headDim % 2 === 0, {
    path: ['headDim'],
    message: 'must be even: the rotary embedding pairs up elements',
  })
  .refine(hasSoundRopes, {
    path: ['rope'],
    message: 'must rotate an even part of a head, with a factor for each pair',
  })
  .refine(
    ({ fullAttentionBlocks = [], blockCount }) => isAscending(fullAttentionBlocks, blockCount),
    {
      path: ['fullAttentionBlocks'],
      message: 'must be blocks of the model in ascending order',
    },
  )
  .refine(
    (config) =>
      [config.bosTokenId ?? 0, ...config.eosTokenIds].every((token) => token < config.vocabSize),
    { path: ['vocabSize'], message: 'must exceed every token id' },
  );

function hasSoundRopes(config: Pick<ModelConfig, 'headDim' | 'rope' | 'windowedRope'>): boolean {
  const { rope, windowedRope = rope } = config;
  return [rope, windowedRope].every((each) => isSoundRope(each, config.headDim));
}

function isSoundRope({ scaling, dimensions }: RopeConfig, headDim: number): boolean {
  const rotated = dimensions ?? headDim;
  if (rotated > headDim || rotated % 2 !== 0) return false;
  const hasAll = (factors: readonly number[]) => factors.length === rotated / 2;
  if (scaling.kind === 'factors') return hasAll(scaling.factors);
  if (scaling.kind !== 'longrope') return true;
  return hasAll(scaling.shortFactors) && hasAll(scaling.longFactors);
}

function isAscending(indices: readonly number[], end: number): boolean {
  return indices.every((index, place) => index < (indices[place + 1] ?? end));
}

const digestSchema = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in 64 lower-case hex digits');

const manifestTensorSchema = z.strictObject({
  name: textSchema(limits.manifestTensorNameCharactersMax).min(1),
  type: z.enum(weightTypes),
  shape: listOf(
    (value): value is number => isCount(value, 0x7fff_ffff) && value > 0,
    { countMin: 1, countMax: limits.tensorRankMax },
    'dimensions',
  ),
  digest: digestSchema,
});

/** A {@link ModelManifest} from the network. */
export const manifestSchema: z.ZodType<ModelManifest> = z
  .strictObject({
    version: z.literal(1),
    name: textSchema(limits.nameCharactersMax).min(1),
    config: modelConfigSchema,
    tensors: listOf(
      (value): value is ManifestTensor => manifestTensorSchema.safeParse(value).success,
      { countMax: limits.manifestTensorsMax },
      'tensors of a name, type, shape and digest',
    ),
    tokenizerDigest: digestSchema.nullable(),
    chatTemplateDigest: digestSchema.nullable(),
  })
  .refine(hasUniqueNames, { path: ['tensors'], message: 'must have unique names' });

function hasUniqueNames(manifest: { readonly tensors: readonly { readonly name: string }[] }) {
  return new Set(manifest.tensors.map((tensor) => tensor.name)).size === manifest.tensors.length;
}
