import {
  type CharacterRange,
  characters,
  choice,
  type Grammar,
  oneOf,
  repeat,
  sequence,
  text,
} from '../grammar-tree.js';
import { allCharacters, includesPoint, normalizeRanges, subtract } from './character-ranges.js';

/** How JSON writes what may not stand in a string as it is. */
const shortEscapes: readonly (readonly [point: number, letter: string])[] = [
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [0x22, '"'],
  [0x5c, '\\'],
];
const escapedRanges: readonly CharacterRange[] = [
  [0x00, 0x1f],
  [0x22, 0x22],
  [0x5c, 0x5c],
];

const hexDigit = characters([0x30, 0x39], [0x41, 0x46], [0x61, 0x66]);

/** `\u` and four digits that are no half of a UTF-16 pair. */
const numericEscape = sequence(
  text('\\u'),
  choice(
    sequence(
      characters([0x30, 0x39], [0x41, 0x43], [0x45, 0x46], [0x61, 0x63], [0x65, 0x66]),
      repeat(hexDigit, 3, 3),
    ),
    sequence(oneOf('dD'), characters([0x30, 0x37]), repeat(hexDigit, 2, 2)),
  ),
);

/** One character of a JSON string, of any kind, in every way of writing it. */
export const anyCharacter: Grammar = choice(
  characters(...subtract(allCharacters, escapedRanges)),
  sequence(text('\\'), oneOf('"\\/bfnrt')),
  numericEscape,
);

/** One character of these, as JSON writes it in a string. */
export function jsonCharacter(ranges: readonly CharacterRange[]): Grammar {
  const wanted = normalizeRanges(ranges);
  const options: Grammar[] = [];
  const plain = subtract(wanted, escapedRanges);
  if (plain.length > 0) options.push(characters(...plain));
  for (const [point, letter] of shortEscapes) {
    if (includesPoint(wanted, point)) options.push(text(`\\${letter}`));
  }
  for (let point = 0; point < 0x20; point += 1) {
    const isShort = shortEscapes.some(([other]) => other === point);
    if (isShort || !includesPoint(wanted, point)) continue;
    options.push(text(`\\u${point.toString(16).padStart(4, '0')}`));
  }
  return options.length === 0 ? characters() : choice(...options);
}
