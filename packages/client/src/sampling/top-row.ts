import type { TokenId } from '@skein/protocol';
import { type OrderedCandidates, orderCandidates } from './candidate-order.js';
import { drawIndex, type Interval } from './draw.js';
import type { LogitAdjustment } from './logit-adjustment.js';
import type { TopRow } from './logits-row.js';
import type { SampleResult } from './sample.js';
import { summationSlack } from './sampling-limits.js';
import type { SamplingSettings } from './sampling-options.js';
import { describeTail, type Tail, tailWeight } from './tail-bounds.js';
import { selectAllowed, type TokenMask } from './token-mask.js';
import { weighPrefix } from './weighted-prefix.js';

interface TopRowContext {
  readonly settings: SamplingSettings;
  readonly adjustment: LogitAdjustment;
  readonly random: number;
  readonly allowed: TokenMask | null;
}

/** Chooses from the most likely tokens where that is certain to equal the choice from all. */
export function sampleTopRow(row: TopRow, context: TopRowContext): SampleResult {
  const { adjustment, allowed } = context;
  const kept = allowed === null ? row : selectAllowed(allowed, row);
  if (kept.ids.length === 0) return { kind: 'need-full-logits' };
  const hidden = allowed === null ? null : { allowed, count: allowed.count - kept.ids.length };
  const tail = describeTail(row, adjustment, hidden);
  const candidates = orderCandidates(kept.ids, adjustCandidates(kept, adjustment));
  const certainCount = countCertain(row, candidates, { tail, adjustment });
  if (certainCount === 0) return { kind: 'need-full-logits' };
  const index =
    context.settings.temperature === 0 ? 0 : draw(candidates, certainCount, { tail, ...context });
  if (index === null) return { kind: 'need-full-logits' };
  const token = candidates.ids[index] ?? 0;
  const rawLogit = row.logits[row.ids.indexOf(token)] ?? 0;
  return {
    kind: 'token',
    token: token as TokenId,
    logProbability: rawLogit - row.logNormaliser,
  };
}

function adjustCandidates(
  row: Pick<TopRow, 'ids' | 'logits'>,
  adjustment: LogitAdjustment,
): Float32Array {
  if (!adjustment.isActive) return row.logits;
  return row.logits.map((logit, index) =>
    adjustment.apply((row.ids[index] ?? 0) as TokenId, logit),
  );
}

/** How many of the first candidates come before every token of the tail, for certain. */
function countCertain(
  row: TopRow,
  candidates: OrderedCandidates,
  { tail, adjustment }: { tail: Tail; adjustment: LogitAdjustment },
): number {
  if (tail.count === 0) return candidates.ids.length;
  const lastId = row.ids[row.ids.length - 1] ?? 0;
  let count = 0;
  for (; count < candidates.ids.length; count++) {
    const id = (candidates.ids[count] ?? 0) as TokenId;
    const logit = candidates.logits[count] ?? 0;
    // An untouched tail token that equals the last candidate has a larger id than it.
    const isUntouched = !adjustment.isActive || !adjustment.affects(id);
    const winsTie = tail.isCeilingLastCandidate && (isUntouched || id <= lastId);
    const beatsUntouched =
      tail.untouchedCount === 0 || logit > tail.ceiling || (logit === tail.ceiling && winsTie);
    const beatsTouched =
      logit > tail.touchedLogitMax ||
      tail.touched.every(
        (other) => logit > other.logitMax || (logit === other.logitMax && id < other.id),
      );
    if (!beatsUntouched || !beatsTouched) break;
  }
  return count;
}

function draw(
  candidates: OrderedCandidates,
  certainCount: number,
  { tail, settings, random }: TopRowContext & { tail: Tail },
): number | null {
  const inverseTemperature = 1 / settings.temperature;
  const largest = candidates.logits[0] ?? 0;
  const scale = { largest, inverseTemperature };
  const untouchedMax = tail.untouchedCount === 0 ? Number.NEGATIVE_INFINITY : tail.ceiling;
  const tailMax = Math.max(untouchedMax, tail.touchedLogitMax);
  const next = candidates.logits[certainCount] ?? Number.NEGATIVE_INFINITY;
  const certain = {
    ids: candidates.ids.subarray(0, certainCount),
    logits: candidates.logits.subarray(0, certainCount),
  };
  const prefix = weighPrefix(certain, {
    inverseTemperature,
    isComplete: certainCount === candidates.ids.length && tail.count === 0,
    total: totalWeight(candidates, tail, scale),
    nextWeightMax: Math.exp((Math.max(tailMax, next) - largest) * inverseTemperature),
  });
  return drawIndex(prefix, settings, random);
}

function totalWeight(
  candidates: OrderedCandidates,
  tail: Tail,
  scale: { largest: number; inverseTemperature: number },
): Interval {
  let sum = 0;
  for (const logit of candidates.logits) {
    sum += Math.exp((logit - scale.largest) * scale.inverseTemperature);
  }
  const { low, high } = tailWeight(tail, scale);
  return { low: (sum + low) * (1 - summationSlack), high: (sum + high) * (1 + summationSlack) };
}
