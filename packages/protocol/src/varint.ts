/** Unsigned LEB128 varints of at most four bytes: 28 bits hold every length of the protocol. */

/** Bytes of the longest varint. */
export const varintBytesMax = 4;

/** Bytes that `value` takes as a varint. */
export function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x20_0000 ? 3 : 4;
}

/** Writes `value` at `offset` and returns the offset after it. */
export function writeVarint(target: Uint8Array, offset: number, value: number): number {
  let rest = value;
  let position = offset;
  while (rest >= 0x80) {
    target[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[position++] = rest;
  return position;
}
