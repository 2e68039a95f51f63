import { SkeinError } from '@skein/protocol';
import { chatTemplateLimits } from './chat-template-limits.js';

/**
 * Python's `strip`, `lstrip` and `rstrip` with an argument: the set of characters to take off.
 * `@huggingface/jinja` 0.5.11 takes off white space whatever the argument says.
 * @returns null for any other method
 */
export function stripCharacters(
  text: string,
  { method, characters }: { method: string | undefined; characters: string },
): string | null {
  if (method !== 'strip' && method !== 'lstrip' && method !== 'rstrip') return null;
  const set = new Set(characters);
  const points = Array.from(text);
  let start = 0;
  let end = points.length;
  if (method !== 'rstrip') while (start < end && set.has(points[start] ?? '')) start++;
  if (method !== 'lstrip') while (end > start && set.has(points[end - 1] ?? '')) end--;
  return points.slice(start, end).join('');
}

/**
 * Refuses a `split` into too many parts before they are made.
 * @param separator null splits at white space
 * @throws SkeinError `limit-exceeded`
 */
export function requireFewParts(text: string, separator: string | null): void {
  const { itemsMax } = chatTemplateLimits;
  if (text.length <= itemsMax || separator === '') return;
  let parts = 1;
  if (separator === null) {
    for (const _gap of text.matchAll(/\s+/g)) if (++parts > itemsMax) break;
  } else {
    let at = text.indexOf(separator);
    while (at >= 0 && parts <= itemsMax) {
      parts++;
      at = text.indexOf(separator, at + separator.length);
    }
  }
  if (parts <= itemsMax) return;
  const message = `the chat template splits a text into over ${itemsMax} parts`;
  throw new SkeinError('limit-exceeded', message);
}
