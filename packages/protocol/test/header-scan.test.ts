import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unpackHeader } from '../src/header-codec.js';
import { scanHeader } from '../src/header-scan.js';
import { isSkeinError, limits } from '../src/index.js';
import { expectError } from './support/expect-error.js';
import { Raw, RawMap, rawPack } from './support/raw-msgpack.js';

function expectRefused(value: unknown, text: string): void {
  expect(expectError(() => scanHeader(rawPack(value)), 'bad-message').message).toContain(text);
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let index = 0; index < depth; index++) value = index % 2 === 0 ? [value] : { a: value };
  return value;
}

describe('scanHeader', () => {
  it('accepts every tag of the subset', () => {
    for (const bytes of [
      [0xc0],
      [0xc2],
      [0xc3],
      [0x7f],
      [0xff],
      [0xcc, 1],
      [0xcd, 1, 2],
      [0xce, 1, 2, 3, 4],
      [0xcf, 0, 0, 0, 0, 0, 0, 0, 1],
      [0xd0, 1],
      [0xd1, 1, 2],
      [0xd2, 1, 2, 3, 4],
      [0xd3, 0, 0, 0, 0, 0, 0, 0, 1],
      [0xca, 0, 0, 0, 0],
      [0xcb, 0, 0, 0, 0, 0, 0, 0, 0],
      [0xa1, 0x41],
      [0xd9, 1, 0x41],
      [0xda, 0, 1, 0x41],
      [0xdb, 0, 0, 0, 1, 0x41],
      [0xc4, 1, 9],
      [0xc5, 0, 1, 9],
      [0xc6, 0, 0, 0, 1, 9],
      [0x91, 1],
      [0xdc, 0, 1, 1],
      [0xdd, 0, 0, 0, 1, 1],
      [0x81, 0xa1, 0x41, 1],
      [0xde, 0, 1, 0xa1, 0x41, 1],
      [0xdf, 0, 0, 0, 1, 0xa1, 0x41, 1],
    ]) {
      expect(() => scanHeader(Uint8Array.from(bytes))).not.toThrow();
    }
  });

  it('refuses the never-used tag and every extension', () => {
    for (const tag of [0xc1, 0xc7, 0xc8, 0xc9, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8]) {
      expectRefused(new Raw([tag, ...new Array<number>(20).fill(0)]), 'extension');
    }
  });

  it('refuses nesting over the limit and no sooner', () => {
    expect(() => scanHeader(rawPack(nested(limits.headerDepthMax)))).not.toThrow();
    expectRefused(nested(limits.headerDepthMax + 1), 'nested deeper');
  });

  it('refuses keys that are twice, long-winded, foreign or dangerous', () => {
    expectRefused(
      new RawMap([
        ['a', 1],
        ['b', 1],
        ['a', 2],
      ]),
      'twice',
    );
    // 'a' as str 8: the same key in other bytes.
    expectRefused(
      new RawMap([
        ['a', 1],
        [new Raw([0xd9, 1, 0x61]), 2],
      ]),
      'shortest',
    );
    // 'a' in an overlong UTF-8 form, which lenient decoders read as 'a'.
    expectRefused(
      new RawMap([
        ['a', 1],
        [new Raw([0xa2, 0xc1, 0xa1]), 2],
      ]),
      'ASCII',
    );
    for (const key of [1, null, true, [1], new Uint8Array(1)]) {
      expectRefused(new RawMap([[key, 1]]), 'not a short string');
    }
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      expectRefused(new RawMap([[key, 1]]), 'prototype');
    }
  });

  it('refuses text that is not UTF-8', () => {
    for (const bytes of [[0xc1, 0xa1], [0xed, 0xa0, 0x80], [0xff], [0xe2, 0x82]]) {
      expectRefused(new Raw([0xa0 | bytes.length, ...bytes]), 'UTF-8');
    }
  });

  it('refuses more entries than a map or an array may have', () => {
    const entries = Array.from({ length: 65 }, (_, index) => [`k${index}`, 0] as const);
    expect(() => scanHeader(rawPack(new RawMap(entries.slice(1))))).not.toThrow();
    expectRefused(new RawMap(entries), '65 entries');
    expect(() => scanHeader(rawPack(new Array(4096).fill(0)))).not.toThrow();
    expectRefused(new Array(4097).fill(0), '4097 entries');
  });

  it('throws a typed error or accepts, whatever the bytes; what it accepts can be unpacked', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      // Mostly tags, so that many inputs get far.
      fc
        .array(fc.constantFrom(0x81, 0x91, 0xa1, 0x61, 0x01, 0xc0, 0xc4, 0xd9, 0xdc, 0xcb), {
          maxLength: 40,
        })
        .map((tags) => Uint8Array.from(tags)),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        try {
          scanHeader(input);
        } catch (error) {
          expect(isSkeinError(error)).toBe(true);
          return;
        }
        expect(() => unpackHeader(input)).not.toThrow();
      }),
      { numRuns: 3000 },
    );
  });
});
