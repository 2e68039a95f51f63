import type { TokenId } from '@skein/protocol';
import * as z from 'zod';
import type { PromptOptions } from '../../generate/generation-types.js';
import { gatewayLimits } from '../gateway-limits.js';
import type { GenerationRequest } from '../generation/generation-request.js';
import { GatewayError, unsupportedParameter } from '../http/gateway-error.js';
import { freeFormat } from './format-fields.js';
import { completionFields, toCompletion, unsupported } from './request-fields.js';

const { promptsMax, choicesMax, topLogProbabilitiesMax } = gatewayLimits;

const tokens = z.array(z.int().min(0)).min(1);

/** The body of `POST /v1/completions`. */
export const completionsSchema = z.strictObject({
  ...completionFields,
  prompt: z.union(
    [
      z.string(),
      z.array(z.string()).min(1).max(promptsMax),
      tokens,
      z.array(tokens).min(1).max(promptsMax),
    ],
    { error: `must be a text, token ids, or a list of up to ${promptsMax} of either` },
  ),
  best_of: z.int().min(1).nullish(),
  echo: z.boolean().nullish(),
  logprobs: z.int().min(0).max(topLogProbabilitiesMax).nullish(),
  suffix: unsupported('text cannot be inserted before a suffix', z.literal('')),
});

export type CompletionsBody = z.output<typeof completionsSchema>;

/** Tokens generated when nobody says how many, as in OpenAI's API. */
const maxTokensDefault = 16;

/** @throws GatewayError for parameters that contradict each other */
export function completionToGeneration(body: CompletionsBody): GenerationRequest {
  const common = toCompletion(body);
  const prompts = toPrompts(body.prompt);
  const { choicesPerPrompt } = common;
  if (body.best_of != null && body.best_of !== choicesPerPrompt) {
    throw unsupportedParameter('best_of', 'only a best_of that equals n is supported');
  }
  if (prompts.length * choicesPerPrompt > choicesMax) {
    const text = `${prompts.length} prompts with ${choicesPerPrompt} answers each are more than ${choicesMax}`;
    throw new GatewayError(text, { status: 400, code: 'invalid_value', param: 'n' });
  }
  return {
    ...common,
    prompts,
    maxTokens: body.max_tokens ?? maxTokensDefault,
    format: freeFormat,
    tools: {},
    scoresPrompt: body.echo === true && body.logprobs != null,
    topLogProbabilities: body.logprobs ?? null,
  };
}

function toPrompts(prompt: CompletionsBody['prompt']): readonly PromptOptions[] {
  if (typeof prompt === 'string') return [{ prompt }];
  if (prompt.every((part) => typeof part === 'number')) {
    return [{ promptTokens: prompt as TokenId[] }];
  }
  return prompt.map((part) =>
    typeof part === 'string' ? { prompt: part } : { promptTokens: part as unknown as TokenId[] },
  );
}
