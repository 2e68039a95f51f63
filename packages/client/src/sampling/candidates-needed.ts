import { limits } from '@skein/protocol';
import { LogitAdjustment } from './logit-adjustment.js';
import { fullVocabularySizeMax } from './sampling-limits.js';
import type { SamplingSettings } from './sampling-options.js';
import type { PenaltyHistory } from './token-history.js';

/** Candidates for sampling at or below temperature 1: nearly always past the draw. */
const candidatesWarm = 64;
/** Candidates for temperatures up to {@link temperatureHot}, where the tail weighs more. */
const candidatesHot = 256;
const temperatureWarm = 1;
/** Above this most draws would fall outside of any small number of candidates. */
const temperatureHot = 1.5;
/**
 * Penalised tokens can push as many others into the choice, but seldom do: this many spare
 * candidates make a second request rare, and it stays exact.
 */
const penalisedSpareMax = 192;

/**
 * How many candidates to ask the last peer for, so that `sample` can nearly always choose from
 * them; 0 asks for the full row. A heuristic about traffic only: the outcome never depends on it.
 */
export function candidatesNeeded(
  settings: SamplingSettings,
  options: { vocabSize: number; history: PenaltyHistory },
): number {
  const { vocabSize, history } = options;
  if (vocabSize <= fullVocabularySizeMax) return 0;
  const adjustment = new LogitAdjustment(settings, history);
  // A raised token may win from anywhere in the vocabulary.
  if (adjustment.mayRaise) return 0;
  const choice = choiceSize(settings);
  if (choice === 0) return 0;
  const wanted = choice + Math.min(adjustment.affectedCountMax, penalisedSpareMax);
  return wanted > limits.topKMax || wanted >= vocabSize ? 0 : wanted;
}

/** Tokens that the draw is likely to be among; 0 is the whole vocabulary. */
function choiceSize(settings: SamplingSettings): number {
  const { temperature, topK, minP } = settings;
  if (temperature === 0) return 1;
  const isHot = temperature > temperatureWarm;
  const likely = isHot ? candidatesHot : candidatesWarm;
  // Top-k and min-p bound the choice at any temperature.
  if (topK > 0) return temperature > temperatureHot ? topK : Math.min(topK, likely);
  if (minP > 0) return likely;
  return temperature > temperatureHot ? 0 : likely;
}
