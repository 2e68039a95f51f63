import type { LoadedModel } from '../../model/model-store.js';
import type {
  ChoiceTokenEvent,
  GenerationUsage,
  TokenProbability,
} from '../generation/generation-request.js';
import type { TokenTexts } from './token-text.js';

/** What the answers of the completion endpoints have in common. */

/** `usage` of both completion endpoints. */
export function usageObject({ promptTokens, cachedTokens, completionTokens }: GenerationUsage) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
}

/** Names the weights: with it, a seed means the same. */
export function fingerprintOf({ hash }: LoadedModel): string {
  return `fp_${hash.slice(0, 12)}`;
}

/** A token with its probability and the alternatives to it, as chat answers write it. */
export function tokenLogProbability(event: ChoiceTokenEvent, texts: TokenTexts) {
  const describe = ({ id, logProbability }: TokenProbability) => {
    const token = texts.textOf(id);
    return { token, logprob: finite(logProbability), bytes: texts.bytesOf(token) };
  };
  return { ...describe(event), top_logprobs: event.alternatives.map(describe) };
}

/** JSON has no infinities; this is what OpenAI's API writes for "very unlikely". */
export function finite(logProbability: number): number {
  return Math.max(logProbability, -9999);
}

/** The id of an answer: `chatcmpl-…`. */
export function createAnswerId(prefix: string): string {
  return `${prefix}${crypto.randomUUID().replaceAll('-', '')}`;
}
