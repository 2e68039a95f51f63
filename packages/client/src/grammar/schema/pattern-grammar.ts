import { type AST, RegExpParser } from '@eslint-community/regexpp';
import { grammarLimits } from '../grammar-limits.js';
import { type CharacterRange, choice, type Grammar, repeat, sequence } from '../grammar-tree.js';
import { allCharacters, invertRanges, subtract } from './character-ranges.js';
import { jsonCharacter } from './json-characters.js';

const digits: readonly CharacterRange[] = [[0x30, 0x39]];
const wordCharacters: readonly CharacterRange[] = [
  ...digits,
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const spaces: readonly CharacterRange[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const lineEnds: readonly CharacterRange[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];

/**
 * The inside of a JSON string that matches a regular expression from its beginning to its end. JSON
 * Schema would also allow text around a match: whatever matches as a whole is valid there, too.
 *
 * @throws Error that says which part cannot be written as a grammar
 */
export function patternGrammar(pattern: string): Grammar {
  const { patternCharactersMax } = grammarLimits;
  if (pattern.length > patternCharactersMax) {
    throw new Error(`the pattern has over ${patternCharactersMax} characters`);
  }
  const parser = new RegExpParser({ ecmaVersion: 2024 });
  const { alternatives } = parser.parsePattern(pattern, 0, pattern.length, { unicode: true });
  return choice(...alternatives.map(({ elements }) => wholeAlternative(elements)));
}

/** Anchors at the two ends say what is meant anyway. */
function wholeAlternative(elements: readonly AST.Element[]): Grammar {
  const start = elements[0];
  const end = elements.at(-1);
  const first = start?.type === 'Assertion' && start.kind === 'start' ? 1 : 0;
  const hasEnd = end?.type === 'Assertion' && end.kind === 'end' && elements.length > first;
  return sequenceOf(elements.slice(first, hasEnd ? -1 : undefined));
}

function sequenceOf(elements: readonly AST.Element[]): Grammar {
  return sequence(...elements.map(elementGrammar));
}

function elementGrammar(element: AST.Element): Grammar {
  switch (element.type) {
    case 'Character':
      return jsonCharacter([[element.value, element.value]]);
    case 'CharacterSet':
    case 'CharacterClass':
      return jsonCharacter(rangesOf(element));
    case 'Group':
      if (element.modifiers !== null) throw unsupported('a group with modifiers');
      return choice(...element.alternatives.map(({ elements }) => sequenceOf(elements)));
    case 'CapturingGroup':
      return choice(...element.alternatives.map(({ elements }) => sequenceOf(elements)));
    case 'Quantifier': {
      const { min, max } = element;
      const largest = Number.isFinite(max) ? max : min;
      if (largest > grammarLimits.repetitionsMax)
        throw unsupported(`a repetition up to ${largest}`);
      return repeat(elementGrammar(element.element), min, Number.isFinite(max) ? max : null);
    }
    case 'Assertion':
      throw unsupported(`the assertion ${element.raw} inside`);
    default:
      throw unsupported(element.raw);
  }
}

function rangesOf(
  element: AST.CharacterSet | AST.CharacterClass | AST.CharacterClassElement,
): readonly CharacterRange[] {
  switch (element.type) {
    case 'Character':
      return [[element.value, element.value]];
    case 'CharacterClassRange':
      return [[element.min.value, element.max.value]];
    case 'CharacterClass': {
      const ranges = (element.elements as AST.CharacterClassElement[]).flatMap(rangesOf);
      return element.negate ? invertRanges(ranges) : ranges;
    }
    case 'CharacterSet':
      return setRanges(element);
    default:
      throw unsupported(element.raw);
  }
}

function setRanges(set: AST.CharacterSet): readonly CharacterRange[] {
  if (set.kind === 'any') return subtract(allCharacters, lineEnds);
  const known = { digit: digits, word: wordCharacters, space: spaces, property: null }[set.kind];
  if (known === null || set.kind === 'property') throw unsupported(set.raw);
  return set.negate ? invertRanges(known) : known;
}

function unsupported(what: string): Error {
  return new Error(`a pattern with ${what} cannot be enforced`);
}
