import { type ExpertConfig, limits } from '@skein/protocol';
import type { MetadataFields } from '../model/metadata-fields.js';
import { modelFileLimits } from '../model/model-file-limits.js';

/** Reads how many experts there are, and how many a token takes, under a file's own keys. */
export function readExperts(
  fields: MetadataFields,
  keys: { readonly count: string; readonly usedCount: string },
  softmaxOver: ExpertConfig['softmaxOver'],
): ExpertConfig {
  const { expertCountMax, expertsUsedMax } = limits;
  const count = fields.integer(keys.count, { max: expertCountMax }) ?? fields.missing(keys.count);
  const range = { max: Math.min(count, expertsUsedMax) };
  const usedCount = fields.integer(keys.usedCount, range) ?? fields.missing(keys.usedCount);
  return { count, usedCount, softmaxOver };
}

/** Reads the width of one expert, where it has a key of its own. */
export function readExpertWidth(fields: MetadataFields, key: string): number {
  return fields.integer(key, { max: modelFileLimits.feedForwardSizeMax }) ?? fields.missing(key);
}

/** The keys of llama.cpp. */
export const ggufExpertKeys = {
  count: 'expert_count',
  usedCount: 'expert_used_count',
  width: 'expert_feed_forward_length',
} as const;
