import { limits, type RopeScaling } from '@skein/protocol';
import { MetadataFields } from '../metadata-fields.js';
import { isJsonObject, type Json } from '../parse-json.js';
import { yarnMagnitude } from '../yarn.js';

/** Rotary settings of a config.json. */
export interface RopeSettings {
  readonly theta: number;
  readonly scaling: RopeScaling;
  /** Tokens that the scaling was made for, when that can exceed `max_position_embeddings`. */
  readonly scaledContextLength: number;
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
};

/** All four architectures have this default. */
const defaultTheta = 10_000;

/**
 * Reads the rotary embedding's settings: `rope_parameters` (transformers 5) or `rope_scaling` and
 * `rope_theta` (transformers 4), with the defaults that transformers applies
 * (modeling_rope_utils.py).
 * @throws SkeinError `model-corrupt`, `model-unsupported`
 */
export function parseRope(config: MetadataFields, contextLength: number): RopeSettings {
  const key = config.raw('rope_parameters') === undefined ? 'rope_scaling' : 'rope_parameters';
  const value = (config.raw(key) ?? Object.create(null)) as Json;
  if (!isJsonObject(value)) throw config.fault(key, 'an object');
  const fields = new MetadataFields(config.path, value, `${key}.`);
  const theta = fields.positive('rope_theta') ?? config.positive('rope_theta') ?? defaultTheta;
  checkRotatedShare(config);
  checkRotatedShare(fields);
  return { theta, ...parseScaling(fields, contextLength) };
}

function checkRotatedShare(fields: MetadataFields): void {
  if ((fields.number('partial_rotary_factor') ?? 1) === 1) return;
  throw fields.unsupported('partial_rotary_factor');
}

function parseScaling(fields: MetadataFields, contextLength: number): Omit<RopeSettings, 'theta'> {
  // The old name is `type`; where both are given, transformers takes the new one.
  const typeKey = fields.has('rope_type') ? 'rope_type' : 'type';
  const kind = fields.text(typeKey) ?? 'default';
  const known = Object.hasOwn(kindKeys, kind) ? kindKeys[kind] : undefined;
  if (known === undefined) {
    throw fields.unsupported(typeKey, 'Supported are default, linear, llama3 and yarn.');
  }
  for (const key of fields.keys()) {
    if (!commonKeys.includes(key) && !known.includes(key) && fields.raw(key) !== undefined) {
      throw fields.unsupported(key);
    }
  }
  if (kind === 'default') return { scaling: { kind: 'none' }, scaledContextLength: contextLength };
  if (kind === 'yarn') return parseYarn(fields, contextLength);
  const factor = fields.positive('factor') ?? fields.missing('factor');
  if (kind === 'linear') {
    return { scaling: { kind: 'linear', factor }, scaledContextLength: contextLength };
  }
  const scaling: RopeScaling = {
    kind: 'llama3',
    factor,
    lowFreqFactor: fields.positive('low_freq_factor') ?? fields.missing('low_freq_factor'),
    highFreqFactor: fields.positive('high_freq_factor') ?? fields.missing('high_freq_factor'),
    originalContextLength: originalContextLength(fields) ?? contextLength,
  };
  return { scaling, scaledContextLength: contextLength };
}

function parseYarn(fields: MetadataFields, contextLength: number): Omit<RopeSettings, 'theta'> {
  const original = originalContextLength(fields) ?? contextLength;
  const factor = fields.positive('factor') ?? contextLength / original;
  // Without rounding of the ramp's ends the frequencies differ, and ggml always rounds.
  if (fields.boolean('truncate') === false) throw fields.unsupported('truncate');
  const scaling: RopeScaling = {
    kind: 'yarn',
    factor,
    originalContextLength: original,
    betaFast: nonZero(fields, 'beta_fast') ?? 32,
    betaSlow: nonZero(fields, 'beta_slow') ?? 1,
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
