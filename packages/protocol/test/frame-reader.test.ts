import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Frame, FrameReader, limits } from '../src/index.js';
import { expectError } from './support/expect-error.js';
import { concat, rawFrame, varint } from './support/frames.js';

const frameArbitrary = fc.record({
  header: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  body: fc.uint8Array({ maxLength: 300 }),
});

/** Cuts `bytes` into chunks of the sizes given, over and over. */
function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let offset = 0;
  for (let index = 0; offset < bytes.byteLength; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.slice(offset, offset + size);
    offset += size;
  }
}

function takeAll(reader: FrameReader): Frame[] {
  const frames: Frame[] = [];
  for (let frame = reader.next(); frame !== null; frame = reader.next()) frames.push(frame);
  return frames;
}

/** Pushes prefix bytes that announce a frame, without the frame. */
function announce(headerBytes: number, bodyBytes: number): FrameReader {
  const reader = new FrameReader();
  reader.push(concat([varint(headerBytes), varint(bodyBytes)]));
  return reader;
}

describe('FrameReader', () => {
  it('gives the same frames however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(frameArbitrary, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 }),
        (frames, sizes) => {
          const stream = concat(frames.map(({ header, body }) => rawFrame(header, body)));
          const reader = new FrameReader();
          const received: Frame[] = [];
          for (const chunk of chunksOf(stream, sizes)) {
            reader.push(chunk);
            received.push(...takeAll(reader));
          }
          expect(received).toEqual(frames);
          expect(reader.isMidFrame).toBe(false);
        },
      ),
    );
  });

  it('gives the same frames when all chunks are pushed first', () => {
    const frames = [1, 2, 3].map((fill) => ({
      header: new Uint8Array(fill).fill(fill),
      body: new Uint8Array(500 * fill).fill(fill),
    }));
    const reader = new FrameReader();
    const stream = concat(frames.map(({ header, body }) => rawFrame(header, body)));
    for (const chunk of chunksOf(stream, [7])) reader.push(chunk);
    expect(takeAll(reader)).toEqual(frames);
  });

  it('does not copy a frame that lies in one chunk', () => {
    const chunk = rawFrame(Uint8Array.of(1), Uint8Array.of(2, 3));
    const reader = new FrameReader();
    reader.push(chunk);
    const frame = reader.next();
    expect(frame?.header.buffer).toBe(chunk.buffer);
    expect(frame?.body.buffer).toBe(chunk.buffer);
  });

  it('gathers a large body from small chunks, into memory that is aligned and its own', () => {
    const body = Uint8Array.from({ length: 3_000_001 }, (_, index) => index % 251);
    const reader = new FrameReader();
    let received: Frame | null = null;
    for (const chunk of chunksOf(rawFrame(Uint8Array.of(1), body), [1000])) {
      reader.push(chunk);
      received = reader.next() ?? received;
    }
    expect(received?.body.byteOffset).toBe(0);
    expect(received?.body.byteLength).toBe(body.byteLength);
    expect(received?.body.every((byte, index) => byte === index % 251)).toBe(true);
  });

  it('does not overwrite a frame that it returned', () => {
    const reader = new FrameReader();
    const stream = concat(
      [1, 2].map((fill) => rawFrame(Uint8Array.of(fill), new Uint8Array(9).fill(fill))),
    );
    const frames: Frame[] = [];
    for (const chunk of chunksOf(stream, [5])) {
      reader.push(chunk);
      frames.push(...takeAll(reader));
    }
    expect(frames.map((frame) => frame.body[8])).toEqual([1, 2]);
  });

  it('refuses lengths over the limits before any of the bytes come', () => {
    expectError(() => announce(limits.headerBytesMax + 1, 0).next(), 'bad-frame');
    expectError(() => announce(1, limits.bodyBytesMax + 1).next(), 'bad-frame');
    expectError(() => announce(0, 1).next(), 'bad-frame');
    expect(announce(limits.headerBytesMax, limits.bodyBytesMax).next()).toBeNull();
  });

  it('refuses varints that are too long or not in their shortest form', () => {
    for (const bytes of [
      [0xff, 0xff, 0xff, 0xff],
      [0x80, 0x00],
      [0x01, 0x80, 0x80, 0x00],
    ]) {
      const reader = new FrameReader();
      for (const byte of bytes.slice(0, -1)) {
        reader.push(Uint8Array.of(byte));
        expect(reader.next()).toBeNull();
      }
      reader.push(Uint8Array.from(bytes.slice(-1)));
      expectError(() => reader.next(), 'bad-frame');
    }
  });

  it('spends memory on what arrived, not on what was announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 64 }, () => {
      const reader = announce(1, limits.bodyBytesMax);
      reader.push(Uint8Array.of(1, 2));
      expect(reader.next()).toBeNull();
      return reader;
    });
    const spent = process.memoryUsage().arrayBuffers - before;
    expect(spent).toBeLessThan(readers.length * 1.5 * 1024 * 1024);
  });

  it('returns the good frames before a bad one, then fails for good', () => {
    const reader = new FrameReader();
    reader.push(concat([rawFrame(Uint8Array.of(1)), Uint8Array.of(0)]));
    expect(reader.next()).toEqual({ header: Uint8Array.of(1), body: new Uint8Array() });
    const error = expectError(() => reader.next(), 'bad-frame');
    expect(expectError(() => reader.next(), 'bad-frame')).toBe(error);
    expect(expectError(() => reader.push(Uint8Array.of(1)), 'bad-frame')).toBe(error);
  });

  it('tells whether a stream that ends was cut', () => {
    const whole = rawFrame(Uint8Array.of(1, 2), Uint8Array.of(3));
    for (let length = 1; length < whole.byteLength; length++) {
      const reader = new FrameReader();
      reader.push(whole.subarray(0, length));
      expect(reader.next()).toBeNull();
      expect(reader.isMidFrame).toBe(true);
    }
  });
});
