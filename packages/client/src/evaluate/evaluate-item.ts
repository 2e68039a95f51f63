import type { TokenId } from '@skein/protocol';
import { encodeScored } from '../score/encode-scored.js';
import type { Scorer } from '../score/scorer.js';
import type { ChoiceItem, EvaluationItem, EvaluationResult, TextItem } from './evaluation-types.js';

type Fields = Pick<EvaluationResult, 'index' | 'id'>;

/** Computes one item on a scorer. @throws SkeinError what the scorer throws */
export async function evaluateItem(
  scorer: Scorer,
  item: EvaluationItem,
  { index, signal }: { readonly index: number; readonly signal: AbortSignal },
): Promise<EvaluationResult> {
  const fields = item.id === undefined ? { index } : { index, id: item.id };
  if ('choices' in item) return await evaluateChoice(scorer, item, fields, signal);
  return await evaluateText(scorer, item, fields, signal);
}

/**
 * A text that is longer than the context is scored in windows, each beginning with the last token of
 * the one before: every token but the first is predicted once.
 */
async function evaluateText(
  scorer: Scorer,
  { text }: TextItem,
  fields: Fields,
  signal: AbortSignal,
): Promise<EvaluationResult> {
  const { tokens } = encodeScored(scorer.model, { text });
  let logProbability = 0;
  for (const window of windows(tokens, scorer.tokensMax)) {
    const score = await scorer.scoreFrom(window, 1, { signal });
    logProbability += score.logProbability;
  }
  const bytes = byteLength(text);
  return { kind: 'text', ...fields, tokens: tokens.length - 1, bytes, logProbability };
}

function* windows(tokens: readonly TokenId[], length: number): Generator<readonly TokenId[]> {
  // Of the last token nothing is computed, so that a window may be one longer than the context.
  for (let start = 0; start < tokens.length - 1; start += length) {
    yield tokens.slice(start, start + length + 1);
  }
}

async function evaluateChoice(
  scorer: Scorer,
  item: ChoiceItem,
  fields: Fields,
  signal: AbortSignal,
): Promise<EvaluationResult> {
  const { prompt, messages, choices, answer } = item;
  const before = messages === undefined ? { prompt: prompt ?? '' } : { messages };
  const logProbabilities: number[] = [];
  for (const text of choices) {
    const { logProbability } = await scorer.score({ ...before, text, signal });
    logProbabilities.push(logProbability);
  }
  const perByte = logProbabilities.map(
    (value, index) => value / byteLength(choices[index] as string),
  );
  return {
    kind: 'choice',
    ...fields,
    chosen: indexOfLargest(logProbabilities),
    chosenPerByte: indexOfLargest(perByte),
    answer,
    logProbabilities,
  };
}

/** The first of the largest. */
function indexOfLargest(values: readonly number[]): number {
  return values.reduce(
    (best, value, index) => (value > (values[best] as number) ? index : best),
    0,
  );
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}
