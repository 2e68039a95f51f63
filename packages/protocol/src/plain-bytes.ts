/**
 * The same bytes as a plain `Uint8Array`. In Node much returns a `Buffer`, a subclass whose `slice`
 * is a view where that of a `Uint8Array` is a copy: one that got further would break code that
 * relies on the copy.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.constructor === Uint8Array) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
