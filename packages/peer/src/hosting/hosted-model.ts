import { basename, extname } from 'node:path';
import { buildManifest, type ModelFile, openModel, tensorByteLength } from '@skein/engine';
import {
  hashManifest,
  type ModelHash,
  type ModelManifest,
  type Span,
  serializeManifest,
  type WeightType,
} from '@skein/protocol';
import type { ModelParts } from '../control/answer-model.js';

/** A model that a peer hosts blocks of: everything but the weights. */
export interface HostedModel {
  readonly file: ModelFile;
  readonly manifest: ModelManifest;
  readonly hash: ModelHash;
  readonly parts: ModelParts;
  /** Blocks whose weights are on this machine: all, as long as the model is a folder or a file. */
  readonly onDisk: readonly Span[];
}

/**
 * Opens a model and computes its identity.
 *
 * @throws SkeinError `model-unknown`, `model-corrupt`, `model-unsupported`, `aborted`
 */
export async function openHostedModel(
  path: string,
  options: { name?: string | undefined; signal?: AbortSignal },
): Promise<HostedModel> {
  const { signal } = options;
  const file = await openModel(path, { signal });
  const name = options.name ?? basename(path, extname(path) === '.gguf' ? '.gguf' : '');
  const manifest = await buildManifest(file, name, { signal });
  const hash = hashManifest(manifest);
  const text = (part: string | null) => (part === null ? null : new TextEncoder().encode(part));
  const parts = {
    manifest: serializeManifest(manifest),
    tokenizer: text(file.tokenizerJson),
    'chat-template': text(file.chatTemplate),
  };
  const onDisk = [{ start: 0, end: file.config.blockCount }];
  return { file, manifest, hash, parts: { hash, parts }, onDisk };
}

/** Bytes that the largest block takes in memory. */
export function bytesPerBlock(file: ModelFile, weightType: WeightType | 'keep'): number {
  const bytesByBlock = new Map<string, number>();
  for (const { name, shape, byteLength } of file.tensors.values()) {
    const block = /^blk\.(\d+)\./.exec(name)?.[1];
    if (block === undefined) continue;
    const isConverted = weightType !== 'keep' && shape.length > 1;
    const bytes = (isConverted ? tensorByteLength(weightType, shape) : null) ?? byteLength;
    bytesByBlock.set(block, (bytesByBlock.get(block) ?? 0) + bytes);
  }
  return Math.max(1, ...bytesByBlock.values());
}
