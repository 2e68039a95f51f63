import { Packr } from 'msgpackr';
import { describeValue } from './describe-value.js';
import { SkeinError } from './errors.js';
import { scanHeader } from './header-scan.js';
import { limits } from './limits.js';

// The one instance. `useRecords: false` writes plain maps; `copyBuffers` keeps what a binary field
// holds from pinning (or changing with) the network buffer that it came in.
const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  copyBuffers: true,
  int64AsType: 'number',
});

/**
 * Packs a message or a record body as msgpack. Fields that are `undefined` are left out.
 *
 * @throws SkeinError `bad-argument` for values outside the subset of `docs/protocol.md`,
 *   `limit-exceeded` for a result of more than `limits.headerBytesMax`
 */
export function packHeader(value: object): Uint8Array {
  const bytes = packr.pack(packable(value, 'message', 1));
  if (bytes.byteLength > limits.headerBytesMax) {
    throw new SkeinError(
      'limit-exceeded',
      `header of ${bytes.byteLength} bytes; at most ${limits.headerBytesMax} are allowed`,
    );
  }
  return bytes;
}

/**
 * Unpacks msgpack bytes from the network, after {@link scanHeader} has accepted them. Binary fields
 * are copies.
 *
 * @throws SkeinError `bad-message`
 */
export function unpackHeader(bytes: Uint8Array): unknown {
  if (bytes.byteLength > limits.headerBytesMax) {
    throw new SkeinError(
      'bad-message',
      `header of ${bytes.byteLength} bytes; at most ${limits.headerBytesMax} are allowed`,
    );
  }
  scanHeader(bytes);
  try {
    return packr.unpack(bytes);
  } catch (error) {
    throw new SkeinError('bad-message', 'header cannot be unpacked', { cause: error });
  }
}

/**
 * Checks that `value` is of the subset, since msgpackr would write extension types for much else
 * and uninitialised memory for typed arrays. Returns the same reference, or a copy without
 * `undefined` fields when there are any.
 */
function packable(value: unknown, path: string, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      break;
    case 'object':
      if (value === null) return value;
      if (depth > limits.headerDepthMax) break;
      if (value instanceof Uint8Array) return value;
      if (Array.isArray(value)) return packableArray(value, path, depth);
      if (isPlainObject(value)) return packableObject(value, path, depth);
      break;
    default:
      break;
  }
  throw new SkeinError('bad-argument', `${path}: ${describeValue(value)} cannot be packed`);
}

function packableArray(values: readonly unknown[], path: string, depth: number): unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    // Most arrays hold numbers (traces, shapes): those need no path.
    if (typeof value === 'number' && Number.isFinite(value)) continue;
    const packed = packable(value, `${path}[${index}]`, depth + 1);
    if (packed !== value) {
      copy ??= [...values];
      copy[index] = packed;
    }
  }
  return copy ?? (values as unknown[]);
}

function packableObject(fields: object, path: string, depth: number): object {
  let copy: Record<string, unknown> | undefined;
  for (const [key, value] of Object.entries(fields)) {
    if (typeof value === 'number' && Number.isFinite(value)) continue;
    if (value === undefined) {
      copy ??= { ...fields };
      delete copy[key];
      continue;
    }
    const packed = packable(value, `${path}.${key}`, depth + 1);
    if (packed !== value) {
      copy ??= { ...fields };
      copy[key] = packed;
    }
  }
  return copy ?? fields;
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
