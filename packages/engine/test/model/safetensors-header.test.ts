import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSafetensorsHeader } from '../../src/model/huggingface/read-safetensors-header.js';
import { writeSafetensors } from '../../src/model/index.js';
import { expectModelError } from './support/expect-model-error.js';
import { temporaryFolder } from './support/model-folders.js';

const path = join(temporaryFolder(), 'model.safetensors');

/** Reads a file of this header (an object, or its text) and this many bytes of data. */
async function read(header: object | string, dataBytes: number, lengthClaim?: bigint) {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(lengthClaim ?? BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, Buffer.alloc(dataBytes)]));
  return readSafetensorsHeader(path);
}

const entry = (
  begin: number,
  end: number,
  shape: unknown = [(end - begin) / 4],
  dtype: unknown = 'F32',
) => ({ dtype, shape, data_offsets: [begin, end] });

describe('a safetensors header', () => {
  it('gives places from the start of the file', async () => {
    const header = {
      __metadata__: { format: 'pt' },
      b: entry(16, 24, [2]),
      a: entry(0, 16, [2, 2]),
    };
    const start = 8 + JSON.stringify(header).length;
    expect(await read(header, 24)).toEqual([
      { name: 'b', dtype: 'F32', type: 'f32', shape: [2], offset: start + 16, byteLength: 8 },
      { name: 'a', dtype: 'F32', type: 'f32', shape: [2, 2], offset: start, byteLength: 16 },
    ]);
  });

  it('may be padded with spaces, hold scalars, and dtypes that are not weights', async () => {
    const header = `${JSON.stringify({ a: entry(0, 4, []), b: entry(4, 12, [1], 'I64') })}    `;
    const entries = await read(header, 12);
    expect(entries.map(({ type }) => type)).toEqual(['f32', null]);
  });

  it.each<[string, object | string, number, string]>([
    ['an unknown dtype', { a: entry(0, 4, [1], 'F31') }, 4, 'unknown dtype F31'],
    ['a dtype that is no text', { a: entry(0, 4, [1], 7) }, 4, 'unknown dtype 7'],
    ['an entry that is no object', { a: 1 }, 4, 'not described by an object'],
    ['a shape that is no list', { a: entry(0, 4, 'x') }, 4, 'shape'],
    ['a negative dimension', { a: entry(0, 4, [-1]) }, 4, 'shape'],
    ['too many dimensions', { a: entry(0, 4, [1, 1, 1, 1, 1]) }, 4, 'shape'],
    [
      'dimensions whose product is beyond numbers',
      { a: entry(0, 4, [2 ** 40, 2 ** 40]) },
      4,
      'another number',
    ],
    ['a size that disagrees with the shape', { a: entry(0, 8, [1]) }, 8, 'has 8 bytes'],
    ['offsets in the wrong order', { a: entry(4, 0, [1]) }, 4, 'has -4 bytes'],
    ['one offset', { a: { dtype: 'F32', shape: [1], data_offsets: [0] } }, 4, 'data_offsets'],
    ['an overlap', { a: entry(0, 8), b: entry(4, 12) }, 12, 'overlaps'],
    ['a hole', { a: entry(0, 4), b: entry(8, 12) }, 12, 'leaves a hole'],
    ['a tensor beyond the end', { a: entry(0, 400) }, 4, 'its tensors end at'],
    ['bytes after the last tensor', { a: entry(0, 4) }, 8, 'its tensors end at'],
    [
      'a tensor twice',
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      4,
      'comes twice',
    ],
    ['something before the brace', ' {}', 0, 'does not start with'],
    ['broken JSON', '{"a"', 0, 'JSON is broken'],
    ['a long name', { ['n'.repeat(300)]: entry(0, 4) }, 4, '300 characters'],
  ])('is refused with %s', async (_name, header, dataBytes, part) => {
    await expectModelError(read(header, dataBytes), 'model-corrupt', part, path);
  });

  it('is believed only as far as the file goes', async () => {
    await expectModelError(read('{}', 0, 1000n), 'model-corrupt', 'cut short');
    await expectModelError(read('{}', 0, 2n ** 63n), 'model-corrupt', 'its header claims');
    writeFileSync(path, Buffer.alloc(3));
    await expectModelError(readSafetensorsHeader(path), 'model-corrupt', 'cut short');
  });

  it('may have many tensors, and not too many', async () => {
    const header = (tensorCount: number) =>
      Object.fromEntries(
        Array.from({ length: tensorCount }, (_, index) => [
          `t${index}`,
          entry(index * 4, index * 4 + 4),
        ]),
      );
    expect(await read(header(40_000), 160_000)).toHaveLength(40_000);
    await expectModelError(read(header(70_000), 280_000), 'model-corrupt', '70000 tensors');
  });
});

describe('writeSafetensors', () => {
  it('writes what the reader reads, in chunks', async () => {
    await writeSafetensors(path, [
      {
        name: 'x',
        type: 'bf16',
        shape: [3],
        chunks: () => [Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5, 6)],
      },
      { name: 'y', type: 'f32', shape: [1, 1], chunks: () => [Uint8Array.of(7, 8, 9, 10)] },
    ]);
    const [x, y] = await readSafetensorsHeader(path);
    expect(x).toMatchObject({ name: 'x', type: 'bf16', shape: [3], byteLength: 6 });
    expect((x?.offset ?? 1) % 8).toBe(0);
    expect([...readFileSync(path).subarray(y?.offset)]).toEqual([7, 8, 9, 10]);
  });

  it('refuses a source of another length, and leaves no file', async () => {
    const target = `${path}.other`;
    for (const bytes of [3, 5]) {
      const tensor = {
        name: 'x',
        type: 'f32',
        shape: [1],
        chunks: () => [new Uint8Array(bytes)],
      } as const;
      await expectModelError(writeSafetensors(target, [tensor]), 'bad-argument', 'x gave');
    }
    expect(() => readFileSync(target)).toThrow();
    expect(() => readFileSync(`${target}.part`)).toThrow();
  });
});
