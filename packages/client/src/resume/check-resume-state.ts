import { SkeinError } from '@skein/protocol';
import type { LoadedModel } from '../model/model-store.js';
import type { ResumeState } from './resume-state.js';

/**
 * Checks a state against its model.
 * @throws SkeinError `bad-argument`, `context-exceeded`
 */
export function checkResumeState(
  { tokens }: ResumeState,
  { manifest }: LoadedModel,
  tokensMax: number,
): void {
  const { vocabSize } = manifest.config;
  const unknown = tokens.find((token) => token >= vocabSize);
  if (unknown !== undefined) {
    const text = `the saved conversation has token ${unknown} of a vocabulary of ${vocabSize}`;
    throw new SkeinError('bad-argument', text);
  }
  if (tokens.length < tokensMax) return;
  const text = `the saved conversation of ${tokens.length} tokens leaves no room in ${tokensMax}`;
  const details = { tokens: tokens.length, tokensMax };
  throw new SkeinError('context-exceeded', text, { details });
}
