import { type CharacterRange, characters, type Grammar, oneOf, repeat } from '../grammar-tree.js';

const pointMax = 0x10_ffff;
/** Halves of UTF-16 pairs: no characters of their own. */
const surrogates: CharacterRange = [0xd800, 0xdfff];

/** Every character. */
export const allCharacters: readonly CharacterRange[] = subtract([[0, pointMax]], [surrogates]);

/** Any text. */
export const anyCharacters: Grammar = repeat(characters(...allCharacters), 0, null);

/** One character that is none of these letters. */
export function anythingBut(letters: string): Grammar {
  const excluded = oneOf(letters);
  return characters(...subtract(allCharacters, excluded.ranges));
}

/** Ranges in order, without overlaps and without halves of pairs. */
export function normalizeRanges(ranges: readonly CharacterRange[]): CharacterRange[] {
  const sorted = [...ranges].sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [first, last] of sorted) {
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) {
      previous[1] = Math.max(previous[1], last);
    } else merged.push([first, last]);
  }
  return subtract(merged, [surrogates]);
}

/** All other characters. */
export function invertRanges(ranges: readonly CharacterRange[]): CharacterRange[] {
  return subtract(allCharacters, normalizeRanges(ranges));
}

/** What of `from` is in none of `removed`. */
export function subtract(
  from: readonly CharacterRange[],
  removed: readonly CharacterRange[],
): CharacterRange[] {
  return removed.reduce<readonly CharacterRange[]>(
    (left, [start, end]) =>
      left.flatMap(([first, last]) => {
        const before: CharacterRange = [first, Math.min(last, start - 1)];
        const after: CharacterRange = [Math.max(first, end + 1), last];
        return [before, after].filter(([low, high]) => low <= high);
      }),
    from,
  ) as CharacterRange[];
}

/** Whether a character is within ranges. */
export function includesPoint(ranges: readonly CharacterRange[], point: number): boolean {
  return ranges.some(([first, last]) => first <= point && point <= last);
}
