import { limits, type RopeScaling } from '@skein/protocol';
import { longRopeMagnitude } from '../long-rope.js';
import type { MetadataFields } from '../metadata-fields.js';
import { yarnMagnitude } from '../yarn.js';

/** Rotary settings of a GGUF header. */
export interface GgufRopeSettings {
  readonly theta: number;
  readonly scaling: RopeScaling;
  /** Leading elements of a head that are rotated; absent: all. */
  readonly dimensions?: number;
  readonly scaledContextLength: number;
}

/** Divisors of the rotary frequencies that a file has as tensors; null for those it lacks. */
export interface RopeFactors {
  /** `rope_freqs.weight`, which is how llama3 scaling is converted. */
  readonly all: readonly number[] | null;
  /** `rope_factors_short.weight` and `rope_factors_long.weight`, which are LongRoPE's. */
  readonly short: readonly number[] | null;
  readonly long: readonly number[] | null;
}

const defaultTheta = 10_000;

/**
 * Reads the rotary embedding's settings, with llama.cpp's defaults.
 *
 * @param fields those of the architecture
 * @throws SkeinError `model-corrupt`, `model-unsupported`
 */
export function parseGgufRope(
  fields: MetadataFields,
  options: {
    readonly headDim: number;
    readonly factors: RopeFactors;
    readonly mayBePartial?: boolean;
    readonly mayBeLong?: boolean;
    readonly truncatesYarn?: boolean;
  },
): GgufRopeSettings {
  const dimensions = parseDimensions(fields, options);
  const contextRange = { max: Number.MAX_SAFE_INTEGER };
  const contextLength =
    fields.integer('context_length', contextRange) ?? fields.missing('context_length');
  const base = {
    theta: fields.positive('rope.freq_base') ?? defaultTheta,
    ...(dimensions === undefined ? {} : { dimensions }),
  };
  const { all, short, long } = options.factors;
  if (options.mayBeLong === true && short !== null && long !== null) {
    const scaling = parseLongScaling(fields, { contextLength, short, long });
    return { ...base, scaling, scaledContextLength: contextLength };
  }
  const parsed = parseScaling(fields, contextLength);
  const { scaledContextLength } = parsed;
  // No key tells; what the family was trained with counts.
  const scaling: RopeScaling =
    parsed.scaling.kind === 'yarn' && options.truncatesYarn === false
      ? { ...parsed.scaling, truncate: false }
      : parsed.scaling;
  if (all === null) return { ...base, scaling, scaledContextLength };
  if (scaling.kind !== 'none') {
    throw fields.unsupported('rope.scaling.type', 'It cannot be combined with rope_freqs.weight.');
  }
  return { ...base, scaling: { kind: 'factors', factors: all }, scaledContextLength };
}

function parseDimensions(
  fields: MetadataFields,
  { headDim, mayBePartial }: { readonly headDim: number; readonly mayBePartial?: boolean },
): number | undefined {
  const key = 'rope.dimension_count';
  const dimensions = fields.integer(key, { max: limits.hiddenSizeMax });
  if (dimensions === undefined || dimensions === headDim) return undefined;
  if (mayBePartial === true) return dimensions;
  throw fields.unsupported(
    key,
    `Only heads that are rotated whole (here ${headDim}) are supported.`,
  );
}

function parseLongScaling(
  fields: MetadataFields,
  model: {
    readonly contextLength: number;
    readonly short: readonly number[];
    readonly long: readonly number[];
  },
): RopeScaling {
  const originalKey = 'rope.scaling.original_context_length';
  const original =
    fields.integer(originalKey, { max: limits.contextLengthMax }) ?? fields.missing(originalKey);
  return {
    kind: 'longrope',
    shortFactors: model.short,
    longFactors: model.long,
    originalContextLength: original,
    attentionFactor:
      fields.positive('rope.scaling.attn_factor') ??
      longRopeMagnitude(model.contextLength / original, original),
  };
}

function parseScaling(
  fields: MetadataFields,
  contextLength: number,
): { scaling: RopeScaling; scaledContextLength: number } {
  // llama.cpp: 0 is no factor, the older key counts too, and a factor without a type is linear.
  const factor =
    nonZero(fields, 'rope.scaling.factor') ?? nonZero(fields, 'rope.scale_linear') ?? 1;
  const type = fields.text('rope.scaling.type') ?? 'linear';
  if (type === 'yarn') return parseYarn(fields, { factor, contextLength });
  if (type !== 'linear' && type !== 'none') {
    throw fields.unsupported('rope.scaling.type', 'Supported are none, linear and yarn.');
  }
  const magnitude = fields.positive('rope.scaling.attn_factor') ?? 1;
  if (magnitude !== 1) throw fields.unsupported('rope.scaling.attn_factor');
  const isPlain = type === 'none' || factor === 1;
  const scaling: RopeScaling = isPlain ? { kind: 'none' } : { kind: 'linear', factor };
  return { scaling, scaledContextLength: contextLength };
}

function parseYarn(
  fields: MetadataFields,
  { factor, contextLength }: { factor: number; contextLength: number },
): { scaling: RopeScaling; scaledContextLength: number } {
  // Negative means that llama.cpp chooses, and it chooses 1 for yarn.
  const extrapolation = fields.number('rope.scaling.yarn_ext_factor') ?? 1;
  if (extrapolation >= 0 && extrapolation !== 1)
    throw fields.unsupported('rope.scaling.yarn_ext_factor');
  const range = { min: 0, max: limits.contextLengthMax };
  const original = fields.integer('rope.scaling.original_context_length', range) || contextLength;
  const scaling: RopeScaling = {
    kind: 'yarn',
    factor,
    originalContextLength: original,
    betaFast: fields.positive('rope.scaling.yarn_beta_fast') ?? 32,
    betaSlow: fields.positive('rope.scaling.yarn_beta_slow') ?? 1,
    attentionFactor: attentionFactor(fields, factor),
  };
  return { scaling, scaledContextLength: Math.max(contextLength, Math.round(original * factor)) };
}

/**
 * The final multiplier of q and k. `yarn_attn_factor` is where the converter puts a model's own
 * `attention_factor`; llama.cpp ignores it (its context overwrites the value), here it counts, so
 * that a converted model computes what the original does.
 */
function attentionFactor(fields: MetadataFields, factor: number): number {
  const explicit = fields.positive('rope.scaling.yarn_attn_factor');
  const extra = fields.positive('rope.scaling.attn_factor') ?? 1;
  if (explicit !== undefined) return explicit * extra;
  const logMultiplier = fields.number('rope.scaling.yarn_log_multiplier') ?? 0;
  const divisor = logMultiplier === 0 ? 1 : yarnMagnitude(factor, logMultiplier);
  return (yarnMagnitude(factor, 1) / divisor) * extra;
}

function nonZero(fields: MetadataFields, key: string): number | undefined {
  return fields.number(key) === 0 ? undefined : fields.positive(key);
}
