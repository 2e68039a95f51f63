import { createHash } from 'node:crypto';
import { limits, type ManifestTensor, type ModelManifest, SkeinError } from '@skein/protocol';
import { throwIfAborted } from './model-errors.js';
import type { ModelFile, TensorLocation } from './model-file.js';
import { type RandomAccessFile, readBytes, withFile } from './random-access-file.js';

/** A probe is this many bytes from the start, the middle and the end of a tensor. */
const probePieceBytes = 4096;
/** A tensor of up to this many bytes is probed whole. */
const probeWholeBytesMax = 3 * probePieceBytes;
/** Reads in flight: enough to hide a disk's latency, few enough to leave libuv's pool to others. */
const probesInFlightMax = 4;

/**
 * Describes a model by content, so that peers can tell whether they host the same one.
 *
 * Weights are *probed*: a peer reads the bytes of its own blocks only, yet has to agree with all
 * others on the identity of the whole model, without reading 100 GB. The probe tells models,
 * fine-tunes and quantisations apart; it is no protection against someone who forges a file.
 *
 * @param name what people call the model; not part of its hash
 * @throws SkeinError `model-corrupt`, `bad-argument`, `aborted`
 */
export async function buildManifest(
  file: ModelFile,
  name: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<ModelManifest> {
  if (name.length === 0 || name.length > limits.nameCharactersMax) {
    const range = `1 to ${limits.nameCharactersMax} characters`;
    throw new SkeinError('bad-argument', `A model's name has ${range}, not ${name.length}.`);
  }
  return {
    version: 1,
    name,
    config: file.config,
    tensors: await probeTensors(file, options),
    tokenizerDigest: file.tokenizerJson === null ? null : digestText(file.tokenizerJson),
    chatTemplateDigest: file.chatTemplate === null ? null : digestText(file.chatTemplate),
  };
}

/** Adds the probe digest to every tensor; keeps their order. */
export async function probeTensors(
  file: ModelFile,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<readonly ManifestTensor[]> {
  const byPath = new Map<string, TensorLocation[]>();
  for (const tensor of file.tensors.values()) {
    const group = byPath.get(tensor.file);
    if (group === undefined) byPath.set(tensor.file, [tensor]);
    else group.push(tensor);
  }
  const digests = new Map<string, string>();
  for (const [path, tensors] of byPath) {
    await withFile(path, { signal: options.signal, missing: 'model-corrupt' }, async (open) => {
      const queue = tensors.values();
      const work = async () => {
        for (const tensor of queue) {
          throwIfAborted(options.signal);
          digests.set(tensor.name, await probeDigest(open, tensor));
        }
      };
      // Settled, not raced: the file must stay open until the last reader has let go of it.
      const workers = await Promise.allSettled(Array.from({ length: probesInFlightMax }, work));
      for (const worker of workers) if (worker.status === 'rejected') throw worker.reason;
    });
  }
  return [...file.tensors.values()].map(({ name, type, shape }) => ({
    name,
    type,
    shape,
    digest: digests.get(name) as string,
  }));
}

/** `docs/protocol.md`, "Model identity": SHA-256 over the length (u64 LE) and the probed bytes. */
async function probeDigest(file: RandomAccessFile, tensor: TensorLocation): Promise<string> {
  const { byteLength, offset } = tensor;
  const hash = createHash('sha256');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(byteLength));
  hash.update(length);
  if (byteLength <= probeWholeBytesMax) {
    hash.update(await readBytes(file, offset, byteLength));
  } else {
    const middle = Math.floor(byteLength / 2 / probePieceBytes) * probePieceBytes;
    for (const start of [0, middle, byteLength - probePieceBytes]) {
      hash.update(await readBytes(file, offset + start, probePieceBytes));
    }
  }
  return hash.digest('hex');
}

function digestText(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
