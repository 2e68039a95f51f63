/** A step that could run now: the oldest of its session. */
export interface Candidate {
  readonly rows: number;
  /** Batches that went without it although it was ready. */
  readonly skipped: number;
}

/** What one batch may hold. */
export interface BatchLimits {
  /** Rows of a batch. A step with more than this runs alone. */
  readonly rowsMax: number;
  /** Steps of a batch. */
  readonly itemsMax: number;
  /** Steps of up to this many rows are decoding: people wait for each of them. */
  readonly decodeRowsMax: number;
  /** A step that was skipped so often goes first, whatever it is. */
  readonly skipsMax: number;
}

/**
 * Chooses the next batch: steps that were passed over too often, then decoding steps, then prefill
 * chunks, each group in order of arrival, as far as the rows go. Decoding comes first since its few
 * rows cost a batch almost nothing, while a prefill chunk delays everybody by its own compute time.
 *
 * @param candidates in order of arrival, at most one per session
 * @returns their indices; not empty unless `candidates` is
 */
export function chooseBatch(candidates: readonly Candidate[], limits: BatchLimits): number[] {
  const chosen: number[] = [];
  let rows = 0;
  for (const group of [0, 1, 2]) {
    for (const [index, candidate] of candidates.entries()) {
      if (groupOf(candidate, limits) !== group) continue;
      const fits = rows + candidate.rows <= limits.rowsMax && chosen.length < limits.itemsMax;
      if (!fits && chosen.length > 0) {
        // Nothing younger overtakes a step that waits for room, or a large one never finds any.
        if (group === 0) return chosen;
        continue;
      }
      chosen.push(index);
      rows += candidate.rows;
    }
  }
  return chosen;
}

function groupOf(candidate: Candidate, limits: BatchLimits): number {
  if (candidate.skipped >= limits.skipsMax) return 0;
  return candidate.rows <= limits.decodeRowsMax ? 1 : 2;
}
