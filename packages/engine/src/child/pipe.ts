/** The child's end of the pipe, read and written synchronously: nothing else runs meanwhile. */
import { readSync, writeSync } from 'node:fs';
import { type Frame, FrameDecoder } from './frames.js';

/** File descriptor of the pipe, after the three standard ones. */
const pipeDescriptor = 3;

/** As much as a socket hands over at once on the systems that we know. */
const readBytes = 256 * 1024;

/** Pause when a system gives the pipe to us in non-blocking mode and it has no room or data. */
const retryMs = 1;

export class FramePipe {
  private readonly decoder = new FrameDecoder();
  private readonly arrived: Frame[] = [];
  private readonly buffer = Buffer.allocUnsafe(readBytes);

  /**
   * Waits for the next frame; null when the parent has closed the pipe or died. The body of a frame
   * lasts until the next call: it may lie where that one reads to.
   */
  read(): Frame | null {
    const { buffer } = this;
    while (this.arrived.length === 0) {
      const count = retrying(() => readSync(pipeDescriptor, buffer));
      if (count === 0) return null;
      this.arrived.push(...this.decoder.push(buffer.subarray(0, count)));
    }
    return this.arrived.shift() ?? null;
  }

  write(frame: Uint8Array): void {
    let written = 0;
    while (written < frame.length) {
      written += retrying(() => writeSync(pipeDescriptor, frame, written));
    }
  }
}

function retrying(operation: () => number): number {
  for (;;) {
    try {
      return operation();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      // Windows reports a closed pipe as an error and not as the end of the file.
      if (code === 'EOF' || code === 'ECONNRESET') return 0;
      if (code !== 'EAGAIN' && code !== 'EINTR') throw error;
      if (code === 'EAGAIN') {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
      }
    }
  }
}
