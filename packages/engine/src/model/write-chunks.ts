import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { SkeinError } from '@skein/protocol';

/** Bytes of a tensor, made when they are asked for, so that a large file needs little memory. */
export type ChunkSource = () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Writes a file under a temporary name and gives it its own only when all of it is there: a reader
 * never sees half a model.
 */
export async function writeWhole(
  path: string,
  write: (append: (bytes: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<void> {
  const partPath = `${path}.part`;
  const handle = await open(partPath, 'w');
  try {
    try {
      await write((bytes) => appendAll(handle, bytes));
    } finally {
      await handle.close();
    }
    await rename(partPath, path);
  } catch (error) {
    await rm(partPath, { force: true });
    throw error;
  }
}

/**
 * Appends the bytes of one tensor.
 * @throws SkeinError `bad-argument` when the source has not exactly `byteLength` of them
 */
export async function appendTensor(
  append: (bytes: Uint8Array) => Promise<void>,
  { name, byteLength, chunks }: { name: string; byteLength: number; chunks: ChunkSource },
): Promise<void> {
  let written = 0;
  for await (const chunk of chunks()) {
    written += chunk.length;
    if (written > byteLength) break;
    await append(chunk);
  }
  if (written === byteLength) return;
  const relation = written > byteLength ? 'more' : `${written}, less`;
  throw new SkeinError('bad-argument', `${name} gave ${relation} than its ${byteLength} bytes.`);
}

async function appendAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten;
  }
}
