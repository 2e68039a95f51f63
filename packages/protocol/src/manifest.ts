import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { ModelHash } from './ids.js';
import type { ModelConfig } from './model-config.js';

/** Element types in which weights are stored or kept in memory. */
export const weightTypes = [
  'f32',
  'f16',
  'bf16',
  'q8_0',
  'q4_0',
  'q4_1',
  'q5_0',
  'q5_1',
  'q2_k',
  'q3_k',
  'q4_k',
  'q5_k',
  'q6_k',
  'mxfp4',
] as const;
export type WeightType = (typeof weightTypes)[number];

/** One tensor of a model's file, by content. */
export interface ManifestTensor {
  /** Canonical (GGUF style) name, `blk.3.attn_q.weight`. */
  readonly name: string;
  readonly type: WeightType;
  /** Outermost dimension first: `[rows, columns]` for a matrix that maps columns to rows. */
  readonly shape: readonly number[];
  /** Hex SHA-256 of the tensor's probe: see `docs/protocol.md`, "Model identity". */
  readonly digest: string;
}

/**
 * Names a model by content. Two peers may be chained only if the hash of their manifests agrees.
 */
export interface ModelManifest {
  readonly version: 1;
  /** What people call it: `tiny-tales`, `Qwen/Qwen3-8B`. Not part of the hash. */
  readonly name: string;
  readonly config: ModelConfig;
  readonly tensors: readonly ManifestTensor[];
  /** Hex SHA-256 of tokenizer.json, or null for a model without one. */
  readonly tokenizerDigest: string | null;
  /** Hex SHA-256 of the chat template's UTF-8 text, or null. */
  readonly chatTemplateDigest: string | null;
}

/**
 * Computes the {@link ModelHash}: SHA-256 over the manifest without its name, its tensors sorted
 * by name, as canonical JSON. So it depends neither on the order in which fields were set nor on
 * how the weights are spread over files.
 */
export function hashManifest(manifest: ModelManifest): ModelHash {
  const { name: _name, ...content } = manifest;
  const tensors = [...manifest.tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  const text = canonicalJson({ ...content, tensors });
  return bytesToHex(sha256(new TextEncoder().encode(text))) as ModelHash;
}

/** JSON as in RFC 8785 (JCS): object keys in order of UTF-16 code units, and no white space. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
    return `{${entries.join(',')}}`;
  }
  return JSON.stringify(value);
}
