import { SkeinError, type TokenId } from '@skein/protocol';
import { sampleFullRow } from './full-row.js';
import { LogitAdjustment } from './logit-adjustment.js';
import { type LogitsRow, requireTopRow, rowVocabSize } from './logits-row.js';
import type { SamplingSettings } from './sampling-options.js';
import type { PenaltyHistory } from './token-history.js';
import type { TokenMask } from './token-mask.js';
import { sampleTopRow } from './top-row.js';

/** Everything that the choice of one token depends on. */
export interface SampleRequest {
  readonly row: LogitsRow;
  readonly settings: SamplingSettings;
  readonly history: PenaltyHistory;
  /** In [0, 1): see `uniformAt`. Not looked at when the temperature is 0. */
  readonly random: number;
  /** All other tokens have the probability 0. Default: every token may be chosen. */
  readonly allowed?: TokenMask | null;
}

export type SampleResult =
  | {
      readonly kind: 'token';
      readonly token: TokenId;
      /** Natural log of the probability under the model itself: temperature 1, no penalties. */
      readonly logProbability: number;
    }
  /** What the candidates leave out could change the choice: ask for the row in full. */
  | { readonly kind: 'need-full-logits' };

/**
 * Chooses the next token: a pure function. The order is repetition penalty, presence and frequency
 * penalties, bias, mask, temperature, top-k, top-p, min-p, as in transformers; then one draw by
 * inverse CDF over what is left in descending probability. Equal logits go by ascending id.
 *
 * From a top row it returns the same token as from the full row, or says that it cannot.
 *
 * @throws SkeinError `bad-output` when a peer's logits are not usable, `bad-argument`
 */
export function sample(request: SampleRequest): SampleResult {
  const { row, settings, history, random, allowed = null } = request;
  if (settings.temperature > 0 && !(random >= 0 && random < 1)) {
    throw new SkeinError('bad-argument', `random must be in [0, 1), got ${random}`);
  }
  requireBiasedTokens(settings, rowVocabSize(row));
  const adjustment = new LogitAdjustment(settings, history);
  if (allowed?.count === 0) throw new SkeinError('bad-argument', 'no token is allowed');
  const context = { settings, adjustment, random, allowed };
  if (row.kind === 'full') return sampleFullRow(row, context);
  requireTopRow(row);
  return sampleTopRow(row, context);
}

function requireBiasedTokens(settings: SamplingSettings, vocabSize: number): void {
  for (const token of settings.logitBias.keys()) {
    if (token < vocabSize) continue;
    const message = `logitBias names token ${token}, the vocabulary has ${vocabSize}`;
    throw new SkeinError('bad-argument', message);
  }
}
