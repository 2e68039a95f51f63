import { limits, type RopeScaling } from '@skein/protocol';
import { MetadataFields } from '../metadata-fields.js';
import { isJsonObject, type Json } from '../parse-json.js';
import { yarnMagnitude } from '../yarn.js';
import { parseLongRope } from './parse-long-rope.js';

/** Rotary settings of a config.json. */
export interface RopeSettings {
  readonly theta: number;
  readonly scaling: RopeScaling;
  /** Leading elements of a head that are rotated; absent: all. */
  readonly dimensions?: number;
  /** Tokens that the scaling was made for, when that can exceed `max_position_embeddings`. */
  readonly scaledContextLength: number;
  /** Settings of the blocks with a window, where they differ. */
  readonly windowed?: { readonly theta: number; readonly scaling: RopeScaling };
}

export interface RopeOptions {
  readonly contextLength: number;
  readonly headDim: number;
  /** The family's base, where the file names none. */
  readonly theta: number;
  /** A part of each head may be rotated, and the rest left alone. */
  readonly mayBePartial?: boolean;
  /** The kind `longrope` is known. */
  readonly mayBeLong?: boolean;
}

/** What each kind takes; another key would change the numbers in a way that we do not know. */
const commonKeys = ['rope_type', 'type', 'rope_theta', 'partial_rotary_factor', 'finetuned'];
const kindKeys: Readonly<Record<string, readonly string[]>> = {
  default: ['factor', 'original_max_position_embeddings'],
  linear: ['factor', 'original_max_position_embeddings'],
  llama3: ['factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings'],
  yarn: [
    'factor',
    'original_max_position_embeddings',
    'attention_factor',
    'beta_fast',
    'beta_slow',
    'mscale',
    'mscale_all_dim',
    'truncate',
  ],
  longrope: [
    'factor',
    'original_max_position_embeddings',
    'attention_factor',
    'short_factor',
    'long_factor',
  ],
};

/**
 * Reads the rotary embedding's settings: `rope_parameters` (transformers 5) or `rope_scaling` and
 * `rope_theta` (transformers 4), with the defaults that transformers applies
 * (modeling_rope_utils.py).
 * @throws SkeinError `model-corrupt`, `model-unsupported`
 */
export function parseRope(config: MetadataFields, options: RopeOptions): RopeSettings {
  const key = config.raw('rope_parameters') === undefined ? 'rope_scaling' : 'rope_parameters';
  const value = (config.raw(key) ?? Object.create(null)) as Json;
  if (!isJsonObject(value)) throw config.fault(key, 'an object');
  const fields = new MetadataFields(config.path, value, `${key}.`);
  const dimensions = parseDimensions(config, options);
  return {
    ...(dimensions === undefined ? {} : { dimensions }),
    ...parseRopeFields(
      fields,
      { ...options, theta: config.positive('rope_theta') ?? options.theta },
      { dimensions, originalContextLength: originalContextLength(config) },
    ),
  };
}

/**
 * Reads one set of rotary settings.
 * @param outer what the same file says outside of the set
 * @throws SkeinError `model-corrupt`, `model-unsupported`
 */
export function parseRopeFields(
  fields: MetadataFields,
  options: RopeOptions,
  outer: {
    readonly dimensions?: number | undefined;
    readonly originalContextLength?: number | undefined;
  } = {},
): RopeSettings {
  const theta = fields.positive('rope_theta') ?? options.theta;
  const dimensions = parseDimensions(fields, options) ?? outer.dimensions;
  return {
    theta,
    ...(dimensions === undefined ? {} : { dimensions }),
    ...parseScaling(fields, options, {
      pairs: (dimensions ?? options.headDim) / 2,
      originalContextLength: outer.originalContextLength,
    }),
  };
}

/** The rotated elements of a head, where they are not all. */
function parseDimensions(fields: MetadataFields, options: RopeOptions): number | undefined {
  const key = 'partial_rotary_factor';
  const share = fields.number(key) ?? 1;
  if (share === 1) return undefined;
  if (options.mayBePartial !== true) throw fields.unsupported(key);
  if (share <= 0 || share > 1) throw fields.fault(key, 'a share of a head');
  return Math.trunc(options.headDim * share);
}

function parseScaling(
  fields: MetadataFields,
  { contextLength, mayBeLong }: RopeOptions,
  outer: { readonly pairs: number; readonly originalContextLength: number | undefined },
): Pick<RopeSettings, 'scaling' | 'scaledContextLength'> {
  // The old name is `type`; where both are given, transformers takes the new one.
  const typeKey = fields.has('rope_type') ? 'rope_type' : 'type';
  const named = fields.text(typeKey) ?? 'default';
  // Early Phi-3 folders called it by the name of its authors' first version.
  const kind = mayBeLong === true && named === 'su' ? 'longrope' : named;
  const isKnown = Object.hasOwn(kindKeys, kind) && (kind !== 'longrope' || mayBeLong === true);
  if (!isKnown) {
    throw fields.unsupported(typeKey, 'Supported are default, linear, llama3 and yarn.');
  }
  const known = kindKeys[kind] as readonly string[];
  for (const key of fields.keys()) {
    if (!commonKeys.includes(key) && !known.includes(key) && fields.raw(key) !== undefined) {
      throw fields.unsupported(key);
    }
  }
  if (kind === 'default') return { scaling: { kind: 'none' }, scaledContextLength: contextLength };
  if (kind === 'yarn') return parseYarn(fields, contextLength);
  const original = originalContextLength(fields);
  if (kind === 'longrope') {
    const originalLength = outer.originalContextLength ?? original;
    const scaling = parseLongRope(fields, { contextLength, pairs: outer.pairs, originalLength });
    return { scaling, scaledContextLength: contextLength };
  }
  const factor = fields.positive('factor') ?? fields.missing('factor');
  if (kind === 'linear') {
    return { scaling: { kind: 'linear', factor }, scaledContextLength: contextLength };
  }
  const scaling: RopeScaling = {
    kind: 'llama3',
    factor,
    lowFreqFactor: fields.positive('low_freq_factor') ?? fields.missing('low_freq_factor'),
    highFreqFactor: fields.positive('high_freq_factor') ?? fields.missing('high_freq_factor'),
    originalContextLength: original ?? contextLength,
  };
  return { scaling, scaledContextLength: contextLength };
}

function parseYarn(
  fields: MetadataFields,
  contextLength: number,
): Pick<RopeSettings, 'scaling' | 'scaledContextLength'> {
  const original = originalContextLength(fields) ?? contextLength;
  const factor = fields.positive('factor') ?? contextLength / original;
  const scaling: RopeScaling = {
    kind: 'yarn',
    factor,
    originalContextLength: original,
    betaFast: nonZero(fields, 'beta_fast') ?? 32,
    betaSlow: nonZero(fields, 'beta_slow') ?? 1,
    ...(fields.boolean('truncate') === false ? { truncate: false } : {}),
    attentionFactor: fields.positive('attention_factor') ?? defaultAttentionFactor(fields, factor),
  };
  // Qwen's model cards have people add the scaling and leave `max_position_embeddings` alone.
  const scaled = Math.round(original * factor);
  return { scaling, scaledContextLength: Math.max(contextLength, scaled) };
}

/** DeepSeek's `mscale` and `mscale_all_dim` count only where both are given and not 0. */
function defaultAttentionFactor(fields: MetadataFields, factor: number): number {
  const mscale = nonZero(fields, 'mscale');
  const mscaleAllDim = nonZero(fields, 'mscale_all_dim');
  if (mscale === undefined || mscaleAllDim === undefined) return yarnMagnitude(factor, 1);
  return yarnMagnitude(factor, mscale) / yarnMagnitude(factor, mscaleAllDim);
}

/** transformers writes `value or default`, by which 0 means the default. */
function nonZero(fields: MetadataFields, key: string): number | undefined {
  return fields.number(key) === 0 ? undefined : fields.positive(key);
}

function originalContextLength(fields: MetadataFields): number | undefined {
  return fields.integer('original_max_position_embeddings', { max: limits.contextLengthMax });
}
