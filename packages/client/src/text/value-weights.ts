import type { JinjaValue } from './jinja-parts.js';

/**
 * How many characters a value would be as text, roughly: its strings and one for every item, as
 * often as they occur. A list that holds the same list twice, and so on sixty times, is small in
 * memory and endless as JSON.
 */
export class ValueWeights {
  // Lists and mappings never change once they are made; namespaces do.
  readonly #known = new WeakMap<JinjaValue, number>();

  /** The weight of a value; may be infinite. */
  of(value: JinjaValue): number {
    const content = value.value;
    if (typeof content === 'string') return content.length + 1;
    if (Array.isArray(content)) return this.#ofItems(value, content as readonly JinjaValue[]);
    if (!(content instanceof Map)) return 1;
    const items = (content as ReadonlyMap<string, JinjaValue>).values();
    if (value.type === 'NamespaceValue') return this.#sum(items);
    return this.#ofItems(value, items);
  }

  #ofItems(value: JinjaValue, items: Iterable<JinjaValue>): number {
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const weight = this.#sum(items);
    this.#known.set(value, weight);
    return weight;
  }

  #sum(items: Iterable<JinjaValue>): number {
    let weight = 1;
    for (const item of items) {
      // What a namespace inside of something weighs could change later.
      if (item.type === 'NamespaceValue') return Number.POSITIVE_INFINITY;
      weight += this.of(item);
    }
    return weight;
  }
}
