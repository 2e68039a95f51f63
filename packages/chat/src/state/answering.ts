import { batch, signal } from '@preact/signals';
import { describeBreak } from '../api/failure.js';
import { type AnswerEvent, ask } from '../api/gateway.js';
import { type Answer, emptyAnswer, type Message, promptOf } from '../conversations/conversation.js';
import { AnswerWriter } from './answer-writer.js';
import { addMessages, changeAnswer, conversations, current, currentId } from './conversations.js';
import { needsKey } from './models.js';
import { apiKey, settings } from './settings.js';

/** Conversations that are being answered, with what stops them. */
const running = signal<ReadonlyMap<string, AbortController>>(new Map());

/** What a reader of the screen is told. */
export const announcement = signal('');

export function isAnswering(id: string | null): boolean {
  return id !== null && running.value.has(id);
}

/** Asks a question in the current conversation, in the place of message `at` and all after it. */
export function askQuestion(text: string, at = current.value?.messages.length ?? 0): void {
  const messages: Message[] = [{ role: 'user', text }, emptyAnswer(settings.value.model)];
  begin(messages, at);
}

/** Has the last question of the current conversation answered again. */
export function answerAgain(): void {
  const messages = current.value?.messages ?? [];
  const last = messages.findLastIndex(({ role }) => role === 'user');
  if (last >= 0) begin([emptyAnswer(settings.value.model)], last + 1);
}

/** Ends the answer of a conversation; what came stays. */
export function stopAnswer(id: string | null): void {
  if (id !== null) running.value.get(id)?.abort();
}

function begin(messages: readonly Message[], keptCount: number): void {
  stopAnswer(currentId.value);
  const id = addMessages(currentId.value, messages, { keptCount });
  const controller = new AbortController();
  batch(() => {
    currentId.value = id;
    running.value = new Map(running.value).set(id, controller);
    announcement.value = 'The answer is on its way.';
  });
  void write(id, controller);
}

async function write(id: string, controller: AbortController): Promise<void> {
  const { signal: abort } = controller;
  const conversation = conversations.peek().find((candidate) => candidate.id === id);
  const writer = new AnswerWriter((change) => {
    // Another answer may have taken this one's place.
    if (running.peek().get(id) === controller) changeAnswer(id, change);
  });
  try {
    const { system, model, temperature, topP, maxTokens, seed } = settings.peek();
    const messages = promptOf(conversation?.messages.slice(0, -1) ?? [], system);
    const question = { model, messages, temperature, topP, maxTokens, seed };
    for await (const event of ask(question, { key: apiKey.peek(), signal: abort })) {
      if (abort.aborted) break;
      take(event, writer);
    }
    writer.end(abort.aborted ? 'stopped' : null);
  } catch (error) {
    if (abort.aborted) writer.end('stopped');
    else {
      const failure = describeBreak(error);
      if (failure.code === 'invalid_api_key') needsKey.value = true;
      writer.fail(failure);
    }
  }
  if (running.peek().get(id) !== controller) return;
  batch(() => {
    const others = new Map(running.value);
    others.delete(id);
    running.value = others;
    announcement.value = ending(conversations.value.find((c) => c.id === id)?.messages.at(-1));
  });
}

function take(event: AnswerEvent, writer: AnswerWriter): void {
  if (event.type === 'text') writer.add(event.text);
  else if (event.type === 'news') {
    const text = writer.addNews(event.news);
    if (text !== null) announcement.value = text;
  } else if (event.type === 'end') writer.setReason(event.reason);
  else writer.setTokens(event.tokens);
}

function ending(message: Message | undefined): string {
  if (message?.role !== 'assistant') return '';
  const texts: Record<Answer['state'], string> = {
    running: '',
    whole: 'The answer is complete.',
    cut: 'The answer ended at the limit of tokens.',
    stopped: 'Stopped.',
    failed: message.failure?.title ?? 'No answer.',
  };
  return texts[message.state];
}
