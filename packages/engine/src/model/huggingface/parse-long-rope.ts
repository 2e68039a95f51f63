import type { RopeScaling } from '@skein/protocol';
import { longRopeMagnitude } from '../long-rope.js';
import type { MetadataFields } from '../metadata-fields.js';

/**
 * Reads LongRoPE's two lists of divisors.
 * @throws SkeinError `model-corrupt`
 */
export function parseLongRope(
  fields: MetadataFields,
  model: {
    readonly contextLength: number;
    /** Rotated pairs of a head. */
    readonly pairs: number;
    readonly originalLength: number | undefined;
  },
): RopeScaling {
  const original = model.originalLength ?? fields.missing('original_max_position_embeddings');
  const factor = fields.positive('factor') ?? model.contextLength / original;
  return {
    kind: 'longrope',
    shortFactors: readFactors(fields, 'short_factor', model.pairs),
    longFactors: readFactors(fields, 'long_factor', model.pairs),
    originalContextLength: original,
    attentionFactor: fields.positive('attention_factor') ?? longRopeMagnitude(factor, original),
  };
}

function readFactors(fields: MetadataFields, key: string, pairs: number): readonly number[] {
  const value = fields.raw(key) ?? fields.missing(key);
  const isFactor = (item: unknown) => typeof item === 'number' && Number.isFinite(item) && item > 0;
  if (!Array.isArray(value) || value.length !== pairs || !value.every(isFactor)) {
    throw fields.fault(key, `a list of ${pairs} numbers over 0`);
  }
  return value as readonly number[];
}
