import { SkeinError } from '@skein/protocol';
import * as z from 'zod';
import { evaluationLimits } from './evaluation-limits.js';
import type { EvaluationResult } from './evaluation-types.js';

const { choicesMax, idCharactersMax } = evaluationLimits;

const fields = { index: z.int().min(0), id: z.string().max(idCharactersMax).optional() };
const choice = z.int().min(0).max(choicesMax);

const resultSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('text'),
    ...fields,
    tokens: z.int().min(0),
    bytes: z.int().min(0),
    logProbability: z.number(),
  }),
  z.strictObject({
    kind: z.literal('choice'),
    ...fields,
    chosen: choice,
    chosenPerByte: choice,
    answer: choice,
    logProbabilities: z.array(z.number()).max(choicesMax),
  }),
]);

/**
 * Reads a result that was kept as JSON, to be given to `evaluate` as done.
 * @throws SkeinError `bad-argument`
 */
export function parseEvaluationResult(json: string): EvaluationResult {
  try {
    return resultSchema.parse(JSON.parse(json)) as EvaluationResult;
  } catch (cause) {
    throw new SkeinError('bad-argument', 'it is no result of an evaluation', { cause });
  }
}
