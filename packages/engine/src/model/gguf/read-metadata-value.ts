import { modelFileLimits } from '../model-file-limits.js';
import {
  type GgufNumberType,
  type GgufValueType,
  ggufNumberBytes,
  ggufValueTypes,
} from './gguf-types.js';
import type { HeaderCursor } from './header-cursor.js';

/** Numbers of an array, in the type that the file has them in. */
type GgufNumberArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

/**
 * A metadata value. 64-bit integers are numbers where a number holds them exactly; an array of
 * booleans is a `Uint8Array` of 0 and 1.
 */
export type GgufValue =
  | number
  | bigint
  | boolean
  | string
  | GgufNumberArray
  | readonly string[]
  | readonly GgufValue[];

const arrayConstructors = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
} as const satisfies Record<GgufNumberType, unknown>;

/** Bytes that a string or an array takes at least: its length, and its element type. */
const stringBytesMin = 8;
const arrayBytesMin = 12;

/** Reads a value with its type before it. @throws SkeinError `model-corrupt` */
export async function readMetadataValue(cursor: HeaderCursor, key: string): Promise<GgufValue> {
  return readValue(cursor, { type: await readType(cursor, key), key, depth: 0 });
}

interface ValueContext {
  readonly type: GgufValueType;
  /** For errors. */
  readonly key: string;
  /** Arrays around this value. */
  readonly depth: number;
}

async function readValue(cursor: HeaderCursor, context: ValueContext): Promise<GgufValue> {
  const { type, key } = context;
  if (type === 'string') return cursor.string(key, modelFileLimits.ggufStringBytesMax);
  if (type === 'array') return readArray(cursor, context);
  if (type === 'bool') return (await readBooleans(cursor, 1, key))[0] === 1;
  const value = (await readNumbers(cursor, { type, count: 1, key }))[0];
  const fits = typeof value !== 'bigint' || Number.isSafeInteger(Number(value));
  return fits ? Number(value) : (value as bigint);
}

async function readArray(cursor: HeaderCursor, { key, depth }: ValueContext): Promise<GgufValue> {
  if (depth >= modelFileLimits.ggufArrayDepthMax) {
    throw cursor.fault(`${key} has arrays nested over ${modelFileLimits.ggufArrayDepthMax} deep`);
  }
  const type = await readType(cursor, key);
  const count = await cursor.count(`the length of ${key}`, modelFileLimits.ggufArrayLengthMax);
  if (type === 'string') return readStrings(cursor, count, key);
  if (type === 'bool') return readBooleans(cursor, count, key);
  if (type !== 'array') return readNumbers(cursor, { type, count, key });
  cursor.requireRemaining(count * arrayBytesMin, key);
  const arrays: GgufValue[] = [];
  while (arrays.length < count)
    arrays.push(await readArray(cursor, { type, key, depth: depth + 1 }));
  return arrays;
}

async function readStrings(cursor: HeaderCursor, count: number, key: string): Promise<string[]> {
  cursor.requireRemaining(count * stringBytesMin, key);
  const strings: string[] = [];
  const byteLengthMax = modelFileLimits.ggufStringBytesMax;
  while (strings.length < count) {
    strings.push(cursor.stringInWindow(byteLengthMax) ?? (await cursor.string(key, byteLengthMax)));
  }
  return strings;
}

async function readNumbers(
  cursor: HeaderCursor,
  { type, count, key }: { type: GgufNumberType; count: number; key: string },
): Promise<GgufNumberArray> {
  // In memory of their own, and therefore aligned.
  const bytes = await cursor.bytes(count * ggufNumberBytes[type], key);
  return new arrayConstructors[type](bytes.buffer as ArrayBuffer, 0, count);
}

async function readBooleans(cursor: HeaderCursor, count: number, key: string): Promise<Uint8Array> {
  const bytes = await cursor.bytes(count, key);
  if (bytes.some((byte) => byte > 1)) throw cursor.fault(`${key} has a boolean that is not 0 or 1`);
  return bytes;
}

async function readType(cursor: HeaderCursor, key: string): Promise<GgufValueType> {
  const id = await cursor.uint32();
  const type = ggufValueTypes[id];
  if (type === undefined) throw cursor.fault(`${key} has the unknown value type ${id}`);
  return type;
}
