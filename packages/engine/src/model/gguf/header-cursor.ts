import { corruptModel } from '../model-errors.js';
import { modelFileLimits } from '../model-file-limits.js';
import { type RandomAccessFile, readBytes } from '../random-access-file.js';
import { decodeText } from '../read-text-file.js';

/**
 * Reads a header front to back through a window, so that a vocabulary of 300,000 short strings
 * costs a few reads. Numbers are little-endian.
 *
 * Every length is checked against the bytes that the file still has before memory is taken for it.
 */
export class HeaderCursor {
  #window: Buffer = Buffer.alloc(0);
  /** Position of the window's first byte in the file. */
  #windowStart = 0;
  /** Next byte to read, within the window. */
  #next = 0;

  constructor(private readonly file: RandomAccessFile) {}

  /** Next byte to read, from the start of the file. */
  get position(): number {
    return this.#windowStart + this.#next;
  }

  /** Refuses a declared size that the rest of the file cannot hold. */
  requireRemaining(byteLength: number, what: string): void {
    const end = this.position + byteLength;
    if (end > this.file.byteLength) {
      const problem = `${what} needs ${byteLength} bytes at ${this.position}`;
      throw this.fault(`${problem}, the file ends at ${this.file.byteLength}`);
    }
    if (end > modelFileLimits.ggufHeaderBytesMax) {
      throw this.fault(`its header is over ${modelFileLimits.ggufHeaderBytesMax} bytes`);
    }
  }

  async uint32(): Promise<number> {
    // The window may be another one after the wait.
    const start = await this.#take(4);
    return this.#window.readUInt32LE(start);
  }

  async uint64(): Promise<bigint> {
    // The window may be another one after the wait.
    const start = await this.#take(8);
    return this.#window.readBigUInt64LE(start);
  }

  /** A u64 that counts something, of which there are at most `max`. */
  async count(what: string, max: number): Promise<number> {
    const count = await this.uint64();
    if (count > BigInt(max)) throw this.fault(`${what} is ${count}, the maximum is ${max}`);
    return Number(count);
  }

  /** The next bytes, in memory of their own. */
  async bytes(byteLength: number, what: string): Promise<Uint8Array> {
    this.requireRemaining(byteLength, what);
    if (byteLength <= this.#window.length - this.#next) {
      const start = this.#next;
      this.#next += byteLength;
      return new Uint8Array(this.#window.subarray(start, this.#next));
    }
    const bytes = await readBytes(this.file, this.position, byteLength);
    this.#moveTo(this.position + byteLength);
    return bytes;
  }

  /** A string with a u64 length before it. */
  async string(what: string, byteLengthMax: number): Promise<string> {
    const byteLength = await this.count(`the length of ${what}`, byteLengthMax);
    return decodeText(await this.bytes(byteLength, what), this.file.path);
  }

  /**
   * The same without waiting, when the window already has all of it; null when it has not. An
   * `await` for each token of a vocabulary would take longer than everything else.
   */
  stringInWindow(byteLengthMax: number): string | null {
    const available = this.#window.length - this.#next - 8;
    if (available < 0) return null;
    const byteLength = this.#window.readBigUInt64LE(this.#next);
    if (byteLength > BigInt(Math.min(available, byteLengthMax))) return null;
    const start = this.#next + 8;
    this.#next = start + Number(byteLength);
    const text = this.#window.toString('utf8', start, this.#next);
    // A replaced character: only now is the strict and slower decoder needed to tell whether the
    // text has U+FFFD itself.
    if (!text.includes('\uFFFD')) return text;
    return decodeText(this.#window.subarray(start, this.#next), this.file.path);
  }

  fault(problem: string): Error {
    return corruptModel(this.file.path, problem);
  }

  /** Makes sure that the window has the next bytes, steps over them, returns where they start. */
  async #take(byteLength: number): Promise<number> {
    if (this.#window.length - this.#next < byteLength) {
      this.requireRemaining(byteLength, 'the header');
      this.#moveTo(this.position);
      const rest = this.file.byteLength - this.#windowStart;
      const window = Buffer.allocUnsafe(Math.min(rest, modelFileLimits.headerWindowBytes));
      await this.file.readInto(window, this.#windowStart);
      this.#window = window;
    }
    this.#next += byteLength;
    return this.#next - byteLength;
  }

  #moveTo(position: number): void {
    this.#windowStart = position;
    this.#window = Buffer.alloc(0);
    this.#next = 0;
  }
}
