/** The best candidates of a row of logits, by descending logit and then ascending id. */
export interface TopCandidates {
  readonly ids: Int32Array;
  readonly logits: Float32Array;
}

/**
 * Selects the `count` best of a row. NaN counts as minus infinity.
 * Takes one pass with a heap of `count`: nearly all elements fail its first comparison.
 */
export function selectTop(row: Float32Array, count: number): TopCandidates {
  if (count === 1) {
    const best = indexOfMaximum(row);
    return { ids: Int32Array.of(best), logits: Float32Array.of(row[best] as number) };
  }
  const heap = new WorstFirstHeap(row, count);
  let worst = heap.worst;
  for (let id = count; id < row.length; id += 1) {
    // Equal logits with a higher id come later, so they never replace what is there.
    if ((row[id] as number) > worst) worst = heap.replaceWorst(id);
  }
  // The difference of two infinities is NaN, and then the ids decide as well.
  const ids = heap.ids.sort((a, b) => valueAt(row, b) - valueAt(row, a) || a - b);
  return { ids, logits: Float32Array.from(ids, (id) => row[id] as number) };
}

/** The first of the largest elements. */
function indexOfMaximum(row: Float32Array): number {
  let best = 0;
  let maximum = valueAt(row, 0);
  for (let index = 1; index < row.length; index += 1) {
    const value = row[index] as number;
    if (value > maximum) {
      maximum = value;
      best = index;
    }
  }
  return best;
}

/** A number that orders: NaN is as bad as can be. */
function valueAt(row: Float32Array, index: number): number {
  const value = row[index] as number;
  return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
}

/** A binary heap of ids, the worst candidate at the root. */
class WorstFirstHeap {
  readonly ids: Int32Array;

  constructor(
    private readonly row: Float32Array,
    count: number,
  ) {
    this.ids = Int32Array.from({ length: Math.min(count, row.length) }, (_, id) => id);
    for (let index = (this.ids.length >> 1) - 1; index >= 0; index -= 1) this.sink(index);
  }

  get worst(): number {
    return valueAt(this.row, this.ids[0] as number);
  }

  /** Puts `id` in the place of the worst, and returns the logit of the new worst. */
  replaceWorst(id: number): number {
    this.ids[0] = id;
    this.sink(0);
    return this.worst;
  }

  private sink(start: number): void {
    const { ids } = this;
    let index = start;
    for (;;) {
      let worst = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < ids.length && this.isWorse(child, worst)) worst = child;
      }
      if (worst === index) return;
      const id = ids[index] as number;
      ids[index] = ids[worst] as number;
      ids[worst] = id;
      index = worst;
    }
  }

  private isWorse(a: number, b: number): boolean {
    const [idA, idB] = [this.ids[a] as number, this.ids[b] as number];
    const [valueA, valueB] = [valueAt(this.row, idA), valueAt(this.row, idB)];
    return valueA < valueB || (valueA === valueB && idA > idB);
  }
}
