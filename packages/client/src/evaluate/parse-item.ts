import { SkeinError } from '@skein/protocol';
import * as z from 'zod';
import { evaluationLimits } from './evaluation-limits.js';
import type { EvaluationItem } from './evaluation-types.js';

const { choicesMax, textCharactersMax, idCharactersMax, messagesMax } = evaluationLimits;

const id = z.union([z.string().max(idCharactersMax), z.number().transform(String)]).optional();
const text = z.string().min(1).max(textCharactersMax);

const textSchema = z.object({ id, text });

const choiceSchema = z
  .object({
    id,
    prompt: z.string().max(textCharactersMax).optional(),
    messages: z
      .array(z.looseObject({ role: z.string(), content: z.string() }))
      .min(1)
      .max(messagesMax)
      .optional(),
    choices: z.array(text).min(2).max(choicesMax),
    answer: z.int().min(0),
  })
  .refine(({ prompt, messages }) => (prompt === undefined) !== (messages === undefined), {
    message: 'give one of prompt and messages',
  })
  .refine(({ answer, choices }) => answer < choices.length, {
    path: ['answer'],
    message: 'is no index of a choice',
  });

/**
 * Reads one line of a data set: `{"text": "…"}`, or `{"prompt": "…", "choices": ["…", "…"],
 * "answer": 0}`, either with an `id`. Other fields are ignored.
 * @throws SkeinError `bad-argument` that says what is wrong
 */
export function parseEvaluationItem(line: string): EvaluationItem {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new SkeinError('bad-argument', `it is not JSON: ${(cause as Error).message}`, { cause });
  }
  const isChoice = typeof value === 'object' && value !== null && 'choices' in value;
  const { data, error } = (isChoice ? choiceSchema : textSchema).safeParse(value);
  if (data !== undefined) return data as EvaluationItem;
  const [issue] = error.issues;
  const path = issue?.path.join('.') ?? '';
  const place = path === '' ? '' : `"${path}" `;
  throw new SkeinError('bad-argument', `${place}${issue?.message}`, { cause: error });
}
