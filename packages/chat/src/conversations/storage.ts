import { chatLimits } from '../chat-limits.js';
import {
  type Answer,
  bounded,
  type Conversation,
  emptyAnswer,
  type Message,
} from './conversation.js';

const storageKey = 'skein-conversations';

/** Where conversations are kept: `localStorage`, or anything like it. */
export type KeptTexts = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** What was kept on this device. What cannot be read is left out. */
export function readConversations(storage: KeptTexts): readonly Conversation[] {
  try {
    const stored: unknown = JSON.parse(storage.getItem(storageKey) ?? '[]');
    return Array.isArray(stored) ? bounded(stored.flatMap(readConversation)) : [];
  } catch {
    // Storage may be forbidden, or its content somebody else's.
    return [];
  }
}

/**
 * Keeps conversations, the newest first, as far as there is room.
 * @returns how many there was no room for
 */
export function keepConversations(
  storage: KeptTexts,
  conversations: readonly Conversation[],
): number {
  const texts: string[] = [];
  let characters = 0;
  for (const conversation of bounded(conversations)) {
    const text = JSON.stringify(conversation);
    characters += text.length + 1;
    if (characters > chatLimits.storedCharactersMax) break;
    texts.push(text);
  }
  // The browser may have less room than we think: older ones go until it fits.
  for (;;) {
    try {
      if (texts.length === 0) storage.removeItem(storageKey);
      else storage.setItem(storageKey, `[${texts.join(',')}]`);
      return conversations.length - texts.length;
    } catch {
      if (texts.length === 0) return conversations.length;
      texts.length = Math.floor(texts.length / 2);
    }
  }
}

function readConversation(value: unknown): Conversation[] {
  const { id, title, changedAtMs, messages } = (value ?? {}) as Partial<Conversation>;
  const isSound =
    typeof id === 'string' &&
    typeof title === 'string' &&
    typeof changedAtMs === 'number' &&
    Array.isArray(messages);
  if (!isSound) return [];
  const read = messages.slice(0, chatLimits.messagesMax).flatMap(readMessage);
  return [{ id, title, changedAtMs, messages: read }];
}

function readMessage(value: unknown): Message[] {
  const message = (value ?? {}) as Partial<Answer> | { role: 'user'; text?: unknown };
  if (typeof message.text !== 'string') return [];
  if (message.role === 'user') return [{ role: 'user', text: message.text }];
  if (message.role !== 'assistant') return [];
  const basis = emptyAnswer(typeof message.model === 'string' ? message.model : '');
  const { failure, hops, reroutes } = message;
  return [
    {
      ...basis,
      ...message,
      role: 'assistant',
      text: message.text,
      // A page that was closed while it streamed stopped the answer.
      state: message.state === undefined || message.state === 'running' ? 'stopped' : message.state,
      failure: failure ?? null,
      hops: Array.isArray(hops) ? hops : [],
      reroutes: Array.isArray(reroutes) ? reroutes : [],
      missing: [],
    },
  ];
}
