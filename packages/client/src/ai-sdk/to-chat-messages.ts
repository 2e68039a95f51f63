import type {
  LanguageModelV3Message,
  LanguageModelV3Prompt,
  LanguageModelV3ToolResultOutput,
} from '@ai-sdk/provider';
import { SkeinError } from '@skein/protocol';
import type { ChatMessage } from '../text/index.js';

type AssistantMessage = Extract<LanguageModelV3Message, { role: 'assistant' }>;
type ToolMessage = Extract<LanguageModelV3Message, { role: 'tool' }>;

/**
 * The AI SDK's prompt as messages that chat templates read: text joined, calls and results of tools
 * as in OpenAI's API.
 * @throws SkeinError `model-unsupported` for anything but text
 */
export function toChatMessages(prompt: LanguageModelV3Prompt): ChatMessage[] {
  return prompt.flatMap((message): ChatMessage[] => {
    if (message.role === 'system') return [{ role: 'system', content: message.content }];
    if (message.role === 'user') return [{ role: 'user', content: joinText(message.content) }];
    return message.role === 'assistant' ? [fromAssistant(message)] : fromTool(message);
  });
}

function fromAssistant({ content }: AssistantMessage): ChatMessage {
  const calls = content.filter((part) => part.type === 'tool-call');
  const reasoning = content.filter((part) => part.type === 'reasoning');
  const said = content.filter((part) => part.type === 'text' || part.type === 'file');
  return {
    role: 'assistant',
    content: joinText(said),
    // Templates of models that reason know it under this name, and decide whether to show it.
    ...(reasoning.length > 0 && { reasoning_content: reasoning.map(({ text }) => text).join('') }),
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ toolCallId, toolName, input }) => ({
        id: toolCallId,
        type: 'function',
        function: { name: toolName, arguments: input },
      })),
    }),
  };
}

function fromTool({ content }: ToolMessage): ChatMessage[] {
  return content
    .filter((part) => part.type === 'tool-result')
    .map(({ toolCallId, toolName, output }) => ({
      role: 'tool',
      tool_call_id: toolCallId,
      name: toolName,
      content: resultText(output),
    }));
}

function resultText(output: LanguageModelV3ToolResultOutput): string {
  switch (output.type) {
    case 'text':
    case 'error-text':
      return output.value;
    case 'json':
    case 'error-json':
      return JSON.stringify(output.value);
    case 'execution-denied':
      return output.reason ?? 'The user did not allow this call.';
    case 'content':
      return output.value
        .map((part) => {
          if (part.type === 'text') return part.text;
          throw notText(`a tool’s result of type ${part.type}`);
        })
        .join('');
  }
}

function joinText(
  parts: readonly ({ type: 'text'; text: string } | { type: 'file'; mediaType: string })[],
): string {
  return parts
    .map((part) => {
      if (part.type === 'text') return part.text;
      throw notText(`a part of type ${part.mediaType}`);
    })
    .join('');
}

function notText(what: string): SkeinError {
  return new SkeinError('model-unsupported', `the prompt holds ${what}: models here read text`);
}
