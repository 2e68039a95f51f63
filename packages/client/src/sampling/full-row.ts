import type { TokenId } from '@skein/protocol';
import { firstCandidates, type OrderedCandidates } from './candidate-order.js';
import { drawIndex } from './draw.js';
import type { LogitAdjustment } from './logit-adjustment.js';
import { badOutput, type FullRow } from './logits-row.js';
import type { SampleResult } from './sample.js';
import type { SamplingSettings } from './sampling-options.js';
import { isAllowed, type TokenMask } from './token-mask.js';
import { weighPrefix } from './weighted-prefix.js';

/**
 * How many candidates are put in order before more are needed. Most draws fall among the first; the
 * last step takes all.
 */
const prefixSizes = [256, 4096, 32_768, Number.POSITIVE_INFINITY] as const;

/** Terms under exp(-50) of the largest are left out of sums: 10^6 of them are 2e-16 together. */
const negligibleExponent = -50;

interface FullRowContext {
  readonly settings: SamplingSettings;
  readonly adjustment: LogitAdjustment;
  readonly random: number;
  readonly allowed: TokenMask | null;
}

/** Chooses from the logits of the whole vocabulary; the definition that top rows are held to. */
export function sampleFullRow(row: FullRow, context: FullRowContext): SampleResult {
  requireFinite(row.logits);
  const adjusted = adjustRow(row.logits, context.adjustment);
  const index =
    context.allowed === null
      ? choose(adjusted, context)
      : chooseAllowed(adjusted, context.allowed, context);
  const logProbability = (row.logits[index] ?? 0) - fullLogNormaliser(row);
  return { kind: 'token', token: index as TokenId, logProbability };
}

/** The index of the chosen one among logits. */
function choose(logits: Float32Array, context: FullRowContext): number {
  return context.settings.temperature === 0 ? largestIndex(logits) : draw(logits, context);
}

/** Allowed tokens keep their order, which decides among equal logits. */
function chooseAllowed(
  adjusted: Float32Array,
  allowed: TokenMask,
  context: FullRowContext,
): number {
  const ids = new Int32Array(allowed.count);
  const logits = new Float32Array(allowed.count);
  let found = 0;
  for (let token = 0; token < adjusted.length && found < ids.length; token++) {
    if (!isAllowed(allowed, token)) continue;
    ids[found] = token;
    logits[found++] = adjusted[token] ?? 0;
  }
  if (found === 0) throw badOutput('the row has no token that is allowed');
  return ids[choose(logits.subarray(0, found), context)] ?? 0;
}

/** The row's log-normaliser, as sent or else computed. */
export function fullLogNormaliser(row: FullRow): number {
  if (row.logNormaliser !== undefined) return row.logNormaliser;
  const largest = row.logits[largestIndex(row.logits)] ?? 0;
  return largest + Math.log(sumOfWeights(row.logits, { largest, inverseTemperature: 1 }));
}

function draw(logits: Float32Array, { settings, random }: FullRowContext): number {
  const largest = logits[largestIndex(logits)] ?? 0;
  const inverseTemperature = 1 / settings.temperature;
  const total = needsTotal(settings, logits.length)
    ? sumOfWeights(logits, { largest, inverseTemperature })
    : Number.POSITIVE_INFINITY;
  for (const prefixSize of prefixSizes) {
    const candidates = firstCandidates(logits, Math.max(prefixSize, settings.topK));
    const prefix = weighPrefix(candidates, {
      inverseTemperature,
      isComplete: candidates.ids.length === logits.length,
      total: { low: total, high: total },
      nextWeightMax: nextWeightMax(candidates, { largest, inverseTemperature }),
    });
    const index = drawIndex(prefix, settings, random);
    if (index !== null) return candidates.ids[index] ?? 0;
  }
  throw badOutput('no candidate could be drawn');
}

/** Top-k alone says which tokens are kept; then no sum over the vocabulary is needed. */
function needsTotal(settings: SamplingSettings, vocabSize: number): boolean {
  return settings.topK === 0 || settings.topK >= vocabSize;
}

function nextWeightMax(
  candidates: OrderedCandidates,
  { largest, inverseTemperature }: { largest: number; inverseTemperature: number },
): number {
  const last = candidates.logits[candidates.logits.length - 1] ?? largest;
  return Math.exp((last - largest) * inverseTemperature);
}

function adjustRow(logits: Float32Array, adjustment: LogitAdjustment): Float32Array {
  if (!adjustment.isActive) return logits;
  const adjusted = logits.slice();
  for (const token of adjustment.affectedTokens()) {
    const logit = logits[token];
    if (logit !== undefined) adjusted[token] = adjustment.apply(token, logit);
  }
  return adjusted;
}

/** Index of the largest logit, the smallest among equals. */
function largestIndex(logits: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  let largestAt = 0;
  for (let index = 0; index < logits.length; index++) {
    const logit = logits[index] ?? 0;
    if (logit > largest) {
      largest = logit;
      largestAt = index;
    }
  }
  return largestAt;
}

function sumOfWeights(
  logits: Float32Array,
  { largest, inverseTemperature }: { largest: number; inverseTemperature: number },
): number {
  let sum = 0;
  for (let index = 0; index < logits.length; index++) {
    const exponent = ((logits[index] ?? 0) - largest) * inverseTemperature;
    if (exponent > negligibleExponent) sum += Math.exp(exponent);
  }
  return sum;
}

function requireFinite(logits: Float32Array): void {
  if (logits.length === 0) throw badOutput('an empty row');
  // Zero times anything that is not finite is NaN, which stays in the sum.
  let probe = 0;
  for (let index = 0; index < logits.length; index++) probe += (logits[index] ?? 0) * 0;
  if (probe === 0) return;
  const index = logits.findIndex((logit) => !Number.isFinite(logit));
  throw badOutput(`logit ${logits[index]} of token ${index}`);
}
