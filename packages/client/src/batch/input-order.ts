/**
 * Gives results on in the order of their items. What came too early waits: as many as ended while
 * the one that is due was at work.
 */
export class InputOrder<Result extends { readonly index: number }> {
  readonly #early = new Map<number, Result>();
  #due = 0;

  get waitingCount(): number {
    return this.#early.size;
  }

  /** Takes a result, and returns those whose turn it is now. */
  add(result: Result): Result[] {
    this.#early.set(result.index, result);
    const ready: Result[] = [];
    for (;;) {
      const next = this.#early.get(this.#due);
      if (next === undefined) return ready;
      this.#early.delete(this.#due);
      this.#due += 1;
      ready.push(next);
    }
  }
}
