/**
 * Frames between the engine's process and its owner: two little-endian u32 lengths, a JSON header
 * and raw bytes. Rows and logits travel as they are; only small headers are parsed.
 */
import { SkeinError } from '@skein/protocol';

const prefixBytes = 8;

/** 512 items of a step are about 100 KiB; nothing else comes near. */
const headerBytesMax = 1024 * 1024;

/** A batch of many sessions' rows; beyond this something is broken. */
const bodyBytesMax = 1024 * 1024 * 1024;

/** A header, and the bytes that it describes. */
export interface Frame {
  readonly header: unknown;
  readonly body: Uint8Array;
}

/**
 * Puts a header and byte ranges into one buffer, copying them.
 * @throws SkeinError `limit-exceeded` for more than the reader takes
 */
export function encodeFrame(header: unknown, body: readonly Uint8Array[] = []): Buffer {
  const text = JSON.stringify(header);
  const textBytes = Buffer.byteLength(text);
  const bodyBytes = body.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (textBytes > headerBytesMax || bodyBytes > bodyBytesMax) {
    const message = `${textBytes} + ${bodyBytes} bytes are too many for one call of the engine.`;
    throw new SkeinError('limit-exceeded', message);
  }
  const frame = Buffer.allocUnsafe(prefixBytes + textBytes + bodyBytes);
  frame.writeUInt32LE(textBytes, 0);
  frame.writeUInt32LE(bodyBytes, 4);
  frame.write(text, prefixBytes);
  let offset = prefixBytes + textBytes;
  for (const bytes of body) {
    frame.set(bytes, offset);
    offset += bytes.byteLength;
  }
  return frame;
}

/** Cuts a stream of bytes into frames. */
export class FrameDecoder {
  /** What has come of an unfinished frame; as long as the whole frame once its prefix is known. */
  private pending: Buffer = Buffer.alloc(0);
  private filled = 0;

  /** Adds bytes and returns the frames that they complete. Bodies may alias `chunk`. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let rest = this.complete(chunk, frames);
    // Frames that lie wholly in the chunk are not copied.
    while (rest.length >= prefixBytes && rest.length >= frameBytes(rest)) {
      const size = frameBytes(rest);
      frames.push(parse(rest.subarray(0, size)));
      rest = rest.subarray(size);
    }
    this.keep(rest);
    return frames;
  }

  /** Fills the unfinished frame; returns what is left of the chunk. */
  private complete(chunk: Buffer, frames: Frame[]): Buffer {
    let rest = chunk;
    while (this.filled > 0 && rest.length > 0) {
      const isSized = this.filled >= prefixBytes;
      const size = isSized ? frameBytes(this.pending) : prefixBytes;
      if (this.pending.length < size) this.grow(size);
      const taken = Math.min(size - this.filled, rest.length);
      rest.copy(this.pending, this.filled, 0, taken);
      this.filled += taken;
      rest = rest.subarray(taken);
      if (isSized && this.filled === size) {
        frames.push(parse(this.pending.subarray(0, size)));
        this.filled = 0;
        this.pending = Buffer.alloc(0);
      }
    }
    return rest;
  }

  private keep(rest: Buffer): void {
    if (rest.length === 0) return;
    const size = rest.length >= prefixBytes ? frameBytes(rest) : prefixBytes;
    this.pending = Buffer.allocUnsafe(size);
    rest.copy(this.pending);
    this.filled = rest.length;
  }

  private grow(size: number): void {
    const larger = Buffer.allocUnsafe(size);
    this.pending.copy(larger, 0, 0, this.filled);
    this.pending = larger;
  }
}

/** Length of the frame that starts with these bytes. */
function frameBytes(bytes: Buffer): number {
  const headerBytes = bytes.readUInt32LE(0);
  const bodyBytes = bytes.readUInt32LE(4);
  if (headerBytes > headerBytesMax || bodyBytes > bodyBytesMax) {
    throw new SkeinError('internal', `A frame of ${headerBytes} + ${bodyBytes} bytes is too long.`);
  }
  return prefixBytes + headerBytes + bodyBytes;
}

function parse(frame: Buffer): Frame {
  const bodyStart = prefixBytes + frame.readUInt32LE(0);
  return {
    header: JSON.parse(frame.toString('utf8', prefixBytes, bodyStart)) as unknown,
    // Not a Buffer, whose `slice` would not copy.
    body: new Uint8Array(frame.buffer, frame.byteOffset + bodyStart, frame.length - bodyStart),
  };
}
