import { SkeinError, type TokenId } from '@skein/protocol';
import { contextExceeded } from '../../client/conversation.js';

/**
 * Checks that a prompt and its answer fit.
 * @param options.maxTokens of the answer; null: as many as fit, at least one
 * @throws SkeinError `context-exceeded` with the numbers
 */
export function checkContext(
  prompt: readonly TokenId[],
  options: { readonly maxTokens: number | null; readonly contextLength: number },
): void {
  const { maxTokens, contextLength } = options;
  const promptTokens = prompt.length;
  if (promptTokens >= contextLength) throw contextExceeded(promptTokens, contextLength);
  if (maxTokens === null || promptTokens + maxTokens <= contextLength) return;
  throw new SkeinError(
    'context-exceeded',
    `a prompt of ${promptTokens} tokens and an answer of up to ${maxTokens} do not fit a context ` +
      `of ${contextLength}: ask for at most ${contextLength - promptTokens} tokens`,
    { details: { promptTokens, maxTokens, contextLength } },
  );
}
