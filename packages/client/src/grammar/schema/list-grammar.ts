import { type Grammar, optional, repeat, rule, sequence, text } from '../grammar-tree.js';

/** How many items a list has. */
export interface ListBounds {
  readonly min: number;
  /** Of the items after the first ones; null: any number. */
  readonly restMax: number | null;
}

/** Items with commas between them: some first ones, then any number of one kind, or none. */
export function listGrammar(
  first: readonly Grammar[],
  rest: Grammar | null,
  { min, restMax }: ListBounds,
): Grammar {
  if (first.length === 0) return rest === null ? text('') : alikeItems(rest, { min, restMax });
  const more =
    rest === null
      ? text('')
      : repeat(sequence(rule('comma'), rest), Math.max(0, min - first.length), restMax);
  return first.reduceRight((after, item, index) => {
    const here = index === 0 ? sequence(item, after) : sequence(rule('comma'), item, after);
    return index < min ? here : optional(here);
  }, more);
}

function alikeItems(item: Grammar, { min, restMax }: ListBounds): Grammar {
  const max = restMax === null ? null : restMax - 1;
  const items = sequence(item, repeat(sequence(rule('comma'), item), Math.max(0, min - 1), max));
  return min === 0 ? optional(items) : items;
}
