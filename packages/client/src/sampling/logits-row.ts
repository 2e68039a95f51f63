import { type Logits, SkeinError } from '@skein/protocol';
import { logNormaliserError } from './sampling-limits.js';

/** The logits of one position over the whole vocabulary: index = token id. */
export interface FullRow {
  readonly kind: 'full';
  readonly logits: Float32Array;
  /** Log of the sum of exp(logit); computed where it is needed when absent. */
  readonly logNormaliser?: number;
}

/**
 * The most likely tokens of one position. The order is by descending logit, equal logits by
 * ascending id, and that order also decides which of several equal logits are left out.
 */
export interface TopRow {
  readonly kind: 'top';
  readonly ids: Int32Array;
  readonly logits: Float32Array;
  /** Log of the sum of exp(logit) over the whole vocabulary, within `logNormaliserError`. */
  readonly logNormaliser: number;
  readonly vocabSize: number;
}

export type LogitsRow = FullRow | TopRow;

/** Takes one row out of a step's logits, without copying. */
export function logitsRow(
  logits: Logits,
  options: { rowIndex: number; vocabSize: number },
): LogitsRow {
  const { rowIndex, vocabSize } = options;
  if (!Number.isInteger(rowIndex) || rowIndex < 0 || rowIndex >= logits.rowCount) {
    throw new SkeinError('bad-argument', `no row ${rowIndex} among ${logits.rowCount}`);
  }
  const start = rowIndex * logits.width;
  const values = logits.logits.subarray(start, start + logits.width);
  const logNormaliser = logits.logNormalisers[rowIndex];
  if (logNormaliser === undefined || values.length !== logits.width) {
    throw badOutput('fewer logits than rows');
  }
  if (logits.ids === null) {
    if (logits.width !== vocabSize) throw badOutput(`${logits.width} logits of ${vocabSize}`);
    return { kind: 'full', logits: values, logNormaliser };
  }
  const ids = logits.ids.subarray(start, start + logits.width);
  return { kind: 'top', ids, logits: values, logNormaliser, vocabSize };
}

/** Number of tokens that a row speaks of. */
export function rowVocabSize(row: LogitsRow): number {
  return row.kind === 'full' ? row.logits.length : row.vocabSize;
}

/**
 * Checks what a peer sent: sizes, ids in range and distinct, finite logits in order, and a
 * normaliser that is possible for them.
 * @throws SkeinError `bad-output`
 */
export function requireTopRow(row: TopRow): void {
  const { ids, logits, vocabSize, logNormaliser } = row;
  const count = ids.length;
  if (count === 0 || count !== logits.length || count > vocabSize) {
    throw badOutput(`${count} ids and ${logits.length} logits of ${vocabSize}`);
  }
  const distinct = new Set<number>();
  let previous = Number.POSITIVE_INFINITY;
  for (let index = 0; index < count; index++) {
    const id = ids[index] ?? -1;
    const logit = logits[index] ?? Number.NaN;
    if (id < 0 || id >= vocabSize || distinct.has(id))
      throw badOutput(`token id ${id} at ${index}`);
    if (!Number.isFinite(logit)) throw badOutput(`logit ${logit} of token ${id}`);
    if (logit > previous) throw badOutput('candidates are not in descending order');
    distinct.add(id);
    previous = logit;
  }
  const largest = logits[0] ?? Number.NaN;
  const error = normaliserError(logNormaliser);
  const isPossible =
    logNormaliser >= largest - error && logNormaliser <= largest + Math.log(vocabSize) + error;
  if (!isPossible) throw badOutput(`log-normaliser ${logNormaliser} for a logit of ${largest}`);
}

/** How far a log-normaliser may be from the exact one: it travels as f32, which rounds large ones. */
export function normaliserError(logNormaliser: number): number {
  return logNormaliserError + Math.abs(logNormaliser) * 2 ** -23;
}

/** The error for output of a peer that cannot be right. */
export function badOutput(reason: string): SkeinError {
  return new SkeinError('bad-output', `a peer's logits are unusable: ${reason}`);
}
