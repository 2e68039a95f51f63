import { SkeinError } from '@skein/protocol';
import { grammarLimits } from './grammar-limits.js';
import type { CharacterRange, Grammar, GrammarRules } from './grammar-tree.js';
import { utf8Ranges } from './utf8-ranges.js';

/** A place within a grammar, and what can come there. */
export interface State {
  readonly id: number;
  readonly edges: readonly Edge[];
  /** Places that are reached without reading anything. */
  readonly alternatives: readonly State[];
  /** A rule that is read first. */
  readonly call: { readonly rule: Rule; readonly after: State } | null;
  readonly loop: Loop | null;
  /** The rule, or the round of the loop, ends here. */
  readonly isExit: boolean;
  /** Tokens that are enough to come to the exit. */
  readonly exitCost: number;
}

export interface Edge {
  readonly first: number;
  readonly last: number;
  readonly target: State;
}

interface Rule {
  readonly cost: number;
  start: State;
}

/** A part that comes a counted number of times. */
export interface Loop {
  readonly id: number;
  readonly body: State;
  readonly bodyCost: number;
  readonly min: number;
  readonly max: number;
  readonly after: State;
}

/** Repetitions up to so many are written out. */
const writtenOutMax = 3;

const encoder = new TextEncoder();

/**
 * Turns a grammar into an automaton over the bytes of texts.
 * @param tokensFrom how many tokens a text needs at least, from each of its bytes on
 * @throws SkeinError `bad-argument` when it would be too large
 */
export function buildAutomaton(
  { root, rules }: GrammarRules,
  tokensFrom: (text: Uint8Array) => readonly number[],
): State {
  const builder = new AutomatonBuilder(tokensFrom);
  return builder.build(root, rules);
}

class AutomatonBuilder {
  readonly #tokensFrom: (text: Uint8Array) => readonly number[];
  readonly #textCosts = new Map<string, readonly number[]>();
  readonly #rules = new Map<string, Rule>();
  #stateCount = 0;
  readonly #exit = this.#state({ isExit: true, exitCost: 0 });

  constructor(tokensFrom: (text: Uint8Array) => readonly number[]) {
    this.#tokensFrom = tokensFrom;
  }

  build(root: Grammar, rules: ReadonlyMap<string, Grammar>): State {
    const costs = new Map([...rules.keys()].map((name) => [name, Number.POSITIVE_INFINITY]));
    for (let isSettled = false; !isSettled; ) {
      isSettled = true;
      for (const [name, body] of rules) {
        const cost = this.#cost(body, costs);
        if (cost >= (costs.get(name) as number)) continue;
        costs.set(name, cost);
        isSettled = false;
      }
    }
    for (const [name, cost] of costs) this.#rules.set(name, { cost, start: this.#exit });
    for (const [name, body] of rules) {
      (this.#rules.get(name) as Rule).start = this.#grammar(body, this.#exit);
    }
    return this.#grammar(root, this.#exit);
  }

  /** The states of a grammar that is followed by another state. */
  #grammar(grammar: Grammar, next: State): State {
    switch (grammar.kind) {
      case 'text':
        return this.#text(grammar.text, next);
      case 'characters':
        return this.#characters(grammar.ranges, next);
      case 'sequence':
        return grammar.parts.reduceRight((after, part) => this.#grammar(part, after), next);
      case 'choice':
        return this.#either(grammar.options.map((option) => this.#grammar(option, next)));
      case 'repeat':
        return this.#repeat(grammar.part, { ...grammar, next });
      case 'rule': {
        const rule = this.#rules.get(grammar.name);
        if (rule === undefined) throw new SkeinError('internal', `no rule ${grammar.name}`);
        const exitCost = rule.cost + next.exitCost;
        return this.#state({ call: { rule, after: next }, exitCost });
      }
    }
  }

  #text(text: string, next: State): State {
    const bytes = encoder.encode(text);
    const costs = this.#textCost(text);
    let state = next;
    for (let at = bytes.length - 1; at >= 0; at -= 1) {
      const byte = bytes[at] as number;
      const edges = [{ first: byte, last: byte, target: state }];
      state = this.#state({ edges, exitCost: (costs[at] as number) + next.exitCost });
    }
    return state;
  }

  #characters(ranges: readonly CharacterRange[], next: State): State {
    const edges = ranges.flatMap(utf8Ranges).map((places): Edge => {
      const target = places.slice(1).reduceRight((after, [first, last]) => {
        const exitCost = 1 + after.exitCost;
        return this.#state({ edges: [{ first, last, target: after }], exitCost });
      }, next);
      const [first, last] = places[0] as CharacterRange;
      return { first, last, target };
    });
    const exitCost = 1 + Math.min(...edges.map(({ target }) => target.exitCost));
    return this.#state({ edges, exitCost });
  }

  #repeat(
    part: Grammar,
    { min, max, next }: { readonly min: number; readonly max: number | null; readonly next: State },
  ): State {
    if (min > writtenOutMax || (max !== null && max > writtenOutMax)) {
      if (max !== null) return this.#loop(part, { min, max, next });
      return this.#loop(part, { min, max: min, next: this.#star(part, next) });
    }
    let state = max === null ? this.#star(part, next) : next;
    for (let count = min; count < (max ?? min); count += 1) {
      state = this.#either([this.#grammar(part, state), next]);
    }
    for (let count = 0; count < min; count += 1) state = this.#grammar(part, state);
    return state;
  }

  #star(part: Grammar, next: State): State {
    const alternatives = [next];
    const state = this.#state({ alternatives, exitCost: next.exitCost });
    alternatives.push(this.#grammar(part, state));
    return state;
  }

  #loop(part: Grammar, options: { min: number; max: number; next: State }): State {
    const { min, max, next } = options;
    const body = this.#grammar(part, this.#exit);
    const bodyCost = body.exitCost;
    const loop = { id: this.#stateCount, body, bodyCost, min, max, after: next };
    return this.#state({ loop, exitCost: timesOf(min, bodyCost) + next.exitCost });
  }

  #either(alternatives: readonly State[]): State {
    const exitCost = Math.min(...alternatives.map((state) => state.exitCost));
    return this.#state({ alternatives, exitCost });
  }

  #state(fields: Partial<State> & Pick<State, 'exitCost'>): State {
    const id = this.#stateCount;
    this.#stateCount += 1;
    if (id < grammarLimits.statesMax) {
      return { id, edges: [], alternatives: [], call: null, loop: null, isExit: false, ...fields };
    }
    throw new SkeinError('bad-argument', 'the grammar of the answer is too large');
  }

  /** Tokens that a text needs at least, from each of its bytes on. */
  #textCost(text: string): readonly number[] {
    const known = this.#textCosts.get(text);
    if (known !== undefined) return known;
    const costs = this.#tokensFrom(encoder.encode(text));
    this.#textCosts.set(text, costs);
    return costs;
  }

  /** Tokens that are enough for a grammar, given those of the rules. */
  #cost(grammar: Grammar, rules: ReadonlyMap<string, number>): number {
    switch (grammar.kind) {
      case 'text':
        return this.#textCost(grammar.text)[0] as number;
      case 'characters':
        return Math.min(...grammar.ranges.flatMap(utf8Ranges).map((places) => places.length));
      case 'sequence':
        return grammar.parts.reduce((sum, part) => sum + this.#cost(part, rules), 0);
      case 'choice':
        return Math.min(...grammar.options.map((option) => this.#cost(option, rules)));
      case 'repeat':
        return timesOf(grammar.min, this.#cost(grammar.part, rules));
      case 'rule':
        return rules.get(grammar.name) ?? Number.POSITIVE_INFINITY;
    }
  }
}

/** Nothing is nothing, even of what never ends. */
function timesOf(count: number, cost: number): number {
  return count === 0 ? 0 : count * cost;
}
