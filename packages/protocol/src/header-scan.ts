import { SkeinError } from './errors.js';
import { limits } from './limits.js';

/**
 * Walks the msgpack bytes of a header before anything is unpacked, and accepts only the subset of
 * `docs/protocol.md`, "Headers": nil, booleans, numbers, UTF-8 strings, binaries, arrays, and maps
 * with unique ASCII keys. This is what keeps extension types, nesting bombs, huge announced
 * lengths and prototype keys away from the general-purpose unpacker.
 *
 * @throws SkeinError `bad-message`
 */
export function scanHeader(bytes: Uint8Array): void {
  const end = scanValue(bytes, 0, 0);
  if (end !== bytes.byteLength) {
    fail(`${bytes.byteLength - end} bytes follow the header's value`, end);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
/** Keys that no map may have, since code that copies objects could reach a prototype by them. */
export const forbiddenKeys: readonly string[] = ['__proto__', 'constructor', 'prototype'];
const prototypeKeys = forbiddenKeys.map((key) => new TextEncoder().encode(key));

function fail(what: string, offset: number): never {
  throw new SkeinError('bad-message', `header: ${what} at byte ${offset}`);
}

/** Scans one value at `offset` and returns the offset after it. */
function scanValue(bytes: Uint8Array, offset: number, depth: number): number {
  const tag = bytes[offset];
  if (tag === undefined) return fail('a value is cut off', offset);
  if (tag <= 0x7f || tag >= 0xe0) return offset + 1;
  if (tag <= 0x8f) return scanMap(bytes, offset + 1, tag & 0x0f, depth + 1);
  if (tag <= 0x9f) return scanArray(bytes, offset + 1, tag & 0x0f, depth + 1);
  if (tag <= 0xbf) return scanText(bytes, offset + 1, tag & 0x1f);
  return scanTagged(bytes, offset, tag, depth);
}

/** Scans a value whose tag is in `0xc0..0xdf`. */
function scanTagged(bytes: Uint8Array, offset: number, tag: number, depth: number): number {
  const next = offset + 1;
  switch (tag) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return next;
    case 0xc4: // bin 8, 16, 32
    case 0xc5:
    case 0xc6: {
      const width = 1 << (tag - 0xc4);
      return skip(bytes, next + width, readLength(bytes, next, width));
    }
    case 0xcc: // uint 8, 16, 32, 64
    case 0xcd:
    case 0xce:
    case 0xcf:
      return skip(bytes, next, 1 << (tag - 0xcc));
    case 0xd0: // int 8, 16, 32, 64
    case 0xd1:
    case 0xd2:
    case 0xd3:
      return skip(bytes, next, 1 << (tag - 0xd0));
    case 0xca: // float 32
      return skip(bytes, next, 4);
    case 0xcb: // float 64
      return skip(bytes, next, 8);
    case 0xd9: // str 8, 16, 32
    case 0xda:
    case 0xdb: {
      const width = 1 << (tag - 0xd9);
      return scanText(bytes, next + width, readLength(bytes, next, width));
    }
    case 0xdc: // array 16, 32
    case 0xdd: {
      const width = 2 << (tag - 0xdc);
      return scanArray(bytes, next + width, readLength(bytes, next, width), depth + 1);
    }
    case 0xde: // map 16, 32
    case 0xdf: {
      const width = 2 << (tag - 0xde);
      return scanMap(bytes, next + width, readLength(bytes, next, width), depth + 1);
    }
    default:
      return fail(`tag 0x${tag.toString(16)} (an extension type) is not allowed`, offset);
  }
}

/** Reads a big-endian length of 1, 2 or 4 bytes. */
function readLength(bytes: Uint8Array, offset: number, width: number): number {
  if (offset + width > bytes.byteLength) fail('a length is cut off', offset);
  let length = 0;
  for (let index = 0; index < width; index++) length = length * 256 + (bytes[offset + index] ?? 0);
  return length;
}

function skip(bytes: Uint8Array, offset: number, length: number): number {
  if (length > bytes.byteLength - offset) {
    fail(`a value of ${length} bytes goes past the end`, offset);
  }
  return offset + length;
}

function scanText(bytes: Uint8Array, offset: number, length: number): number {
  const end = skip(bytes, offset, length);
  for (let index = offset; index < end; index++) {
    if ((bytes[index] ?? 0) < 0x80) continue;
    try {
      utf8.decode(bytes.subarray(offset, end));
    } catch {
      fail('a string is not UTF-8', offset);
    }
    break;
  }
  return end;
}

function scanArray(bytes: Uint8Array, offset: number, count: number, depth: number): number {
  enter(bytes, { offset, depth, count, countMax: limits.headerArrayEntriesMax });
  let position = offset;
  for (let index = 0; index < count; index++) position = scanValue(bytes, position, depth);
  return position;
}

function scanMap(bytes: Uint8Array, offset: number, count: number, depth: number): number {
  enter(bytes, { offset, depth, count, countMax: limits.headerMapEntriesMax });
  const keyOffsets: number[] = [];
  let position = offset;
  for (let index = 0; index < count; index++) {
    keyOffsets.push(position);
    position = scanValue(bytes, scanKey(bytes, position, keyOffsets), depth);
  }
  return position;
}

/** What a map or an array announces, before its first entry is read. */
interface Container {
  readonly offset: number;
  readonly depth: number;
  readonly count: number;
  readonly countMax: number;
}

function enter(bytes: Uint8Array, { offset, depth, count, countMax }: Container): void {
  if (depth > limits.headerDepthMax) {
    fail(`nested deeper than ${limits.headerDepthMax}`, offset);
  }
  // Each entry takes at least a byte.
  if (count > bytes.byteLength - offset) {
    fail(`${count} entries are announced but the bytes end`, offset);
  }
  if (count > countMax) fail(`${count} entries; at most ${countMax} are allowed`, offset);
}

/**
 * Scans the key at `offset`, the last of `keyOffsets`. Keys are written in the one shortest form
 * (`fixstr`, or `str 8` from 32 bytes), so that equal keys have equal bytes.
 */
function scanKey(bytes: Uint8Array, offset: number, keyOffsets: readonly number[]): number {
  const tag = bytes[offset] ?? 0xc1;
  let start = offset + 1;
  let length = tag & 0x1f;
  if (tag === 0xd9) {
    length = readLength(bytes, start++, 1);
    if (length < 32) fail('a key is not in its shortest form', offset);
  } else if (tag < 0xa0 || tag > 0xbf) {
    fail('a key is not a short string', offset);
  }
  const end = skip(bytes, start, length);
  for (let index = start; index < end; index++) {
    const byte = bytes[index] ?? 0;
    if (byte < 0x20 || byte > 0x7e) fail('a key is not printable ASCII', index);
  }
  for (const key of prototypeKeys) {
    if (key.byteLength === length && equalBytes(bytes, start, key, 0, length)) {
      fail('a key would reach an object’s prototype', offset);
    }
  }
  for (let index = 0; index < keyOffsets.length - 1; index++) {
    if (equalBytes(bytes, keyOffsets[index] ?? 0, bytes, offset, end - offset)) {
      fail('a key occurs twice', offset);
    }
  }
  return end;
}

function equalBytes(
  left: Uint8Array,
  leftOffset: number,
  right: Uint8Array,
  rightOffset: number,
  length: number,
): boolean {
  for (let index = 0; index < length; index++) {
    if (left[leftOffset + index] !== right[rightOffset + index]) return false;
  }
  return true;
}
