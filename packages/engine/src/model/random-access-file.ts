import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { SkeinError } from '@skein/protocol';
import { corruptModel, throwIfAborted, unknownModel } from './model-errors.js';
import { modelFileLimits } from './model-file-limits.js';

// Windows has no O_NONBLOCK, and no pipes among the files.
const nonBlockingRead = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** A regular file, open for reading at any position. */
export interface RandomAccessFile {
  readonly path: string;
  readonly byteLength: number;
  /**
   * Fills `target` with the bytes at `position`.
   * @throws SkeinError `model-corrupt` when the file ends before that; `aborted`
   */
  readInto(target: Uint8Array, position: number): Promise<void>;
}

export interface WithFileOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * What a missing file means: the whole model is not there (`model-unknown`, the default), or a
   * part of one is missing (`model-corrupt`).
   */
  readonly missing?: 'model-unknown' | 'model-corrupt';
}

/** Opens `path`, lends it to `use` and closes it again, whatever happens. */
export async function withFile<Result>(
  path: string,
  options: WithFileOptions,
  use: (file: RandomAccessFile) => Promise<Result>,
): Promise<Result> {
  throwIfAborted(options.signal);
  const handle = await openForReading(path, options);
  try {
    const stats = await handle.stat();
    // A pipe or a device has no length, and reading one could wait forever.
    if (!stats.isFile()) throw corruptModel(path, 'this is not a regular file');
    return await use(randomAccess(handle, path, stats.size, options.signal));
  } finally {
    await handle.close();
  }
}

/** Reads exactly `byteLength` bytes at `position` into fresh memory. */
export async function readBytes(
  file: RandomAccessFile,
  position: number,
  byteLength: number,
): Promise<Uint8Array> {
  requireBytes(file, position, byteLength);
  const bytes = new Uint8Array(byteLength);
  await file.readInto(bytes, position);
  return bytes;
}

/** Checks that `[position, position + byteLength)` lies in the file, before memory is taken. */
export function requireBytes(file: RandomAccessFile, position: number, byteLength: number): void {
  if (position + byteLength <= file.byteLength) return;
  throw corruptModel(
    file.path,
    `the file is cut short: it has ${file.byteLength} bytes, ${position + byteLength} are needed`,
  );
}

async function openForReading(path: string, options: WithFileOptions): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would never return.
    return await open(path, nonBlockingRead);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw options.missing === 'model-corrupt'
      ? corruptModel(path, `a part of the model cannot be opened (${reason})`, { cause })
      : unknownModel(path, `cannot be opened (${reason})`, 'Check the path and its permissions.');
  }
}

function randomAccess(
  handle: FileHandle,
  path: string,
  byteLength: number,
  signal: AbortSignal | undefined,
): RandomAccessFile {
  return {
    path,
    byteLength,
    async readInto(target, position) {
      let filled = 0;
      while (filled < target.length) {
        throwIfAborted(signal);
        const wanted = Math.min(target.length - filled, modelFileLimits.readPieceBytes);
        const bytesRead = await readPiece(
          handle,
          path,
          target.subarray(filled, filled + wanted),
          position + filled,
        );
        if (bytesRead === 0) {
          const missing = target.length - filled;
          throw corruptModel(
            path,
            `the file is cut short: ${missing} bytes are missing at ${position + filled}`,
          );
        }
        filled += bytesRead;
      }
    },
  };
}

async function readPiece(
  handle: FileHandle,
  path: string,
  piece: Uint8Array,
  position: number,
): Promise<number> {
  try {
    return (await handle.read(piece, 0, piece.length, position)).bytesRead;
  } catch (cause) {
    // A failing disk or a network share, not a fault of the file's content.
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SkeinError('internal', `${path}: reading failed (${reason}).`, { cause });
  }
}
