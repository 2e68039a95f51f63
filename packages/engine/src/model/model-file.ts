import type { ManifestTensor, ModelConfig, WeightType } from '@skein/protocol';

/** A run of bytes in a file. */
export interface FileRange {
  readonly file: string;
  readonly offset: number;
  readonly byteLength: number;
}

/** Where one tensor's bytes lie. Opening a model reads headers only; bytes come on request. */
export interface TensorLocation {
  /** Canonical (GGUF style) name: `token_embd.weight`, `blk.3.attn_q.weight`, `output.weight`. */
  readonly name: string;
  readonly type: WeightType;
  /** Outermost dimension first, as in safetensors: `[rows, columns]`, `[experts, rows, columns]`. */
  readonly shape: readonly number[];
  readonly byteLength: number;
  /**
   * The bytes, in order: in one run, or in one for each expert where a file stores the matrices of
   * experts apart. Runs are of one length.
   */
  readonly ranges: readonly FileRange[];
}

/** An opened model folder or file: everything but the weights' bytes is in memory. */
export interface ModelFile {
  /** Folder or file that it was opened from. */
  readonly path: string;
  readonly format: 'safetensors' | 'gguf';
  readonly config: ModelConfig;
  readonly tensors: ReadonlyMap<string, TensorLocation>;
  /** Text of tokenizer.json (made from the metadata for GGUF), or null when there is none. */
  readonly tokenizerJson: string | null;
  readonly chatTemplate: string | null;
}

/** Adds the probe digests of all tensors: the part of the manifest that needs the bytes. */
export type ProbeTensors = (file: ModelFile) => Promise<readonly ManifestTensor[]>;
