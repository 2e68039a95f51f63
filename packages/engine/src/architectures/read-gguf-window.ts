import type { MetadataFields } from '../model/metadata-fields.js';

/** The window of a GGUF file; 0, which is what converters write for none, reads as null. */
export function readGgufWindow(fields: MetadataFields): number | null {
  const range = { min: 0, max: Number.MAX_SAFE_INTEGER };
  return fields.integer('attention.sliding_window', range) || null;
}
