import type { CharacterRange } from './grammar-tree.js';

/** One inclusive range of bytes for each place of a character's encoding. */
export type ByteRanges = readonly CharacterRange[];

/** Where encodings become longer. */
const lengthEnds = [0x7f, 0x7ff, 0xffff, 0x10_ffff] as const;

const encoder = new TextEncoder();

/**
 * Byte ranges whose sequences are the UTF-8 encodings of a range of code points, all of them and
 * nothing else. The range must not hold halves of UTF-16 pairs.
 */
export function utf8Ranges([first, last]: CharacterRange): ByteRanges[] {
  for (const end of lengthEnds) {
    if (first <= end && end < last) return splitAt([first, last], end);
  }
  const low = encode(first);
  const high = encode(last);
  // Continuation bytes hold six bits: where the ranges of the lower ones are whole, they are free.
  for (let place = 1; place < low.length; place += 1) {
    const span = 64 ** place;
    if (Math.floor(first / span) === Math.floor(last / span)) continue;
    if (first % span !== 0) return splitAt([first, last], first - (first % span) + span - 1);
    if (last % span !== span - 1) return splitAt([first, last], last - (last % span) - 1);
  }
  return [low.map((byte, place): CharacterRange => [byte, high[place] as number])];
}

function splitAt([first, last]: CharacterRange, end: number): ByteRanges[] {
  return [...utf8Ranges([first, end]), ...utf8Ranges([end + 1, last])];
}

function encode(point: number): number[] {
  return [...encoder.encode(String.fromCodePoint(point))];
}
