import { computed, effect, signal } from '@preact/signals';
import { chatLimits } from '../chat-limits.js';
import {
  type Answer,
  bounded,
  type Conversation,
  type Message,
  titleFor,
} from '../conversations/conversation.js';
import { keepConversations, readConversations } from '../conversations/storage.js';

/** All conversations, the newest first. */
export const conversations = signal<readonly Conversation[]>(loadConversations());

/** Null: a new one, of which nothing was said yet. */
export const currentId = signal<string | null>(null);

export const current = computed(
  () => conversations.value.find(({ id }) => id === currentId.value) ?? null,
);

/** Conversations that this device has no room for. */
export const unkeptCount = signal(0);

effect(() => {
  // While answers grow there is nothing worth keeping yet; their end is.
  const isGrowing = conversations.value.some(({ messages }) => isRunning(messages.at(-1)));
  if (!isGrowing) keepNow();
});

/** Keeps everything as it is: before the page goes. */
export function keepNow(): void {
  try {
    unkeptCount.value = keepConversations(localStorage, conversations.peek());
  } catch {
    // Storage may be forbidden.
    unkeptCount.value = conversations.peek().length;
  }
}

/** Adds messages to a conversation, after its first `keptCount`; a missing one is begun. */
export function addMessages(
  id: string | null,
  messages: readonly Message[],
  options: { readonly keptCount: number },
): string {
  const found = conversations.value.find((conversation) => conversation.id === id);
  const first = messages[0];
  const conversation = found ?? {
    id: createId(),
    title: titleFor(first?.text ?? ''),
    changedAtMs: 0,
    messages: [],
  };
  const { keptCount } = options;
  const title =
    keptCount === 0 && first?.role === 'user' ? titleFor(first.text) : conversation.title;
  const all = [...conversation.messages.slice(0, keptCount), ...messages];
  replace({ ...conversation, title, messages: all.slice(-chatLimits.messagesMax) });
  return conversation.id;
}

/** Changes the last answer of a conversation, where there still is one. */
export function changeAnswer(id: string, change: (answer: Answer) => Answer): void {
  const conversation = conversations.value.find((candidate) => candidate.id === id);
  const last = conversation?.messages.at(-1);
  if (conversation === undefined || last?.role !== 'assistant') return;
  const messages = [...conversation.messages.slice(0, -1), change(last)];
  const changed = { ...conversation, messages };
  conversations.value = conversations.value.map((other) => (other.id === id ? changed : other));
}

export function removeConversation(id: string): void {
  conversations.value = conversations.value.filter((conversation) => conversation.id !== id);
  if (currentId.value === id) currentId.value = null;
}

function replace(conversation: Conversation): void {
  const others = conversations.value.filter(({ id }) => id !== conversation.id);
  conversations.value = bounded([{ ...conversation, changedAtMs: Date.now() }, ...others]);
}

function isRunning(message: Message | undefined): boolean {
  return message?.role === 'assistant' && message.state === 'running';
}

/** Pages of other machines than this one have no `crypto.randomUUID`. */
function createId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function loadConversations(): readonly Conversation[] {
  try {
    return readConversations(localStorage);
  } catch {
    return [];
  }
}
