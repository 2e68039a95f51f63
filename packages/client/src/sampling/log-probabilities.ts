import { SkeinError, type TokenId } from '@skein/protocol';
import { firstCandidates } from './candidate-order.js';
import { fullLogNormaliser } from './full-row.js';
import type { LogitsRow } from './logits-row.js';
import { samplingLimits } from './sampling-limits.js';

/** A token and the natural log of its probability under the model, before any sampling option. */
export interface TokenLogProbability {
  readonly token: TokenId;
  readonly logProbability: number;
}

/**
 * The most likely tokens in descending order. A top row has no more than its candidates.
 * @throws SkeinError `bad-argument`
 */
export function topLogProbabilities(row: LogitsRow, count: number): TokenLogProbability[] {
  const countMax = samplingLimits.topLogProbabilitiesMax;
  if (!Number.isInteger(count) || count < 0 || count > countMax) {
    const message = `alternatives must be an integer in [0, ${countMax}], got ${count}`;
    throw new SkeinError('bad-argument', message);
  }
  if (count === 0) return [];
  const logNormaliser = row.kind === 'full' ? fullLogNormaliser(row) : row.logNormaliser;
  const { ids, logits } = row.kind === 'full' ? firstCandidates(row.logits, count) : row;
  const alternatives: TokenLogProbability[] = [];
  for (let index = 0; index < Math.min(count, ids.length); index++) {
    const token = (ids[index] ?? 0) as TokenId;
    alternatives.push({ token, logProbability: (logits[index] ?? 0) - logNormaliser });
  }
  return alternatives;
}
