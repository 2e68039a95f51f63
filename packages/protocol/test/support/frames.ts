import { type Frame, FrameReader } from '../../src/index.js';
import { varintLength, writeVarint } from '../../src/varint.js';

/** Puts pieces together, as the receiving side sees them. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.byteLength, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.byteLength;
  }
  return whole;
}

/** A frame of any header and body, right or wrong. */
export function rawFrame(header: Uint8Array, body: Uint8Array = new Uint8Array()): Uint8Array {
  return concat([varint(header.byteLength), varint(body.byteLength), header, body]);
}

export function varint(value: number): Uint8Array {
  const bytes = new Uint8Array(varintLength(value));
  writeVarint(bytes, 0, value);
  return bytes;
}

/** The only frame in `bytes`, or null when it is not complete. */
export function readFrame(bytes: Uint8Array): Frame | null {
  const reader = new FrameReader();
  reader.push(bytes);
  return reader.next();
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
