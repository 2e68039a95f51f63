/**
 * Grammars as data: what schemas are turned into, and what is written out for the library.
 * Characters are code points, so the encoding is nobody's concern here.
 */
export type Grammar =
  /** Exactly this text. */
  | { readonly kind: 'text'; readonly text: string }
  | Characters
  | { readonly kind: 'sequence'; readonly parts: readonly Grammar[] }
  | { readonly kind: 'choice'; readonly options: readonly Grammar[] }
  /** `max` null: without end. */
  | {
      readonly kind: 'repeat';
      readonly part: Grammar;
      readonly min: number;
      readonly max: number | null;
    }
  | { readonly kind: 'rule'; readonly name: string };

/** One code point of these inclusive ranges. */
export interface Characters {
  readonly kind: 'characters';
  readonly ranges: readonly CharacterRange[];
}

export type CharacterRange = readonly [first: number, last: number];

/** Named rules; `root` is where an answer begins. */
export interface GrammarRules {
  readonly root: Grammar;
  readonly rules: ReadonlyMap<string, Grammar>;
}

export function text(value: string): Grammar {
  return { kind: 'text', text: value };
}

export function sequence(...parts: readonly Grammar[]): Grammar {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind: 'sequence', parts };
}

export function choice(...options: readonly Grammar[]): Grammar {
  const [only] = options;
  return options.length === 1 && only !== undefined ? only : { kind: 'choice', options };
}

export function repeat(part: Grammar, min: number, max: number | null): Grammar {
  return min === 1 && max === 1 ? part : { kind: 'repeat', part, min, max };
}

export function optional(part: Grammar): Grammar {
  return repeat(part, 0, 1);
}

export function characters(...ranges: readonly CharacterRange[]): Characters {
  return { kind: 'characters', ranges };
}

export function rule(name: string): Grammar {
  return { kind: 'rule', name };
}

/** One of the characters of a text. */
export function oneOf(letters: string): Characters {
  return characters(
    ...[...letters].map((letter): CharacterRange => {
      const point = letter.codePointAt(0) as number;
      return [point, point];
    }),
  );
}

/**
 * The fewest characters that each rule can come to; infinite for one that never ends, such as a
 * list that has to hold itself.
 */
export function shortestLengths({ rules }: GrammarRules): ReadonlyMap<string, number> {
  const lengths = new Map<string, number>([...rules.keys()].map((name) => [name, Infinity]));
  for (let isSettled = false; !isSettled; ) {
    isSettled = true;
    for (const [name, body] of rules) {
      const length = shortestLength(body, lengths);
      if (length >= (lengths.get(name) ?? Infinity)) continue;
      lengths.set(name, length);
      isSettled = false;
    }
  }
  return lengths;
}

/** The fewest characters of a grammar, given those of the rules that it names. */
export function shortestLength(grammar: Grammar, rules: ReadonlyMap<string, number>): number {
  switch (grammar.kind) {
    case 'text':
      return [...grammar.text].length;
    case 'characters':
      return grammar.ranges.length === 0 ? Infinity : 1;
    case 'sequence':
      return grammar.parts.reduce((sum, part) => sum + shortestLength(part, rules), 0);
    case 'choice':
      return Math.min(...grammar.options.map((option) => shortestLength(option, rules)));
    case 'repeat':
      return grammar.min === 0 ? 0 : grammar.min * shortestLength(grammar.part, rules);
    case 'rule':
      return rules.get(grammar.name) ?? Infinity;
  }
}
