import { createHash } from 'node:crypto';
import { limits, type ManifestTensor, type ModelManifest, SkeinError } from '@skein/protocol';
import { throwIfAborted } from './model-errors.js';
import type { FileRange, ModelFile, TensorLocation } from './model-file.js';
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
  const tensors = [...file.tensors.values()];
  const probes = tensors.map((tensor) => probesOf(tensor));
  const byPath = new Map<string, Probe[]>();
  for (const probe of probes.flat()) {
    const group = byPath.get(probe.range.file);
    if (group === undefined) byPath.set(probe.range.file, [probe]);
    else group.push(probe);
  }
  for (const [path, inFile] of byPath) {
    await withFile(path, { signal: options.signal, missing: 'model-corrupt' }, async (open) => {
      const queue = inFile.values();
      const work = async () => {
        for (const probe of queue) {
          throwIfAborted(options.signal);
          probe.digest = await digestOf(open, probe);
        }
      };
      // Settled, not raced: the file must stay open until the last reader has let go of it.
      const workers = await Promise.allSettled(Array.from({ length: probesInFlightMax }, work));
      for (const worker of workers) if (worker.status === 'rejected') throw worker.reason;
    });
  }
  return tensors.map(({ name, type, shape, byteLength }, index) => ({
    name,
    type,
    shape,
    digest: joinDigests(byteLength, probes[index] as readonly Probe[]),
  }));
}

/** A run of bytes that is probed on its own: a tensor, or one expert's part of it. */
interface Probe {
  readonly range: FileRange;
  readonly kind: 'tensor' | 'expert';
  digest: Buffer;
}

/**
 * A tensor of experts is probed expert by expert, wherever their bytes lie: a fine-tune may leave
 * most of them as they were.
 */
function probesOf({ shape, byteLength, ranges }: TensorLocation): readonly Probe[] {
  const [experts = 1] = shape.length === 3 ? shape : [];
  const kind = shape.length === 3 ? 'expert' : 'tensor';
  const partBytes = byteLength / experts;
  return ranges.flatMap(({ file, offset, byteLength: rangeBytes }) =>
    Array.from({ length: rangeBytes / partBytes }, (_, part): Probe => {
      const range = { file, offset: offset + part * partBytes, byteLength: partBytes };
      return { range, kind, digest: Buffer.alloc(0) };
    }),
  );
}

/** `docs/protocol.md`, "Model identity": SHA-256 over the length (u64 LE) and the probed bytes. */
async function digestOf(file: RandomAccessFile, { range, kind }: Probe): Promise<Buffer> {
  const { byteLength, offset } = range;
  const hash = createHash('sha256').update(lengthBytes(byteLength));
  const middle = Math.floor(byteLength / 2 / probePieceBytes) * probePieceBytes;
  if (byteLength <= (kind === 'expert' ? probePieceBytes : probeWholeBytesMax)) {
    hash.update(await readBytes(file, offset, byteLength));
  } else if (kind === 'expert') {
    const start = Math.min(middle, byteLength - probePieceBytes);
    hash.update(await readBytes(file, offset + start, probePieceBytes));
  } else {
    for (const start of [0, middle, byteLength - probePieceBytes]) {
      hash.update(await readBytes(file, offset + start, probePieceBytes));
    }
  }
  return hash.digest();
}

/** A tensor's own digest; of experts, SHA-256 over the length and the digests of all. */
function joinDigests(byteLength: number, probes: readonly Probe[]): string {
  const [first] = probes;
  if (first?.kind === 'tensor') return first.digest.toString('hex');
  const hash = createHash('sha256').update(lengthBytes(byteLength));
  for (const { digest } of probes) hash.update(digest);
  return hash.digest('hex');
}

function lengthBytes(byteLength: number): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(byteLength));
  return length;
}

function digestText(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
