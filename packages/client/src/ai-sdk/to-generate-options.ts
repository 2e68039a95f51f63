import type { LanguageModelV3CallOptions, SharedV3Warning } from '@ai-sdk/provider';
import type { ClientGenerateOptions } from '../client/client.js';
import type { LoadedModel } from '../model/model-store.js';
import { parseSettings, type SkeinModelSettings } from './skein-call-options.js';
import { toChatMessages } from './to-chat-messages.js';
import { toResponseFormat, toToolOptions } from './to-tool-options.js';

/** A call of the AI SDK as a generation of the client. */
export interface PreparedCall {
  readonly options: ClientGenerateOptions;
  /** What was asked for and is not done. */
  readonly warnings: SharedV3Warning[];
}

/**
 * Translates a call. What cannot be had becomes a warning, but for what would change the meaning of
 * the prompt.
 * @throws SkeinError `bad-argument`, `model-unsupported`
 */
export function toGenerateOptions(
  call: LanguageModelV3CallOptions,
  model: LoadedModel,
  settings: SkeinModelSettings,
): PreparedCall {
  const warnings = warningsOf(call);
  const messages = toChatMessages(call.prompt);
  const responseFormat = toResponseFormat(call);
  const options: ClientGenerateOptions = {
    model: model.hash,
    ...settings,
    ...parseSettings(call.providerOptions?.skein),
    ...samplingOf(call),
    ...toToolOptions(call, warnings),
    ...(responseFormat !== undefined && { responseFormat }),
    ...(call.abortSignal !== undefined && { signal: call.abortSignal }),
  };
  if (model.chatTemplate !== null) return { options: { ...options, messages }, warnings };
  const details = `${model.manifest.name} has no chat template: texts are joined to one prompt`;
  warnings.push({ type: 'compatibility', feature: 'messages', details });
  const prompt = messages.map(({ content }) => String(content ?? '')).join('\n\n');
  return { options: { ...options, prompt }, warnings };
}

function samplingOf(call: LanguageModelV3CallOptions): Partial<ClientGenerateOptions> {
  const { maxOutputTokens: maxTokens, temperature, topP, topK, seed } = call;
  const { presencePenalty, frequencyPenalty, stopSequences } = call;
  return {
    ...(maxTokens !== undefined && { maxTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
    ...(presencePenalty !== undefined && { presencePenalty }),
    ...(frequencyPenalty !== undefined && { frequencyPenalty }),
    ...(seed !== undefined && { seed }),
    ...(stopSequences !== undefined && { stop: stopSequences }),
  };
}

function warningsOf(call: LanguageModelV3CallOptions): SharedV3Warning[] {
  const warnings: SharedV3Warning[] = [];
  const unsupported = (feature: string, details: string) =>
    warnings.push({ type: 'unsupported', feature, details });
  if (call.includeRawChunks) unsupported('includeRawChunks', 'there are no raw chunks');
  // The AI SDK itself always names its user agent.
  const { 'user-agent': _agent, ...headers } = call.headers ?? {};
  if (Object.values(headers).some((value) => value !== undefined)) {
    unsupported('headers', 'no request over HTTP is made');
  }
  return warnings;
}
