import * as z from 'zod';
import type { ChatMessage } from '../../text/index.js';
import { gatewayLimits } from '../gateway-limits.js';
import { unsupported } from './request-fields.js';
import { parseArguments } from './tool-fields.js';

/** Content of a message: text, or parts of it. */
export function contentSchema(partTypes: readonly [string, ...string[]]) {
  const part = z.looseObject({ type: z.enum(partTypes), text: z.string() });
  const parts = z.array(part).max(gatewayLimits.contentPartsMax);
  const error = `must be a text, or a list of parts of type ${partTypes.join(' or ')}`;
  return z.union([z.string(), parts], { error });
}

const callId = z.string().min(1).max(gatewayLimits.userCharactersMax);

/** A call of an earlier answer. */
const toolCallSchema = z.strictObject({
  id: callId,
  type: z.literal('function'),
  function: z.strictObject({ name: z.string().min(1), arguments: z.string() }),
});

/** A message of a chat. What a server's answer has beside its text may come back with it. */
export const chatMessageSchema = z
  .strictObject({
    role: z.enum(['system', 'developer', 'user', 'assistant', 'tool'], {
      error: 'must be system, developer, user, assistant or tool',
    }),
    content: contentSchema(['text', 'refusal']).nullish(),
    name: unsupported('names of participants are not supported'),
    refusal: unsupported('refusals are not supported', z.literal('')),
    annotations: unsupported('annotations are not supported', z.array(z.never())),
    audio: unsupported('audio is not supported'),
    tool_calls: z.array(toolCallSchema).max(gatewayLimits.toolCallsMax).nullish(),
    tool_call_id: callId.nullish(),
    function_call: unsupported('functions are not supported'),
  })
  .refine(({ role, content }) => content != null || role === 'assistant', {
    path: ['content'],
    message: 'is needed',
  })
  .refine(({ role, tool_calls }) => !tool_calls?.length || role === 'assistant', {
    path: ['tool_calls'],
    message: 'only the assistant calls tools',
  })
  .refine(({ role, tool_call_id: id }) => (id != null) === (role === 'tool'), {
    path: ['tool_call_id'],
    message: 'belongs to messages of the role tool, and is needed there',
  });

type ChatMessageBody = z.output<typeof chatMessageSchema>;

/** The messages of a chat as templates read them. @throws GatewayError */
export function toChatMessages(messages: readonly ChatMessageBody[]): ChatMessage[] {
  const names = new Map<string, string>();
  return messages.map((message, index) => {
    const { tool_calls: calls, tool_call_id: id } = message;
    const plain = toChatMessage(message);
    for (const call of calls ?? []) names.set(call.id, call.function.name);
    if (id != null) return toolResult({ id, name: names.get(id), content: plain.content });
    if (calls == null || calls.length === 0) return plain;
    return {
      ...plain,
      tool_calls: calls.map((call, at) => {
        const param = `messages[${index}].tool_calls[${at}].function.arguments`;
        const given = parseArguments(call.function.arguments, param);
        return toolCall({ id: call.id, name: call.function.name, arguments: given });
      }),
    };
  });
}

/** A call of an earlier answer as templates read it. */
export function toolCall(call: { id: string; name: string; arguments: unknown }) {
  const { id, ...asked } = call;
  return { id, type: 'function', function: asked };
}

/** What a tool answered, as templates read it. */
export function toolResult(result: {
  readonly id: string;
  readonly name: string | undefined;
  readonly content: unknown;
}): ChatMessage {
  const { id, name, content } = result;
  return { role: 'tool', tool_call_id: id, content, ...(name !== undefined && { name }) };
}

/** A message as chat templates read it. */
export function toChatMessage(message: {
  readonly role: string;
  readonly content?: string | readonly { readonly text: string }[] | null | undefined;
}): ChatMessage {
  const { role, content } = message;
  const text = typeof content === 'string' ? content : (content ?? []).map((part) => part.text);
  return {
    // The newer name of the same role; templates know the older.
    role: role === 'developer' ? 'system' : role,
    content: typeof text === 'string' ? text : text.join(''),
  };
}
