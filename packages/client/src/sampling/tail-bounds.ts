import type { TokenId } from '@skein/protocol';
import type { Interval } from './draw.js';
import type { LogitAdjustment } from './logit-adjustment.js';
import { badOutput, normaliserError, type TopRow } from './logits-row.js';
import { summationSlack } from './sampling-limits.js';
import { isAllowed, type TokenMask } from './token-mask.js';

/** What is known of the tokens that a top row leaves out. */
export interface Tail {
  /** How many there are, and how many of them no penalty or bias touches. */
  readonly count: number;
  readonly untouchedCount: number;
  /** None has a logit above this. */
  readonly ceiling: number;
  /** Whether the ceiling is the last candidate's logit, so that ids decide among equals. */
  readonly isCeilingLastCandidate: boolean;
  /** Tokens that a penalty or bias touches: id and an upper bound on the adjusted logit. */
  readonly touched: readonly { readonly id: TokenId; readonly logitMax: number }[];
  /** The largest of those bounds. */
  readonly touchedLogitMax: number;
  /** Natural log of the sum of exp(logit - reference) over all of them; may be -Infinity. */
  readonly logRawMass: Interval;
  /** The largest logit of the row, before adjustment. */
  readonly reference: number;
}

/** Tokens that a mask allows, and how many of them a top row leaves out. */
interface HiddenAllowed {
  readonly allowed: TokenMask;
  readonly count: number;
}

/**
 * Derives what the normaliser and the last candidate say about the rest of the vocabulary.
 * @param hidden only these tokens count; null: all do
 * @throws SkeinError `bad-output` when the normaliser contradicts the candidates
 */
export function describeTail(
  row: TopRow,
  adjustment: LogitAdjustment,
  hidden: HiddenAllowed | null = null,
): Tail {
  const reference = row.logits[0] ?? 0;
  const lastLogit = row.logits[row.logits.length - 1] ?? 0;
  const wholeCount = row.vocabSize - row.ids.length;
  const wholeMass = logTailMass(row, { reference, lastLogit, count: wholeCount });
  const count = hidden?.count ?? wholeCount;
  const logRawMass =
    hidden === null ? wholeMass : shareOf(wholeMass, { reference, lastLogit, count });
  // One token cannot weigh more than all of them.
  const ceiling = Math.min(lastLogit, reference + logRawMass.high);
  const touched =
    count === 0 || !adjustment.isActive
      ? []
      : touchedTail(row, adjustment, ceiling).filter(
          ({ id }) => hidden === null || isAllowed(hidden.allowed, id),
        );
  let touchedLogitMax = Number.NEGATIVE_INFINITY;
  for (const { logitMax } of touched) touchedLogitMax = Math.max(touchedLogitMax, logitMax);
  return {
    count,
    untouchedCount: count - touched.length,
    ceiling,
    isCeilingLastCandidate: ceiling === lastLogit,
    touched,
    touchedLogitMax,
    logRawMass,
    reference,
  };
}

function logTailMass(
  row: TopRow,
  { reference, lastLogit, count }: { reference: number; lastLogit: number; count: number },
): Interval {
  let candidateMass = 0;
  for (const logit of row.logits) candidateMass += Math.exp(logit - reference);
  const logTotal = row.logNormaliser - reference;
  const error = normaliserError(row.logNormaliser);
  const totalLow = Math.exp(logTotal - error);
  const low = totalLow - candidateMass * (1 + summationSlack);
  const high = Math.exp(logTotal + error) - candidateMass * (1 - summationSlack);
  // In logarithms, because the last candidate's weight may be too small for a double.
  const logMost = Math.log(count) + lastLogit - reference + summationSlack;
  const isPossible =
    high > 0 && totalLow <= (candidateMass + Math.exp(logMost)) * (1 + summationSlack);
  if (!isPossible)
    throw badOutput(`log-normaliser ${row.logNormaliser} contradicts the candidates`);
  const logHigh = Math.min(Math.log(high), logMost);
  return {
    low: low > 0 ? Math.min(Math.log(low), logHigh) : Number.NEGATIVE_INFINITY,
    high: logHigh,
  };
}

/** Of a tail's mass, what some of its tokens may have: all of it or nothing. */
function shareOf(
  whole: Interval,
  { reference, lastLogit, count }: { reference: number; lastLogit: number; count: number },
): Interval {
  const logMost = Math.log(count) + lastLogit - reference + summationSlack;
  return { low: Number.NEGATIVE_INFINITY, high: Math.min(whole.high, logMost) };
}

function touchedTail(row: TopRow, adjustment: LogitAdjustment, ceiling: number): Tail['touched'] {
  const candidates = new Set<number>(row.ids);
  const touched: { id: TokenId; logitMax: number }[] = [];
  for (const id of adjustment.affectedTokens()) {
    if (candidates.has(id) || id >= row.vocabSize) continue;
    touched.push({ id, logitMax: adjustment.apply(id, ceiling) });
  }
  return touched;
}

/**
 * Bounds the tail's weight, the sum of exp((adjusted logit - largest) / temperature).
 *
 * With b = 1 / temperature, n untouched tokens of raw mass R and none above c, for b >= 1:
 * n (R/n)^b <= sum exp(b l) <= R exp((b - 1) c), by Jensen's inequality and because
 * exp(b l) = exp(l) exp((b - 1) l). For b < 1 the two change places. Touched tokens are bounded one
 * by one, from below by 0.
 */
export function tailWeight(
  tail: Tail,
  { largest, inverseTemperature }: { largest: number; inverseTemperature: number },
): Interval {
  let touchedHigh = 0;
  for (const { logitMax } of tail.touched) {
    touchedHigh += Math.exp((logitMax - largest) * inverseTemperature);
  }
  const { low, high } = untouchedWeight(tail, { largest, inverseTemperature });
  return {
    low: low * (1 - summationSlack),
    high: (high + touchedHigh) * (1 + summationSlack),
  };
}

function untouchedWeight(
  tail: Tail,
  { largest, inverseTemperature }: { largest: number; inverseTemperature: number },
): Interval {
  const { untouchedCount, touched, ceiling, reference, logRawMass } = tail;
  if (untouchedCount === 0) return { low: 0, high: 0 };
  const touchedRawHigh = touched.length * Math.exp(ceiling - reference);
  const logLow = Math.log(Math.max(0, Math.exp(logRawMass.low) - touchedRawHigh));
  const fromCeiling = (logMass: number) =>
    Math.exp(logMass + reference - ceiling + inverseTemperature * (ceiling - largest));
  const fromEvenSpread = (logMass: number) =>
    Math.exp(
      (1 - inverseTemperature) * Math.log(untouchedCount) +
        inverseTemperature * (logMass + reference - largest),
    );
  return inverseTemperature >= 1
    ? { low: fromEvenSpread(logLow), high: fromCeiling(logRawMass.high) }
    : { low: fromCeiling(logLow), high: fromEvenSpread(logRawMass.high) };
}
