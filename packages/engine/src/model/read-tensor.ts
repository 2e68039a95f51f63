import { SkeinError } from '@skein/protocol';
import type { TensorLocation } from './model-file.js';
import { requireBytes, withFile } from './random-access-file.js';

/**
 * Reads the bytes of one tensor, as stored: exactly `location.byteLength` of them.
 *
 * @param target memory to fill, of exactly that length; fresh memory by default
 * @returns `target`
 * @throws SkeinError `model-corrupt` when the file has become shorter or is gone since it was
 *   opened, `bad-argument` for a target of another length, `aborted`
 */
export async function readTensor(
  location: TensorLocation,
  target?: Uint8Array,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Uint8Array> {
  const { byteLength, ranges, name } = location;
  if (target !== undefined && target.length !== byteLength) {
    throw new SkeinError('bad-argument', `${name} has ${byteLength} bytes, not ${target.length}.`);
  }
  let bytes = target;
  let start = 0;
  for (const range of ranges) {
    await withFile(
      range.file,
      { signal: options.signal, missing: 'model-corrupt' },
      async (file) => {
        // Memory is taken only once the bytes are known to be there.
        requireBytes(file, range.offset, range.byteLength);
        bytes ??= new Uint8Array(byteLength);
        await file.readInto(bytes.subarray(start, start + range.byteLength), range.offset);
      },
    );
    start += range.byteLength;
  }
  return bytes ?? new Uint8Array();
}
