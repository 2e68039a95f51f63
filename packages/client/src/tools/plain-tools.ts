import type { ChatMessage } from '../text/index.js';
import type { ToolDefinition } from './tool-types.js';

/**
 * Tells a model of tools whose template knows nothing of them: the system message names them and
 * the form of a call; calls and results of earlier turns become text.
 */
export function withPlainTools(
  messages: readonly ChatMessage[],
  tools: readonly ToolDefinition[],
): ChatMessage[] {
  const [first, ...rest] = messages;
  const hasSystem = first?.role === 'system';
  const instructions = hasSystem ? [String(first.content ?? '')] : [];
  if (tools.length > 0) instructions.push(toolInstructions(tools));
  const later = (hasSystem ? rest : messages).map(toPlainMessage);
  if (instructions.length === 0) return later;
  return [{ role: 'system', content: instructions.join('\n\n') }, ...later];
}

function toolInstructions(tools: readonly ToolDefinition[]): string {
  return [
    'You may call these functions. Each line is one, with the JSON schema of its arguments:',
    ...tools.map((tool) => JSON.stringify(tool)),
    'To call one, write only:',
    '<tool_call>\n{"name": "<name>", "arguments": {<arguments>}}\n</tool_call>',
  ].join('\n');
}

function toPlainMessage(message: ChatMessage): ChatMessage {
  if (message.role === 'tool') {
    const name = typeof message.name === 'string' ? ` of ${message.name}` : '';
    return { role: 'user', content: `Result${name}:\n${String(message.content ?? '')}` };
  }
  const { tool_calls: calls, ...plain } = message;
  if (!Array.isArray(calls) || calls.length === 0) return plain;
  const written = calls.map((call: { function: { name: string; arguments: unknown } }) => {
    const { name, arguments: given } = call.function;
    return `<tool_call>\n${JSON.stringify({ name, arguments: given })}\n</tool_call>`;
  });
  const text = String(plain.content ?? '');
  return { ...plain, content: [...(text === '' ? [] : [text]), ...written].join('\n') };
}
