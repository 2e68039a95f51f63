/** Maps files into memory, so that weights are read by the page cache and not copied. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import type { Address } from '../c-types.js';
import type { Ggml } from '../load-ggml.js';

/** A file in the address space, read-only. */
export interface MappedFile {
  readonly address: Address;
  readonly byteLength: number;
  /** Asks the system to read a range ahead of its use. */
  prefetch(offset: number, byteLength: number): void;
  /** Gives back the memory of a range, which is read from the file again when it is used. */
  release(offset: number, byteLength: number): void;
  unmap(): void;
}

// From <sys/mman.h>; the values are the same on Linux and macOS.
const protectionRead = 1;
const mapPrivate = 2;
const adviseWillNeed = 3;
const adviseDontNeed = 4;
const mapFailed = 0xffff_ffff_ffff_ffffn;

/** The page size of every supported system divides this. */
const alignmentBytes = 64 * 1024;

/** Maps a whole file; null where that is not possible, and the caller reads it instead. */
export function mapFile(ggml: Ggml, path: string): MappedFile | null {
  if (process.platform === 'win32') return null;
  let descriptor: number | null = null;
  try {
    const libc = ggml.koffi.load(null);
    const size = 'size_t';
    const map = libc.func('mmap', 'void *', ['void *', size, 'int', 'int', 'int', 'int64_t']);
    const unmap = libc.func('munmap', 'int', ['void *', size]);
    const advise = libc.func('madvise', 'int', ['void *', size, 'int']);
    descriptor = openSync(path, 'r');
    const byteLength = fstatSync(descriptor).size;
    const address: Address | null = map(
      null,
      byteLength,
      protectionRead,
      mapPrivate,
      descriptor,
      0,
    );
    if (address === null || BigInt.asUintN(64, address) === mapFailed) return null;
    const adviseOn = (offset: number, count: number, advice: number) => {
      const start = Math.floor(offset / alignmentBytes) * alignmentBytes;
      advise(address + BigInt(start), offset + count - start, advice);
    };
    return {
      address,
      byteLength,
      prefetch: (offset, count) => adviseOn(offset, count, adviseWillNeed),
      release: (offset, count) => adviseOn(offset, count, adviseDontNeed),
      unmap: () => unmap(address, byteLength),
    };
  } catch {
    // No libc of that name, or a file system that cannot map: reading always works.
    return null;
  } finally {
    // The mapping keeps the file open.
    if (descriptor !== null) closeSync(descriptor);
  }
}
