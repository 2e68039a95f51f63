/** Characters of a foreign value that an error message may quote. */
const quotedCharactersMax = 80;

/**
 * Writes a value from the network into an error message: one line, escaped, cut short. Never
 * throws, and never spends more than a glance on a large value.
 */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

function quote(text: string): string {
  if (text.length <= quotedCharactersMax) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, quotedCharactersMax))}… (${text.length} characters)`;
}
