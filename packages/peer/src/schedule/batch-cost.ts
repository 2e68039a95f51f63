/** What one more batch counts in the averages. */
const weight = 0.05;

/** Batches of rows that differ less than this tell nothing about the cost of a row. */
const varianceMin = 0.25;

/**
 * What a decoding batch costs however few rows it has: weights are read once for all of them.
 *
 * Fits `ms = fixed + perRow * rows` by least squares, with newer batches counting more.
 */
export class BatchCost {
  #count = 0;
  #rows = 0;
  #ms = 0;
  #rowsSquared = 0;
  #rowsTimesMs = 0;
  #perRowMs: number | null = null;

  add(rows: number, ms: number): void {
    this.#count += 1;
    // The first batches are averaged evenly, or the very first would count most for long.
    const share = Math.max(weight, 1 / this.#count);
    this.#rows += share * (rows - this.#rows);
    this.#ms += share * (ms - this.#ms);
    this.#rowsSquared += share * (rows * rows - this.#rowsSquared);
    this.#rowsTimesMs += share * (rows * ms - this.#rowsTimesMs);
    const variance = this.#rowsSquared - this.#rows * this.#rows;
    if (variance < varianceMin) return;
    this.#perRowMs = Math.max(0, (this.#rowsTimesMs - this.#rows * this.#ms) / variance);
  }

  /** Milliseconds for one more row; 0 as long as it is not known. */
  get perRowMs(): number {
    return this.#perRowMs ?? 0;
  }

  /** Milliseconds for the batch itself; 0 as long as it is not known. */
  get fixedMs(): number {
    if (this.#perRowMs === null) return 0;
    return Math.max(0, this.#ms - this.#perRowMs * this.#rows);
  }
}
