/**
 * A plain msgpack encoder for tests, which (unlike the one under test) also writes what is not
 * allowed: NaN, bytes spliced in as they are, maps with any keys.
 */

/** Bytes that stand for themselves. */
export class Raw {
  constructor(readonly bytes: readonly number[]) {}
}

/** A map whose entries are written in order, duplicates included. */
export class RawMap {
  constructor(readonly entries: readonly (readonly [unknown, unknown])[]) {}
}

/** An extension value of one byte. */
export const extension = new Raw([0xd4, 0x01, 0x00]);

export function rawPack(value: unknown): Uint8Array {
  return Uint8Array.from(write(value));
}

function write(value: unknown): number[] {
  if (value === null) return [0xc0];
  if (value === true) return [0xc3];
  if (value === false) return [0xc2];
  if (typeof value === 'number') return writeNumber(value);
  if (typeof value === 'string') {
    const bytes = new TextEncoder().encode(value);
    return [...head(bytes.length, [0xa0, 32], [0xd9, 0xda, 0xdb]), ...bytes];
  }
  if (value instanceof Raw) return [...value.bytes];
  if (value instanceof Uint8Array) {
    return [...head(value.length, [0, 0], [0xc4, 0xc5, 0xc6]), ...value];
  }
  if (Array.isArray(value)) {
    return [...head(value.length, [0x90, 16], [0, 0xdc, 0xdd]), ...value.flatMap(write)];
  }
  const entries = value instanceof RawMap ? value.entries : Object.entries(value as object);
  const body = entries.flatMap(([key, field]) => [...write(key), ...write(field)]);
  return [...head(entries.length, [0x80, 16], [0, 0xde, 0xdf]), ...body];
}

function writeNumber(value: number): number[] {
  if (Number.isInteger(value) && value >= 0 && value < 128) return [value];
  if (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) {
    return [0xce, ...bigEndian(value, 4)];
  }
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return [0xcb, ...new Uint8Array(view.buffer)];
}

/** The tag and the length of a string, binary, array or map. */
function head(length: number, fix: [tag: number, end: number], tags: number[]): number[] {
  const [fixTag, fixEnd] = fix;
  if (length < fixEnd) return [fixTag | length];
  const [tag8 = 0, tag16 = 0, tag32 = 0] = tags;
  if (length < 256 && tag8 !== 0) return [tag8, length];
  return length < 65_536 ? [tag16, ...bigEndian(length, 2)] : [tag32, ...bigEndian(length, 4)];
}

export function bigEndian(value: number, width: number): number[] {
  const bytes: number[] = [];
  for (let index = width - 1; index >= 0; index--)
    bytes.push(Math.floor(value / 256 ** index) % 256);
  return bytes;
}
