import { type LogitsRow, topLogProbabilities } from '../sampling/index.js';
import type { TopLogit } from './generation-types.js';

/** The most likely tokens of a row, the best first. */
export function topLogitsOf(row: LogitsRow, count: number): TopLogit[] {
  if (count === 0) return [];
  return topLogProbabilities(row, count).map(({ token, logProbability }, index) => {
    const logit = row.kind === 'full' ? row.logits[token] : row.logits[index];
    return { id: token, logit: logit ?? Number.NaN, logProbability };
  });
}
