import type { Failure } from '../api/failure.js';
import type { ChatMessage } from '../api/gateway.js';
import type { Hop, Reroute } from '../api/route-news.js';
import { chatLimits } from '../chat-limits.js';

/** What a person wrote. */
export interface UserMessage {
  readonly role: 'user';
  readonly text: string;
}

/** What the model wrote, and how it came about. */
export interface Answer {
  readonly role: 'assistant';
  readonly text: string;
  readonly model: string;
  /** `cut`: at the limit of tokens. */
  readonly state: 'running' | 'whole' | 'cut' | 'stopped' | 'failed';
  readonly failure: Failure | null;
  readonly hops: readonly Hop[];
  readonly reroutes: readonly (Reroute & { readonly text: string })[];
  /** Blocks without a host, while the answer waits for one. */
  readonly missing: readonly { readonly start: number; readonly end: number }[];
  readonly firstTokenMs: number | null;
  readonly tokensPerSecond: number | null;
}

export type Message = UserMessage | Answer;

export interface Conversation {
  readonly id: string;
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly changedAtMs: number;
  readonly messages: readonly Message[];
}

/** An answer of which nothing has come yet. */
export function emptyAnswer(model: string): Answer {
  return {
    role: 'assistant',
    text: '',
    model,
    state: 'running',
    failure: null,
    hops: [],
    reroutes: [],
    missing: [],
    firstTokenMs: null,
    tokensPerSecond: null,
  };
}

/** A title from the first words of a conversation. */
export function titleFor(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  const { titleCharactersMax } = chatLimits;
  return line.length <= titleCharactersMax ? line : `${line.slice(0, titleCharactersMax - 1)}…`;
}

/** What the model is to read: all that was said, failed answers left out. */
export function promptOf(messages: readonly Message[], system: string): readonly ChatMessage[] {
  const said = messages
    .filter((message) => message.role === 'user' || message.text !== '')
    .map(({ role, text }): ChatMessage => ({ role, content: text }));
  return system.trim() === '' ? said : [{ role: 'system', content: system }, ...said];
}

/** The newest first, as many as may be kept. */
export function bounded(conversations: readonly Conversation[]): readonly Conversation[] {
  const sorted = [...conversations].sort((a, b) => b.changedAtMs - a.changedAtMs);
  return sorted.slice(0, chatLimits.conversationsMax);
}
