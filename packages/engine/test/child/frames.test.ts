import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameDecoder } from '../../src/child/frames.js';
import { seededRandom } from '../support/numbers.js';

describe('frames', () => {
  it('come out as they went in, however the stream is cut', () => {
    const random = seededRandom(3);
    const sent = Array.from({ length: 40 }, (_, index) => ({
      header: { index, text: 'ä'.repeat(Math.floor(random() * 30)) },
      body: Uint8Array.from({ length: Math.floor(random() * 300) }, () => random() * 256),
    }));
    const stream = Buffer.concat(sent.map(({ header, body }) => encodeFrame(header, [body])));
    for (const step of [1, 2, 5, 11, 64, 1000, stream.length]) {
      const decoder = new FrameDecoder();
      const found: unknown[] = [];
      for (let start = 0; start < stream.length; start += step) {
        // Copies, because a decoder may keep what it is given.
        const chunk = Buffer.from(stream.subarray(start, start + step));
        for (const { header, body } of decoder.push(chunk)) {
          found.push({ header, body: Uint8Array.from(body) });
        }
      }
      expect(found).toEqual(sent);
    }
  });

  it('refuses lengths that cannot be meant', () => {
    const broken = Buffer.alloc(16, 0xff);
    expect(() => new FrameDecoder().push(broken)).toThrow('too long');
  });
});
