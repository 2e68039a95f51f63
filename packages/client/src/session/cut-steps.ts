import { limits } from '@skein/protocol';
import { sessionLimits } from './session-limits.js';

/** How new tokens are cut into steps. */
export interface StepCut {
  /** Rows of a step: steps end at multiples of it. */
  readonly chunkRows: number;
  /** Rows of a step within the first chunk of a context. */
  readonly firstRows: number;
}

/**
 * Where the step that begins at `position` ends at the latest. It depends on the position only, so
 * prompts that begin alike are cut alike as far as they are alike.
 */
export function stepEndAfter(position: number, { chunkRows, firstRows }: StepCut): number {
  const rows = position < chunkRows ? firstRows : chunkRows;
  const end = position - (position % rows) + rows;
  return position < chunkRows ? Math.min(end, chunkRows) : end;
}

/**
 * How many of the first `length` tokens were computed in the very steps in which a fresh session
 * would compute a prompt that begins with them: with their caches it goes on bit for bit alike.
 *
 * @param stepEnds positions after which steps ended, ascending
 */
export function alikeLength(stepEnds: readonly number[], length: number, cut: StepCut): number {
  let alike = 0;
  for (const end of stepEnds) {
    if (end > length || end !== stepEndAfter(alike, cut)) break;
    alike = end;
  }
  return alike;
}

/** Steps that are to be repeated: where the one that begins at a position ends, and of what kind. */
export type RepeatedSteps = (position: number) => {
  readonly end: number;
  /** Steps of one row each, given as one. */
  readonly rowByRow: boolean;
};

/**
 * The steps of tokens `[from, to)` as they were computed before; several of one row each are given
 * as one, to be computed row by row. Positions must be asked for in order. Null when the steps are
 * too many to repeat.
 *
 * @param stepEnds positions after which steps ended, ascending
 */
export function repeatSteps(
  stepEnds: readonly number[],
  from: number,
  to: number,
): RepeatedSteps | null {
  const ends = stepEnds.filter((end) => end > from && end < to);
  if (ends.length >= sessionLimits.stepsRepeatedMax) return null;
  let index = 0;
  return (position) => {
    while (index < ends.length && (ends[index] as number) <= position) index += 1;
    let rows = 0;
    while (rows < limits.rowsJoinedMax && ends[index + rows] === position + rows + 1) rows += 1;
    if (rows > 1) return { end: position + rows, rowByRow: true };
    return { end: ends[index] ?? to, rowByRow: false };
  };
}
