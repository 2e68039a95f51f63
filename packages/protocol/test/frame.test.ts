import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  bytesOf,
  decodeFrame,
  directoryMessageSchema,
  encodeFrame,
  limits,
  stepSchema,
  type Tensor,
  toHopSchema,
} from '../src/index.js';
import { expectError } from './support/expect-error.js';
import { concat, rawFrame, readFrame, toHex } from './support/frames.js';
import { Raw, rawPack } from './support/raw-msgpack.js';

const step = { type: 'step', step: 1, epoch: 0, position: 9, rows: 1, trace: [5, 6] };

function row(length: number): Tensor {
  return { type: 'f16', shape: [1, length / 2], bytes: new Uint8Array(length).fill(1) };
}

function decodeRaw(schema: z.ZodType, header: unknown, body?: Uint8Array) {
  const frame = readFrame(rawFrame(rawPack(header), body));
  if (frame === null) throw new Error('the frame is not complete');
  return decodeFrame(schema, frame);
}

/** The hex columns of a commented dump: what stands between wide gaps and is hex alone. */
function exampleHex(dump: string): string {
  const columns = dump.split(/\n| {2,}/).filter((column) => /^(?:[0-9a-f]{2}| )+$/.test(column));
  return columns.join('').replaceAll(' ', '');
}

describe('encodeFrame', () => {
  it('does not copy tensors and puts the rest into one piece', () => {
    const tensor = row(8192);
    const pieces = encodeFrame(step, [tensor]);
    expect(pieces).toHaveLength(2);
    expect(pieces[1]).toBe(tensor.bytes);
    expect(pieces[0]?.buffer.byteLength).toBe(pieces[0]?.byteLength);
  });

  it('leaves out undefined fields, at any depth', () => {
    const message = { ...step, topK: undefined, until: undefined };
    expect(concat(encodeFrame(message, [row(8)]))).toEqual(concat(encodeFrame(step, [row(8)])));
    const nested = encodeFrame({ type: 'x', inner: [{ a: 1, b: undefined }] });
    expect(nested).toEqual(encodeFrame({ type: 'x', inner: [{ a: 1 }] }));
  });

  it('writes the examples of docs/protocol.md', () => {
    const page = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');
    const examples = [...page.matchAll(/is these (\d+) bytes:\n\n```\n(.*?)```/gs)];
    const tokens: Tensor = { type: 'i32', shape: [2], bytes: bytesOf(Int32Array.of(1, 15_043)) };
    const longer = { type: 'step', step: 7, epoch: 1, position: 300, rows: 2, trace: [] };
    const frames = [encodeFrame({ type: 'close' }), encodeFrame(longer, [tokens])].map(concat);
    expect(examples.map((example) => exampleHex(example[2] ?? ''))).toEqual(frames.map(toHex));
    expect(examples.map((example) => Number(example[1]))).toEqual(
      frames.map((frame) => frame.byteLength),
    );
  });

  it('leaves the message as it was', () => {
    const message = { ...step, topK: undefined, tensors: [['u8', 1]] };
    encodeFrame(message, [row(8)]);
    expect(message).toEqual({ ...step, topK: undefined, tensors: [['u8', 1]] });
    expect('topK' in message).toBe(true);
  });

  it.each([
    ['a typed array', new Float32Array(4)],
    ['NaN', Number.NaN],
    ['a big integer', 1n],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['a function', () => 0],
  ])('refuses %s, which msgpackr would pack as something else', (_name, value) => {
    expectError(() => encodeFrame({ type: 'x', value }), 'bad-argument');
    expectError(() => encodeFrame({ type: 'x', inner: [{ value }] }), 'bad-argument');
  });

  it('refuses cycles and what the reader would refuse for its size', () => {
    const cycle: Record<string, unknown> = { type: 'x' };
    cycle.self = cycle;
    expectError(() => encodeFrame(cycle), 'bad-argument');
    const wide = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`f${index}`, 0]));
    expectError(() => encodeFrame(wide), 'bad-argument');
    const text = 'x'.repeat(limits.headerBytesMax);
    expectError(() => encodeFrame({ type: 'x', text }), 'limit-exceeded');
    const half: Tensor = {
      type: 'u8',
      shape: [limits.bodyBytesMax / 2 + 1],
      bytes: new Uint8Array(limits.bodyBytesMax / 2 + 1),
    };
    expectError(() => encodeFrame({ type: 'x' }, [half, half]), 'limit-exceeded');
  });

  it('refuses a tensor whose bytes do not match its shape', () => {
    expectError(() => encodeFrame(step, [{ ...row(8), shape: [1, 3] }]), 'bad-argument');
  });

  it('replaces half of a surrogate pair, which has no UTF-8 form', () => {
    const frame = readFrame(concat(encodeFrame({ type: 'x', text: 'a\ud800b' })));
    const schema = z.strictObject({ type: z.string(), text: z.string() });
    expect(frame && decodeFrame(schema, frame).message.text).toBe('a\ufffdb');
  });

  it('writes what decodes to the same, for any message of the subset', () => {
    // Keys that would reach a prototype are refused; `header-scan.test.ts` covers them.
    const key = fc
      .stringMatching(/^[a-z]{1,40}$/)
      .filter((key) => key !== 'constructor' && key !== 'prototype');
    const value = fc.letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof(
        { depthSize: 'small', maxDepth: 5 },
        fc.constant(null),
        fc.boolean(),
        fc.integer(),
        fc.maxSafeInteger(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
        fc.string({ unit: 'grapheme' }),
        fc.uint8Array(),
        fc.array(tie('any'), { maxLength: 20 }),
        fc.dictionary(key, tie('any'), { maxKeys: 20 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, (any) => {
        const frame = readFrame(concat(encodeFrame({ any })));
        const schema = z.strictObject({ any: z.unknown() });
        expect(frame && decodeFrame(schema, frame).message).toEqual({ any });
      }),
    );
  });
});

describe('decodeFrame', () => {
  it('copies binary fields, and gives tensors as views', () => {
    const schema = z.strictObject({
      bin: z.instanceof(Uint8Array),
      tensors: stepSchema.shape.tensors,
    });
    const tensor: Tensor = { type: 'u8', shape: [2], bytes: Uint8Array.of(1, 2) };
    const chunk = concat(encodeFrame({ bin: Uint8Array.of(7) }, [tensor]));
    const frame = readFrame(chunk);
    const { message, tensors } = decodeFrame(schema, frame as NonNullable<typeof frame>);
    chunk.fill(0);
    expect(message.bin).toEqual(Uint8Array.of(7));
    expect(tensors[0]?.bytes).toEqual(Uint8Array.of(0, 0));
  });

  it('refuses a body for a message without tensors', () => {
    const error = expectError(
      () => decodeRaw(toHopSchema, { type: 'close' }, new Uint8Array(3)),
      'bad-message',
    );
    expect(error.message).toContain('3 bytes of the body');
  });

  it('names the field, the expectation and the value, cut short', () => {
    const negative = { ...step, position: -4, tensors: [['i32', 1]] };
    const error = expectError(() => decodeRaw(toHopSchema, negative), 'bad-message');
    expect(error.message).toMatch(/"step": position: .*got -4/);
    expect(error.details).toEqual({ field: 'position' });
    const long = { type: 'step'.repeat(10_000) };
    const longError = expectError(() => decodeRaw(toHopSchema, long), 'bad-message');
    expect(longError.message.length).toBeLessThan(700);
    expect(longError.isRetryable).toBe(true);
    expect(longError.blame).toBe('peer');
  });

  it('takes 64-bit integers and integral floats from other encoders', () => {
    const header = rawPack({ ...step, tensors: [['u8', 0]] });
    // `step: 1` as uint 64.
    const at = header.findIndex((byte, index) => byte === 1 && header[index - 1] === 0x70);
    const wide = concat([
      header.subarray(0, at),
      Uint8Array.of(0xcf, 0, 0, 0, 0, 0, 0, 0, 1),
      header.subarray(at + 1),
    ]);
    const { message } = decodeFrame(stepSchema, { header: wide, body: new Uint8Array() });
    expect(message.step).toBe(1);
  });

  it('refuses headers of the worst kinds within a second each', () => {
    const entry = new Raw([0xdc, 0, 250, ...new Array<number>(250).fill(1)]);
    const headers = [
      // Each of 4096 entries is wrong in itself, or in many of its own entries.
      rawPack({ type: 'digest', entries: new Array(4096).fill(entry) }),
      rawPack({ type: 'digest', entries: new Array(4096).fill(0) }),
      rawPack({ type: 'records', records: new Array(4096).fill('x'.repeat(200)), wanted: [] }),
      rawPack({ type: 'records', records: [], wanted: new Array(4096).fill(0) }),
      new Uint8Array(limits.headerBytesMax).fill(0x91),
      new Uint8Array(limits.headerBytesMax).fill(0x80),
    ];
    for (const header of headers) {
      const started = performance.now();
      const frame = { header, body: new Uint8Array() };
      expectError(() => decodeFrame(directoryMessageSchema, frame), 'bad-message');
      expect(performance.now() - started).toBeLessThan(1000);
    }
  });
});
