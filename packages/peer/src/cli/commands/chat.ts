import { createInterface } from 'node:readline/promises';
import { type ChatMessage, createClient } from '@skein/client';
import { createOutput, painter } from '../output.js';
import { findModel, type GenerationOptions, samplingOf, showEvent } from './generate.js';

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
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  let answering: AbortController | null = null;
  // Ctrl-C stops the answer; without one it leaves, as it does everywhere.
  terminal.on('SIGINT', () => (answering === null ? terminal.close() : answering.abort()));
  try {
    await client.start();
    const model = await findModel(client, options.model);
    const { wireType, maxTokens } = options;
    const conversation = await client.openSession({ model, wireType });
    output.say(`${paint.bold(model)}. ${paint.dim(help)}\n`);
    const opening: ChatMessage[] =
      options.system === undefined ? [] : [{ role: 'system', content: options.system }];
    let messages = [...opening];
    terminal.setPrompt(paint.cyan('you  '));
    terminal.prompt();
    for await (const line of terminal) {
      const said = line.trim();
      if (said === '/exit') break;
      if (said === '/clear') messages = [...opening];
      else if (said === '/help' || said === '') output.say(help);
      else {
        messages.push({ role: 'user', content: said });
        answering = new AbortController();
        const { signal } = answering;
        let answer = '';
        const events = conversation.generate({
          messages,
          ...samplingOf(options),
          ...(maxTokens === undefined ? {} : { maxTokens }),
          signal,
        });
        for await (const event of events) {
          if (event.type === 'token' || event.type === 'end') answer += event.text;
          showEvent(event, output);
        }
        answering = null;
        messages.push({ role: 'assistant', content: answer });
      }
      terminal.prompt();
    }
    await conversation.close();
  } finally {
    terminal.close();
    await client.stop();
  }
}
