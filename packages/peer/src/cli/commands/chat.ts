import { createInterface } from 'node:readline/promises';
import { type ChatMessage, type Conversation, createClient } from '@skein/client';
import { createOutput, type Output, painter } from '../output.js';
import { findModel, type GenerationOptions, given, samplingOf, showEvent } from './generate.js';

export interface ChatOptions extends GenerationOptions {
  readonly system?: string;
}

const help =
  'Type a message. /clear forgets the conversation, /exit or Ctrl-D leaves, Ctrl-C stops an answer.';

/** `skein chat`: a conversation in the terminal. What was said stays cached on the peers. */
export async function runChat(options: ChatOptions): Promise<void> {
  const output = createOutput(options);
  const paint = painter(output.decorated);
  const client = createClient({ bootstrap: options.bootstrap });
  try {
    await client.start();
    const model = await findModel(client, options.model);
    const conversation = await client.openSession({
      model,
      standby: options.standby,
      acceptMixedNumerics: options.mixedNumerics,
      ...given({ wireType: options.wireType }),
    });
    output.say(`${paint.bold(model)}. ${paint.dim(help)}\n`);
    try {
      await converse(conversation, options, output);
    } finally {
      await conversation.close();
    }
  } finally {
    await client.stop();
  }
}

async function converse(
  conversation: Conversation,
  options: ChatOptions,
  output: Output,
): Promise<void> {
  const opening: ChatMessage[] =
    options.system === undefined ? [] : [{ role: 'system', content: options.system }];
  let messages = [...opening];
  let answering: AbortController | null = null;
  // Not before the loop can read: lines that arrive earlier would be lost.
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C stops the answer; without one it leaves, as it does everywhere.
  terminal.on('SIGINT', () => (answering === null ? terminal.close() : answering.abort()));
  terminal.setPrompt(painter(output.decorated).cyan('you  '));
  terminal.prompt();
  for await (const line of terminal) {
    const said = line.trim();
    if (said === '/exit') break;
    if (said === '/clear') messages = [...opening];
    else if (said === '/help' || said === '') output.say(help);
    else {
      messages.push({ role: 'user', content: said });
      answering = new AbortController();
      const content = await answer(conversation, messages, { options, output, answering });
      answering = null;
      messages.push({ role: 'assistant', content });
    }
    terminal.prompt();
  }
  terminal.close();
}

/** Streams one answer and returns its text; an interrupted one as far as it came. */
async function answer(
  conversation: Conversation,
  messages: readonly ChatMessage[],
  context: { options: ChatOptions; output: Output; answering: AbortController },
): Promise<string> {
  const { maxTokens } = context.options;
  let text = '';
  const events = conversation.generate({
    messages,
    ...samplingOf(context.options),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    signal: context.answering.signal,
  });
  for await (const event of events) {
    if (event.type === 'token' || event.type === 'end') text += event.text;
    showEvent(event, context.output);
  }
  return text;
}
