import { SkeinError } from './errors.js';
import { limits } from './limits.js';
import { plainBytes } from './plain-bytes.js';
import { varintBytesMax } from './varint.js';

/** A frame cut from a stream: a msgpack header, and the raw bytes of the tensors. */
export interface Frame {
  readonly header: Uint8Array;
  readonly body: Uint8Array;
}

/** A part of a frame is gathered in at most this much memory until more of it has arrived. */
const firstPartBytesMax = 1024 * 1024;

/**
 * Cuts frames from a stream of chunks of any size. A frame that lies within one chunk is returned
 * as views of that chunk, so the caller gives up every chunk that it pushes; any other frame is
 * gathered in memory of its own, whose size follows what has arrived rather than what was
 * announced, so that a remote pays for what it makes us hold.
 *
 * After an error the stream has lost its framing: every later call throws the same error.
 */
export class FrameReader {
  #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that were taken. */
  #offset = 0;
  #failure: SkeinError | undefined;

  // The prefix, which may arrive byte by byte.
  #headerBytes = -1;
  #bodyBytes = -1;
  #varint = 0;
  #varintBytes = 0;

  #header: Part | undefined;
  #body: Part | undefined;

  /** Adds received bytes, which must not change afterwards. @throws SkeinError `bad-frame` */
  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (chunk.byteLength > 0) this.#chunks.push(plainBytes(chunk));
  }

  /** Whether bytes of an unfinished frame are held: a stream that ends now was cut. */
  get isMidFrame(): boolean {
    return this.#chunks.length > 0 || this.#headerBytes >= 0 || this.#varintBytes > 0;
  }

  /**
   * Takes the next complete frame, or null when more bytes are needed. Call it until it returns
   * null after every push, or chunks pile up.
   *
   * @throws SkeinError `bad-frame`
   */
  next(): Frame | null {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#next();
    } catch (error) {
      this.#failure = error as SkeinError;
      this.#chunks = [];
      this.#header = undefined;
      this.#body = undefined;
      throw error;
    }
  }

  #next(): Frame | null {
    if (!this.#readPrefix()) return null;
    const whole = this.#header === undefined ? this.#takeView() : null;
    if (whole !== null) return whole;

    this.#header ??= new Part(this.#headerBytes);
    if (!this.#fill(this.#header)) return null;
    this.#body ??= new Part(this.#bodyBytes);
    if (!this.#fill(this.#body)) return null;
    const frame = { header: this.#header.bytes, body: this.#body.bytes };
    this.#reset();
    return frame;
  }

  /** Takes the frame without copying when the first chunk holds all of it. */
  #takeView(): Frame | null {
    const chunk = this.#chunks[0];
    const bodyStart = this.#offset + this.#headerBytes;
    const end = bodyStart + this.#bodyBytes;
    if (chunk === undefined || end > chunk.byteLength) return null;
    const header = chunk.subarray(this.#offset, bodyStart);
    const body = chunk.subarray(bodyStart, end);
    this.#consume(end - this.#offset);
    this.#reset();
    return { header, body };
  }

  #reset(): void {
    this.#headerBytes = -1;
    this.#bodyBytes = -1;
    this.#header = undefined;
    this.#body = undefined;
  }

  /** Reads both lengths, as far as the bytes go. Returns whether they are known. */
  #readPrefix(): boolean {
    if (this.#headerBytes < 0) {
      const length = this.#readVarint();
      if (length < 0) return false;
      if (length === 0) throw new SkeinError('bad-frame', 'frame: the header is empty');
      checkLength('header', length, limits.headerBytesMax);
      this.#headerBytes = length;
    }
    if (this.#bodyBytes < 0) {
      const length = this.#readVarint();
      if (length < 0) return false;
      checkLength('body', length, limits.bodyBytesMax);
      this.#bodyBytes = length;
    }
    return true;
  }

  /** Reads one varint, or returns -1 when the bytes end within it. */
  #readVarint(): number {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const byte = chunk[this.#offset] ?? 0;
      this.#consume(1);
      this.#varint |= (byte & 0x7f) << (7 * this.#varintBytes);
      this.#varintBytes += 1;
      if (byte < 0x80) {
        if (byte === 0 && this.#varintBytes > 1) {
          throw new SkeinError('bad-frame', 'frame: a length is not in its shortest form');
        }
        const value = this.#varint;
        this.#varint = 0;
        this.#varintBytes = 0;
        return value;
      }
      if (this.#varintBytes === varintBytesMax) {
        throw new SkeinError('bad-frame', `frame: a length of over ${varintBytesMax} bytes`);
      }
    }
    return -1;
  }

  /** Moves bytes from the chunks into `part`. Returns whether it is complete. */
  #fill(part: Part): boolean {
    while (part.missing > 0) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) return false;
      const count = Math.min(part.missing, chunk.byteLength - this.#offset);
      part.append(chunk.subarray(this.#offset, this.#offset + count));
      this.#consume(count);
    }
    return true;
  }

  #consume(count: number): void {
    this.#offset += count;
    if (this.#offset === this.#chunks[0]?.byteLength) {
      this.#chunks.shift();
      this.#offset = 0;
    }
  }
}

/** The header or the body of a frame while it arrives in pieces. */
class Part {
  #buffer: Uint8Array;
  #filled = 0;
  readonly #length: number;

  constructor(length: number) {
    this.#length = length;
    this.#buffer = new Uint8Array(Math.min(length, firstPartBytesMax));
  }

  get missing(): number {
    return this.#length - this.#filled;
  }

  /** The bytes, once none is missing. */
  get bytes(): Uint8Array {
    return this.#buffer;
  }

  append(piece: Uint8Array): void {
    const needed = this.#filled + piece.byteLength;
    if (needed > this.#buffer.byteLength) {
      // Doubling keeps the copying linear however small the pieces are.
      const grown = new Uint8Array(Math.min(this.#length, Math.max(needed, this.#filled * 2)));
      grown.set(this.#buffer.subarray(0, this.#filled));
      this.#buffer = grown;
    }
    this.#buffer.set(piece, this.#filled);
    this.#filled = needed;
  }
}

function checkLength(part: string, length: number, lengthMax: number): void {
  if (length <= lengthMax) return;
  throw new SkeinError(
    'bad-frame',
    `frame: a ${part} of ${length} bytes is announced; at most ${lengthMax} are allowed`,
    { details: { part, length, lengthMax } },
  );
}
