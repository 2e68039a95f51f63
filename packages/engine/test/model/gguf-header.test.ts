import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readGgufHeader, tensorByteLength, writeGguf } from '../../src/model/index.js';
import { expectModelError } from './support/expect-model-error.js';
import { temporaryFolder } from './support/model-folders.js';

const folder = temporaryFolder();
const path = join(folder, 'model.gguf');

// The format written by hand: the package's own writer cannot make these files.
const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value: number | bigint) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const string = (text: string) => Buffer.concat([u64(Buffer.byteLength(text)), Buffer.from(text)]);
const entry = (key: string, type: number, ...value: Buffer[]) =>
  Buffer.concat([string(key), u32(type), ...value]);
const tensor = (name: string, dimensions: (number | bigint)[], typeId: number, offset: number) =>
  Buffer.concat([
    string(name),
    u32(dimensions.length),
    ...dimensions.map(u64),
    u32(typeId),
    u64(offset),
  ]);

interface RawFile {
  magic?: string;
  version?: number;
  entries?: Buffer[];
  tensors?: Buffer[];
  tensorCount?: bigint;
  entryCount?: bigint;
  dataBytes?: number;
}

async function read(raw: RawFile) {
  const { entries = [], tensors = [], dataBytes = 0 } = raw;
  const header = Buffer.concat([
    Buffer.from(raw.magic ?? 'GGUF'),
    u32(raw.version ?? 3),
    u64(raw.tensorCount ?? tensors.length),
    u64(raw.entryCount ?? entries.length),
    ...entries,
    ...tensors,
  ]);
  const padding = Buffer.alloc(dataBytes === 0 ? 0 : (32 - (header.length % 32)) % 32);
  writeFileSync(path, Buffer.concat([header, padding, Buffer.alloc(dataBytes)]));
  return readGgufHeader(path);
}

describe('metadata values', () => {
  it('has every type of the format', async () => {
    const typed = (buffer: ArrayBufferLike) => Buffer.from(buffer);
    const { metadata } = await read({
      entries: [
        entry('u8', 0, typed(Uint8Array.of(200).buffer)),
        entry('i8', 1, typed(Int8Array.of(-100).buffer)),
        entry('u16', 2, typed(Uint16Array.of(60_000).buffer)),
        entry('i16', 3, typed(Int16Array.of(-30_000).buffer)),
        entry('u32', 4, u32(4_000_000_000)),
        entry('i32', 5, typed(Int32Array.of(-2_000_000_000).buffer)),
        entry('f32', 6, typed(Float32Array.of(1.5).buffer)),
        entry('bool', 7, Buffer.of(1)),
        entry('string', 8, string('größe ▁')),
        entry('array', 9, u32(6), u64(2), typed(Float32Array.of(0.5, -1).buffer)),
        entry('u64', 10, u64(2n ** 63n)),
        entry('i64', 11, typed(BigInt64Array.of(-5n).buffer)),
        entry('f64', 12, typed(Float64Array.of(Math.PI).buffer)),
        entry('strings', 9, u32(8), u64(2), string(''), string('b')),
        entry('bools', 9, u32(7), u64(2), Buffer.of(1, 0)),
        entry(
          'nested',
          9,
          u32(9),
          u64(2),
          u32(8),
          u64(1),
          string('x'),
          u32(0),
          u64(2),
          Buffer.of(3, 4),
        ),
        entry('empty', 9, u32(8), u64(0)),
      ],
    });
    expect({ ...metadata }).toEqual({
      u8: 200,
      i8: -100,
      u16: 60_000,
      i16: -30_000,
      u32: 4_000_000_000,
      i32: -2_000_000_000,
      f32: 1.5,
      bool: true,
      string: 'größe ▁',
      array: Float32Array.of(0.5, -1),
      u64: 2n ** 63n,
      i64: -5,
      f64: Math.PI,
      strings: ['', 'b'],
      bools: Uint8Array.of(1, 0),
      nested: [['x'], Uint8Array.of(3, 4)],
      empty: [],
    });
  });

  it('takes a key that objects have by themselves', async () => {
    const { metadata } = await read({ entries: [entry('__proto__', 7, Buffer.of(1))] });
    expect(Object.keys(metadata)).toEqual(['__proto__']);
  });

  it('reads strings across the window of the reader', async () => {
    const texts = Array.from({ length: 300_000 }, (_, index) => `t${index}`);
    const long = 'ä'.repeat(1_500_000);
    const { metadata } = await read({
      entries: [
        entry('texts', 9, u32(8), u64(texts.length), Buffer.concat(texts.map(string))),
        entry('long', 8, string(long)),
        entry('after', 7, Buffer.of(0)),
      ],
    });
    expect(metadata.texts).toEqual(texts);
    expect(metadata.long).toBe(long);
    expect(metadata.after).toBe(false);
  });

  it('keeps a replacement character that the text really has', async () => {
    expect(
      (await read({ entries: [entry('a', 9, u32(8), u64(1), string('\uFFFD'))] })).metadata.a,
    ).toEqual(['\uFFFD']);
  });

  it.each<[string, RawFile, string]>([
    ['an unknown type', { entries: [entry('a', 13)] }, 'unknown value type 13'],
    [
      'an unknown element type',
      { entries: [entry('a', 9, u32(99), u64(1))] },
      'unknown value type 99',
    ],
    ['a boolean of 2', { entries: [entry('a', 7, Buffer.of(2))] }, 'not 0 or 1'],
    [
      'a key twice',
      { entries: [entry('a', 7, Buffer.of(1)), entry('a', 7, Buffer.of(1))] },
      'comes twice',
    ],
    [
      'a string beyond the end',
      { entries: [entry('a', 8, u64(1000), Buffer.from('x'))] },
      'the file ends',
    ],
    [
      'a string of no possible length',
      { entries: [entry('a', 8, u64(2n ** 63n))] },
      'the maximum is',
    ],
    [
      'an array beyond the end',
      { entries: [entry('a', 9, u32(4), u64(1_000_000), u32(1))] },
      'the file ends',
    ],
    [
      'strings beyond the end',
      { entries: [entry('a', 9, u32(8), u64(4_000_000), u32(1))] },
      'the file ends',
    ],
    [
      'arrays beyond the end',
      { entries: [entry('a', 9, u32(9), u64(4_000_000), u32(1))] },
      'the file ends',
    ],
    [
      'an array of no possible length',
      { entries: [entry('a', 9, u32(0), u64(2n ** 60n))] },
      'the maximum is',
    ],
    [
      'arrays nested too deep',
      { entries: [entry('a', 9, ...Array.from({ length: 9 }, () => [u32(9), u64(1)]).flat())] },
      'nested',
    ],
    ['text that is not UTF-8', { entries: [entry('a', 8, u64(1), Buffer.of(0xff))] }, 'UTF-8'],
    [
      'tokens that are not UTF-8',
      { entries: [entry('a', 9, u32(8), u64(1), u64(1), Buffer.of(0xff))] },
      'UTF-8',
    ],
    ['more entries than there are', { entryCount: 5n }, 'the file ends'],
    ['far more entries', { entryCount: 2n ** 40n }, 'metadata entries'],
    [
      'an alignment that is no power of two',
      { entries: [entry('general.alignment', 4, u32(24))] },
      'power of two',
    ],
    ['an alignment of 0', { entries: [entry('general.alignment', 4, u32(0))] }, 'power of two'],
    [
      'an alignment that is text',
      { entries: [entry('general.alignment', 8, string('32'))] },
      'power of two',
    ],
  ])('are refused with %s', async (_name, raw, part) => {
    await expectModelError(read(raw), 'model-corrupt', part, path);
  });
});

describe('tensors', () => {
  it('have their dimensions turned around, and places from the start of the file', async () => {
    const { tensors } = await read({
      tensors: [tensor('a', [8, 2], 0, 64), tensor('b', [32], 8, 0), tensor('c', [4], 23, 128)],
      dataBytes: 160,
    });
    const start = tensors[1]?.offset ?? 0;
    expect(start % 32).toBe(0);
    expect(tensors).toEqual([
      {
        name: 'a',
        type: 'f32',
        typeName: 'F32',
        shape: [2, 8],
        offset: start + 64,
        byteLength: 64,
      },
      { name: 'b', type: 'q8_0', typeName: 'Q8_0', shape: [32], offset: start, byteLength: 34 },
      { name: 'c', type: null, typeName: 'IQ4_XS', shape: [4], offset: start + 128, byteLength: 0 },
    ]);
  });

  it.each<[string, RawFile, string]>([
    ['no dimensions', { tensors: [tensor('a', [], 0, 0)] }, 'has 0 dimensions'],
    ['five dimensions', { tensors: [tensor('a', [1, 1, 1, 1, 1], 0, 0)] }, 'has 5 dimensions'],
    ['a dimension of 0', { tensors: [tensor('a', [0], 0, 0)] }, 'a dimension of 0'],
    [
      'a dimension beyond numbers',
      { tensors: [tensor('a', [2n ** 63n], 0, 0)] },
      'a dimension of a',
    ],
    [
      'a product beyond numbers',
      { tensors: [tensor('a', [2 ** 30, 2 ** 30], 0, 0)] },
      'cannot have the shape',
    ],
    [
      'half a block',
      { tensors: [tensor('a', [33], 8, 0)], dataBytes: 128 },
      'cannot have the shape',
    ],
    ['no alignment', { tensors: [tensor('a', [1], 0, 4)], dataBytes: 64 }, 'not aligned'],
    ['bytes beyond the end', { tensors: [tensor('a', [32], 0, 0)], dataBytes: 64 }, 'cut short'],
    [
      'an offset beyond the end',
      { tensors: [tensor('a', [1], 0, 2 ** 50)], dataBytes: 64 },
      'cut short',
    ],
    [
      'an overlap',
      { tensors: [tensor('a', [16], 0, 0), tensor('b', [1], 0, 32)], dataBytes: 64 },
      'overlaps',
    ],
    [
      'the same name',
      { tensors: [tensor('a', [1], 0, 0), tensor('a', [1], 0, 32)], dataBytes: 64 },
      'comes twice',
    ],
    [
      'a long name',
      { tensors: [tensor('n'.repeat(300), [1], 0, 0)], dataBytes: 64 },
      "a tensor's name",
    ],
    ['more of them than there are', { tensorCount: 3n }, 'the file ends'],
    ['far more of them', { tensorCount: 2n ** 50n }, 'the number of tensors'],
  ])('are refused with %s', async (_name, raw, part) => {
    await expectModelError(read(raw), 'model-corrupt', part, path);
  });
});

describe('the start of the file', () => {
  it.each<[string, RawFile, string]>([
    ['another format', { magic: 'GGML' }, 'not a GGUF file'],
    ['version 1', { version: 1 }, 'version 1'],
    ['a version to come', { version: 4 }, 'version 4'],
    ['a big-endian file', { version: 0x0300_0000 }, 'big-endian'],
  ])('tells %s', async (_name, raw, part) => {
    await expectModelError(read(raw), 'model-unsupported', part, path);
  });

  it('takes version 2', async () => {
    expect((await read({ version: 2 })).version).toBe(2);
  });

  it('must be there', async () => {
    for (const bytes of [0, 3, 7, 20]) {
      writeFileSync(path, Buffer.from('GGUF\u0003\0\0\0'.padEnd(20, '\0')).subarray(0, bytes));
      await expectModelError(readGgufHeader(path), 'model-corrupt', 'the file ends');
    }
  });
});

describe('writeGguf', () => {
  it('writes what the reader reads', async () => {
    const shape = [3, 32];
    const bytes = Uint8Array.from(
      { length: tensorByteLength('q4_0', shape) ?? 0 },
      (_, index) => index,
    );
    await writeGguf(path, {
      alignment: 64,
      metadata: {
        a: { type: 'string', value: 'ö' },
        b: { type: 'array', of: 'bool', value: [true, false] },
        c: { type: 'array', of: 'int16', value: [-1, 2] },
        d: { type: 'uint64', value: 2n ** 60n },
        e: { type: 'array', of: 'string', value: new Set(['x', 'y']) },
      },
      tensors: [
        { name: 'q', type: 'q4_0', shape, chunks: () => [bytes.subarray(0, 7), bytes.subarray(7)] },
        {
          name: 'v',
          type: 'f32',
          shape: [1],
          chunks: async function* () {
            yield Uint8Array.of(1, 2, 3, 4);
          },
        },
      ],
    });
    const { metadata, tensors } = await readGgufHeader(path);
    expect({ ...metadata }).toEqual({
      a: 'ö',
      b: Uint8Array.of(1, 0),
      c: Int16Array.of(-1, 2),
      d: 2n ** 60n,
      e: ['x', 'y'],
      'general.alignment': 64,
    });
    const [q, v] = tensors;
    expect(q).toMatchObject({ shape, type: 'q4_0' });
    expect([q?.offset, v?.offset].map((offset) => (offset ?? 1) % 64)).toEqual([0, 0]);
    const file = readFileSync(path);
    expect(file.subarray(q?.offset, (q?.offset ?? 0) + bytes.length).equals(bytes)).toBe(true);
    expect([...file.subarray(v?.offset, (v?.offset ?? 0) + 4)]).toEqual([1, 2, 3, 4]);
  });

  it('refuses a shape that its type cannot have', async () => {
    const tensors = [{ name: 'a', type: 'q8_0', shape: [31], chunks: () => [] }] as const;
    await expectModelError(
      writeGguf(path, { metadata: {}, tensors }),
      'bad-argument',
      'a cannot be [31] in q8_0',
    );
  });
});
