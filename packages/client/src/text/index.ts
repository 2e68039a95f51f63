/**
 * Text and tokens: tokenizer, streaming decoder, stop strings and chat templates.
 *
 * ```ts
 * const tokenizer = createTokenizer(tokenizerJson, { configJson });
 * const template = selectChatTemplate(tokenizer.chatTemplates, { hasTools: false });
 * const prompt = renderChatTemplate(template, { messages, addGenerationPrompt: true });
 * const promptTokens = tokenizer.encode(prompt, { addSpecialTokens: false });
 *
 * const decoder = tokenizer.createStreamDecoder();
 * decoder.skip(promptTokens);
 * const stops = new StopMatcher(['\n\n']);
 * for await (const token of generatedTokens) {
 *   const { text, stop } = stops.push(decoder.push(token));
 *   output.write(text);
 *   if (stop !== null) break;
 * }
 * ```
 */
export {
  type ChatMessage,
  type ChatTemplateInput,
  renderChatTemplate,
  selectChatTemplate,
} from './chat-template.js';
export { chatTemplateLimits } from './chat-template-limits.js';
export { StopMatcher, type StopResult } from './stop.js';
export type { StreamDecoder } from './stream-decoder.js';
export {
  createTokenizer,
  encodeCharactersMax,
  type SpecialToken,
  type Tokenizer,
} from './tokenizer.js';
