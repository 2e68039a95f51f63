/** A priority queue: the item with the smallest key first, of equal keys the one with most depth. */
export class MinHeap<Item extends { readonly key: number; readonly depth: number }> {
  readonly #items: Item[] = [];

  push(item: Item): void {
    const items = this.#items;
    let index = items.length;
    items.push(item);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(item, items[parent] as Item)) break;
      items[index] = items[parent] as Item;
      index = parent;
    }
    items[index] = item;
  }

  pop(): Item | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= items.length) break;
      const right = child + 1;
      if (right < items.length && isBefore(items[right] as Item, items[child] as Item)) {
        child = right;
      }
      if (isBefore(last, items[child] as Item)) break;
      items[index] = items[child] as Item;
      index = child;
    }
    items[index] = last;
    return top;
  }
}

function isBefore<Item extends { readonly key: number; readonly depth: number }>(
  left: Item,
  right: Item,
): boolean {
  return left.key < right.key || (left.key === right.key && left.depth > right.depth);
}
