/**
 * Numbers out of bytes that may lie at any offset: a view where the alignment allows it, else a
 * copy. A view shares memory with the bytes, so treat the result as read-only.
 */

function isAligned(bytes: Uint8Array, elementBytes: number): boolean {
  return bytes.byteOffset % elementBytes === 0;
}

function aligned(bytes: Uint8Array, elementBytes: number): Uint8Array {
  return isAligned(bytes, elementBytes) ? bytes : new Uint8Array(bytes);
}

/** Float32 values of `bytes`, whose length is a multiple of 4. */
export function float32View(bytes: Uint8Array): Float32Array {
  const source = aligned(bytes, 4);
  return new Float32Array(source.buffer, source.byteOffset, source.byteLength / 4);
}

/** Int32 values of `bytes`, whose length is a multiple of 4: token ids. */
export function int32View(bytes: Uint8Array): Int32Array {
  const source = aligned(bytes, 4);
  return new Int32Array(source.buffer, source.byteOffset, source.byteLength / 4);
}

/** Uint32 values of `bytes`, whose length is a multiple of 4: bit patterns. */
export function uint32View(bytes: Uint8Array): Uint32Array {
  const source = aligned(bytes, 4);
  return new Uint32Array(source.buffer, source.byteOffset, source.byteLength / 4);
}

/** Uint16 values of `bytes`, whose length is a multiple of 2: bits of f16 and bf16. */
export function uint16View(bytes: Uint8Array): Uint16Array {
  const source = aligned(bytes, 2);
  return new Uint16Array(source.buffer, source.byteOffset, source.byteLength / 2);
}

/** The bytes of a typed array, without copying. */
export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
