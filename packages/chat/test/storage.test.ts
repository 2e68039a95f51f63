import { describe, expect, it } from 'vitest';
import { chatLimits } from '../src/chat-limits.js';
import { type Conversation, emptyAnswer } from '../src/conversations/conversation.js';
import { keepConversations, readConversations } from '../src/conversations/storage.js';

/** A storage with so much room. */
class Shelf {
  readonly texts = new Map<string, string>();
  readonly #charactersMax: number;

  constructor(charactersMax = Number.POSITIVE_INFINITY) {
    this.#charactersMax = charactersMax;
  }

  getItem(name: string): string | null {
    return this.texts.get(name) ?? null;
  }

  setItem(name: string, text: string): void {
    if (text.length > this.#charactersMax) throw new DOMException('full', 'QuotaExceededError');
    this.texts.set(name, text);
  }

  removeItem(name: string): void {
    this.texts.delete(name);
  }
}

const conversation = (number: number, text = 'hello'): Conversation => ({
  id: `c${number}`,
  title: text.slice(0, 10),
  changedAtMs: number,
  messages: [
    { role: 'user', text },
    { ...emptyAnswer('toy'), state: 'whole', text: 'hi' },
  ],
});

describe('conversations on a shelf', () => {
  it('come back as they were, the newest first', () => {
    const shelf = new Shelf();
    const [old, young] = [conversation(1), conversation(2)];
    expect(keepConversations(shelf, [old, young])).toBe(0);
    expect(readConversations(shelf)).toEqual([young, old]);
  });

  it('are no more than may be kept', () => {
    const shelf = new Shelf();
    const many = Array.from({ length: chatLimits.conversationsMax + 5 }, (_, index) =>
      conversation(index),
    );
    expect(keepConversations(shelf, many)).toBe(5);
    expect(readConversations(shelf).at(-1)?.changedAtMs).toBe(5);
  });

  it('take no more room than there is: the oldest go', () => {
    const long = 'x'.repeat(chatLimits.storedCharactersMax / 3);
    const shelf = new Shelf();
    const four = [1, 2, 3, 4].map((number) => conversation(number, long));
    expect(keepConversations(shelf, four)).toBe(2);
    expect(readConversations(shelf).map(({ id }) => id)).toEqual(['c4', 'c3']);

    const small = new Shelf(1500);
    const some = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => conversation(number));
    expect(keepConversations(small, some)).toBeGreaterThan(0);
    expect(readConversations(small)[0]?.id).toBe('c8');

    expect(keepConversations(new Shelf(1), some)).toBe(8);
  });

  it('that were closed while they were answered are stopped', () => {
    const shelf = new Shelf();
    const running = { ...conversation(1), messages: [emptyAnswer('toy')] };
    keepConversations(shelf, [running]);
    expect(readConversations(shelf)[0]?.messages[0]).toMatchObject({ state: 'stopped' });
  });

  it.each([
    'no JSON',
    '{}',
    'null',
    '[null, 1, {"id": 1}, {"id": "a", "title": "b", "changedAtMs": 1}]',
  ])('of somebody else (%s) are none', (text) => {
    const shelf = new Shelf();
    shelf.setItem('skein-conversations', text);
    expect(readConversations(shelf)).toEqual([]);
  });

  it('loses messages that cannot be read, not the conversation', () => {
    const shelf = new Shelf();
    const messages = [
      { role: 'user', text: 'a' },
      { role: 'user' },
      null,
      { role: 'odd', text: 'b' },
    ];
    const stored = [{ id: 'a', title: 'b', changedAtMs: 1, messages }];
    shelf.setItem('skein-conversations', JSON.stringify(stored));
    expect(readConversations(shelf)[0]?.messages).toEqual([{ role: 'user', text: 'a' }]);
  });
});
