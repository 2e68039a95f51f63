import type { SeededRandom } from './seeded-random.js';

/**
 * Session ids come from the platform's secure random source, which nothing injects: they are
 * capabilities. A run must be the same twice, down to the bytes on the wire, so while it lasts the
 * source is replaced. The returned function puts it back.
 */
export function seedSecureRandom(random: SeededRandom): () => void {
  const fill = <View extends ArrayBufferView | null>(view: View): View => {
    if (view === null) return view;
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = random.integer(0, 255);
    return view;
  };
  Object.defineProperty(globalThis.crypto, 'getRandomValues', { value: fill, configurable: true });
  return () => {
    // The own property hid the platform's, which is inherited.
    delete (globalThis.crypto as { getRandomValues?: unknown }).getRandomValues;
  };
}
