import type { Priority } from '@skein/protocol';

/** A step that could run now: the oldest of its session. */
export interface Candidate {
  readonly rows: number;
  readonly priority: Priority;
  /** Decoding batches that went without it although it was ready. */
  readonly skipped: number;
  /** Batches of other work that ran, to the end at least, while it was ready. */
  readonly chunksWaited: number;
  /** Milliseconds since it arrived, or since its session was served last if that is less. */
  readonly waitedMs: number;
  /** Rows that its session was served lately. */
  readonly servedRows: number;
}

/** What one batch may hold, and how long steps wait for others. */
export interface BatchLimits {
  /** Rows of a batch. A step with more than this runs alone. */
  readonly rowsMax: number;
  /** Steps of a batch. */
  readonly itemsMax: number;
  /** Steps of up to this many rows are decoding: people wait for each of them. */
  readonly decodeRowsMax: number;
  /** A prompt's chunk that waited so long may delay decoding… */
  readonly prefillDueMs: number;
  /** …and so may a step of low priority, of any kind. */
  readonly backgroundDueMs: number;
}

/** What a choice depends on besides the steps that are ready. */
export interface BatchState {
  /** Somebody decodes here: the next token may be asked for at any moment. */
  readonly isDecoding: boolean;
  /** Decoding steps that a batch takes, unless more have been skipped before. */
  readonly spread: number;
}

/** The chosen steps, and whether they are decoding that others wait for. */
export interface Choice {
  readonly kind: WorkKind;
  /** Indices of candidates; not empty unless there are none. */
  readonly chosen: readonly number[];
}

/** Decoding, chunks of prompts, and whatever is of low priority. */
export type WorkKind = 'decode' | 'prefill' | 'background';

/**
 * Chooses the next batch.
 *
 * Decoding goes first, then prompts, then the background; a batch never mixes them, since its results
 * come all at once. What waits too long for its turn gets one batch between two of decoding: no step of
 * decoding waits for two such batches. While somebody decodes, that batch is one chunk.
 *
 * Of prompts, the session goes first that was served least, so a short one does not wait for a long one.
 *
 * @param candidates in order of arrival, at most one per session
 */
export function chooseBatch(
  candidates: readonly Candidate[],
  limits: BatchLimits,
  state: BatchState,
): Choice {
  const byKind: Record<WorkKind, number[]> = { decode: [], prefill: [], background: [] };
  for (const [index, candidate] of candidates.entries()) {
    byKind[kindOf(candidate, limits)].push(index);
  }
  const at = (index: number) => candidates[index] as Candidate;
  const isLate = (kind: 'prefill' | 'background', dueMs: number) =>
    byKind[kind].some((index) => at(index).waitedMs >= dueMs);
  const isKept = byKind.decode.some((index) => at(index).chunksWaited > 0);
  const order: readonly WorkKind[] = isKept
    ? ['decode']
    : [
        ...(isLate('background', limits.backgroundDueMs) ? (['background'] as const) : []),
        ...(isLate('prefill', limits.prefillDueMs) ? (['prefill'] as const) : []),
        'decode',
        'prefill',
        'background',
      ];
  const kind = order.find((each) => byKind[each].length > 0) ?? 'decode';
  const indices = byKind[kind];
  switch (kind) {
    case 'decode':
      return { kind, chosen: chooseDecoding(indices, candidates, limits, state.spread) };
    case 'prefill': {
      const byService = sorted(indices, (index) => at(index).servedRows);
      return { kind, chosen: fill(byService, candidates, limits, state.isDecoding) };
    }
    case 'background': {
      const first = at(sorted(indices, (index) => -at(index).waitedMs)[0] as number);
      const isDecoding = isDecode(first, limits);
      const alike = indices.filter((index) => isDecode(at(index), limits) === isDecoding);
      const byWait = sorted(alike, (index) => -at(index).waitedMs);
      return { kind, chosen: fill(byWait, candidates, limits, state.isDecoding && !isDecoding) };
    }
  }
}

function kindOf(candidate: Candidate, limits: BatchLimits): WorkKind {
  if (candidate.priority === 'background') return 'background';
  return isDecode(candidate, limits) ? 'decode' : 'prefill';
}

function isDecode({ rows }: Candidate, { decodeRowsMax }: BatchLimits): boolean {
  return rows <= decodeRowsMax;
}

/** Those that waited for a chunk, then those that were skipped, then the others. */
function chooseDecoding(
  indices: readonly number[],
  candidates: readonly Candidate[],
  limits: BatchLimits,
  spread: number,
): number[] {
  const urgency = (index: number) => {
    const { chunksWaited, skipped } = candidates[index] as Candidate;
    return chunksWaited > 0 ? 0 : skipped > 0 ? 1 : 2;
  };
  const order = sorted(indices, urgency);
  const due = order.filter((index) => urgency(index) < 2).length;
  return fill(order.slice(0, Math.max(1, spread, due)), candidates, limits, false);
}

/** As many as fit, in the given order: nothing overtakes a step that lacks room. */
function fill(
  order: readonly number[],
  candidates: readonly Candidate[],
  { rowsMax, itemsMax }: BatchLimits,
  isOne: boolean,
): number[] {
  const chosen: number[] = [];
  let rows = 0;
  for (const index of order) {
    rows += (candidates[index] as Candidate).rows;
    const fits = rows <= rowsMax && chosen.length < (isOne ? 1 : itemsMax);
    if (!fits && chosen.length > 0) break;
    chosen.push(index);
  }
  return chosen;
}

/** By a number, smallest first; those that are equal stay in their order. */
function sorted(indices: readonly number[], by: (index: number) => number): number[] {
  return [...indices].sort((left, right) => by(left) - by(right));
}
