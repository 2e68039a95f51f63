import { SkeinError, type TokenId } from '@skein/protocol';
import type { PromptOptions } from '../generate/generation-types.js';
import type { LoadedModel } from '../model/model-store.js';
import { renderChatTemplate } from '../text/index.js';

/** What a prompt does to the context of a session. */
export interface EncodedPrompt {
  readonly tokens: readonly TokenId[];
  /** The tokens are the whole context, not something to be appended. */
  readonly isWholeContext: boolean;
}

/**
 * Turns a prompt into tokens.
 *
 * @param options.isContinuation the text follows other text: no begin token is put before it
 * @throws SkeinError `bad-argument` unless exactly one kind of prompt is given, `model-unsupported`
 *   when the model has no tokenizer or template for it
 */
export function encodePrompt(
  model: LoadedModel,
  prompt: PromptOptions,
  options: { readonly isContinuation: boolean },
): EncodedPrompt {
  const given = [prompt.prompt, prompt.promptTokens, prompt.messages];
  if (given.filter((value) => value !== undefined).length !== 1) {
    throw new SkeinError('bad-argument', 'give one of prompt, promptTokens and messages');
  }
  if (prompt.promptTokens !== undefined) {
    return { tokens: prompt.promptTokens, isWholeContext: false };
  }
  const { tokenizer, chatTemplate, manifest } = model;
  if (tokenizer === null) {
    const text = `${manifest.name} has no tokenizer: give promptTokens`;
    throw new SkeinError('model-unsupported', text);
  }
  if (prompt.messages === undefined) {
    const addSpecialTokens = !options.isContinuation;
    const tokens = tokenizer.encode(prompt.prompt as string, { addSpecialTokens });
    return { tokens, isWholeContext: false };
  }
  if (chatTemplate === null) {
    const text = `${manifest.name} has no chat template: give a prompt instead of messages`;
    throw new SkeinError('model-unsupported', text);
  }
  const { bosTokenId, eosTokenIds } = manifest.config;
  const tokenText = (id: number | null | undefined) =>
    id === null || id === undefined ? null : tokenizer.tokenText(id as TokenId);
  const rendered = renderChatTemplate(chatTemplate, {
    messages: prompt.messages,
    addGenerationPrompt: true,
    bosToken: tokenText(bosTokenId),
    eosToken: tokenText(eosTokenIds[0]),
  });
  return { tokens: tokenizer.encode(rendered, { addSpecialTokens: false }), isWholeContext: true };
}
