import { SkeinError, type TokenId } from '@skein/protocol';
import type { PromptOptions } from '../generate/generation-types.js';
import type { LoadedModel } from '../model/model-store.js';
import { type ChatMessage, type ChatTemplateInput, renderChatTemplate } from '../text/index.js';
import {
  forcedPrefix,
  isForcedCall,
  type ToolDefinition,
  type ToolOptions,
  toolSyntaxFor,
  withPlainTools,
} from '../tools/index.js';

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
  prompt: PromptOptions & ToolOptions,
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
    ...withTools(chatTemplate, prompt.messages, prompt.tools ?? []),
    addGenerationPrompt: true,
    bosToken: tokenText(bosTokenId),
    eosToken: tokenText(eosTokenIds[0]),
  });
  const begun = isForcedCall(prompt) ? rendered + forcedPrefix(toolSyntaxFor(model)) : rendered;
  return { tokens: tokenizer.encode(begun, { addSpecialTokens: false }), isWholeContext: true };
}

/** Messages and tools as the template reads them; as text, where it knows nothing of tools. */
function withTools(
  chatTemplate: string,
  messages: readonly ChatMessage[],
  tools: readonly ToolDefinition[],
): Pick<ChatTemplateInput, 'messages' | 'tools'> {
  const isAboutTools =
    tools.length > 0 || messages.some(({ role, tool_calls }) => role === 'tool' || tool_calls);
  if (!isAboutTools) return { messages };
  if (toolSyntaxFor({ chatTemplate }).name === 'plain') {
    return { messages: withPlainTools(messages, tools) };
  }
  const described = tools.map((tool) => ({
    type: 'function',
    function: { description: '', parameters: { type: 'object', properties: {} }, ...tool },
  }));
  return { messages, tools: described.length === 0 ? null : described };
}
