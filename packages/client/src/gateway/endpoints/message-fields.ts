import * as z from 'zod';
import type { ChatMessage } from '../../text/index.js';
import { gatewayLimits } from '../gateway-limits.js';
import { unsupported } from './request-fields.js';

/** Content of a message: text, or parts of it. */
export function contentSchema(partTypes: readonly [string, ...string[]]) {
  const part = z.looseObject({ type: z.enum(partTypes), text: z.string() });
  const parts = z.array(part).max(gatewayLimits.contentPartsMax);
  const error = `must be a text, or a list of parts of type ${partTypes.join(' or ')}`;
  return z.union([z.string(), parts], { error });
}

/** A message of a chat. What a server's answer has beside its text may come back with it. */
export const chatMessageSchema = z
  .strictObject({
    role: z.enum(['system', 'developer', 'user', 'assistant'], {
      error: 'must be system, developer, user or assistant',
    }),
    content: contentSchema(['text', 'refusal']).nullish(),
    name: unsupported('names of participants are not supported'),
    refusal: unsupported('refusals are not supported', z.literal('')),
    annotations: unsupported('annotations are not supported', z.array(z.never())),
    audio: unsupported('audio is not supported'),
    tool_calls: unsupported('tools are not supported', z.array(z.never())),
    function_call: unsupported('functions are not supported'),
  })
  .refine(({ role, content }) => content != null || role === 'assistant', {
    path: ['content'],
    message: 'is needed',
  });

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
