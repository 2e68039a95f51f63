import { Packr } from 'msgpackr';
import { describeValue } from './describe-value.js';
import { SkeinError } from './errors.js';
import { scanHeader } from './header-scan.js';
import { limits } from './limits.js';
import { plainBytes } from './plain-bytes.js';

// The one instance. `useRecords: false` writes plain maps; `copyBuffers` keeps what a binary field
// holds from pinning (or changing with) the network buffer that it came in.
const packr = new Packr({
  useRecords: false,
  variableMapSize: true,
  mapsAsObjects: true,
  copyBuffers: true,
  int64AsType: 'number',
});

/**
 * Packs a message or a record body as msgpack. Fields that are `undefined` are left out. The bytes
 * are a view of a larger buffer: copy them to keep them.
 *
 * @throws SkeinError `bad-argument` for values outside the subset of `docs/protocol.md`,
 *   `limit-exceeded` for a result of more than `limits.headerBytesMax`
 */
export function packHeader(value: object): Uint8Array {
  const bytes = plainBytes(packr.pack(packable(value, 'message', 1)));
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
    // A view of its own, since msgpackr leaves a property behind on what it unpacks.
    return packr.unpack(plainBytes(bytes).subarray());
  } catch (error) {
    throw new SkeinError('bad-message', 'header cannot be unpacked', { cause: error });
  }
}

// Half of a surrogate pair has no UTF-8 form; the receiver would refuse the whole message.
const loneSurrogate = /\p{Cs}/u;
const loneSurrogates = /\p{Cs}/gu;

/**
 * Checks that `value` is of the subset, since msgpackr would write extension types for much else
 * and uninitialised memory for typed arrays. Returns the same reference, or a copy without
 * `undefined` fields when there are any.
 *
 * @param field the innermost field that holds the value, for the error's text
 */
function packable(value: unknown, field: string, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return loneSurrogate.test(value) ? value.replace(loneSurrogates, '\ufffd') : value;
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      break;
    case 'object':
      if (value === null) return value;
      if (depth > limits.headerDepthMax) break;
      if (value instanceof Uint8Array) return value;
      if (Array.isArray(value)) return packableArray(value, field, depth);
      if (isPlainObject(value)) return packableObject(value, field, depth);
      break;
    default:
      break;
  }
  throw new SkeinError('bad-argument', `${field}: ${describeValue(value)} cannot be packed`);
}

function packableArray(values: unknown[], field: string, depth: number): unknown[] {
  checkEntries(values.length, limits.headerArrayEntriesMax, field);
  let copy: unknown[] | undefined;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    const packed = packable(value, field, depth + 1);
    if (packed !== value) {
      copy ??= [...values];
      copy[index] = packed;
    }
  }
  return copy ?? values;
}

function packableObject(fields: object, field: string, depth: number): object {
  const source = fields as Readonly<Record<string, unknown>>;
  const keys = Object.keys(source);
  checkEntries(keys.length, limits.headerMapEntriesMax, field);
  let copy: Record<string, unknown> | undefined;
  for (const key of keys) {
    const value = source[key];
    if (value === undefined) {
      copy ??= { ...source };
      delete copy[key];
      continue;
    }
    const packed = packable(value, key, depth + 1);
    if (packed !== value) {
      copy ??= { ...source };
      copy[key] = packed;
    }
  }
  return copy ?? fields;
}

function checkEntries(count: number, countMax: number, field: string): void {
  if (count <= countMax) return;
  throw new SkeinError(
    'bad-argument',
    `${field}: ${count} entries cannot be packed; at most ${countMax} are allowed`,
  );
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
