/** Larger than any cache of today. */
const bytesDefault = 256 * 1024 * 1024;

/**
 * Bytes a second that one thread copies, the fastest of some runs; each byte is read and written. A
 * decode step reads all weights once, so this bounds what it can be.
 */
export function measureMemory({ bytes = bytesDefault, runs = 3 } = {}): number {
  const source = new Uint8Array(bytes).fill(1);
  const target = new Uint8Array(bytes);
  let bestMs = Number.POSITIVE_INFINITY;
  for (let run = 0; run <= runs; run++) {
    const startedAt = performance.now();
    target.set(source);
    // The first run pays for memory that was not there yet.
    if (run > 0) bestMs = Math.min(bestMs, performance.now() - startedAt);
  }
  return (1000 * bytes) / bestMs;
}
