import Anthropic from '@anthropic-ai/sdk';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Ollama } from 'ollama';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway, tinyTales } from '../support/gateway.js';
import { sessionsOn } from '../support/peer-status.js';
import { stopEverything } from '../support/skein-process.js';
import { type Swarm, startSwarm } from '../support/swarm.js';

const model = 'tiny-tales';
const ajv = new Ajv2020({ strict: false });
const messages = [{ role: 'user' as const, content: 'Tell me a story about a fox.' }];
const schema = {
  type: 'object',
  properties: { animal: { enum: ['fox', 'owl'] }, age: { type: 'integer', maximum: 99 } },
  required: ['animal', 'age'],
  additionalProperties: false,
};

let swarm: Swarm;
let gateway: TestGateway;
let ollama: Ollama;
let anthropic: Anthropic;

beforeAll(async () => {
  const parameters = ['--http', '127.0.0.1:0'];
  const blocks = ['0:4', '4:8', '0:4', '4:8', '0:4', '4:8'];
  swarm = await startSwarm({ model: tinyTales, blocks, parameters });
  gateway = await startGateway(swarm, ['--kept-sessions', '0', '--api-key', 'goose-key']);
  const headers = { authorization: 'Bearer goose-key' };
  ollama = new Ollama({ host: gateway.url, headers });
  anthropic = new Anthropic({ baseURL: gateway.url, apiKey: 'goose-key', maxRetries: 0 });
});
afterAll(stopEverything);

/** Reads a text twice; the second time a peer is killed in the middle. */
async function readBroken(read: (onText: (text: string) => Promise<void>) => Promise<string>) {
  const unbroken = await read(async () => {});
  let victims = 0;
  const broken = await read(async (text) => {
    if (victims > 0 || text.length < 100) return;
    victims += 1;
    const alive = swarm.peers.filter(({ process }) => !killed.has(process.pid));
    const counts = await Promise.all(alive.map(sessionsOn));
    const victim = alive[counts.lastIndexOf(1)];
    if (victim === undefined) throw new Error(`no peer has the session: ${counts}`);
    killed.add(victim.process.pid);
    victim.process.kill('SIGKILL');
  });
  expect(victims).toBe(1);
  expect(unbroken.length).toBeGreaterThan(150);
  return { unbroken, broken };
}
const killed = new Set<number>();

describe('Ollama’s client', () => {
  it('chats, generates, and lists models', async () => {
    const options = { seed: 4, temperature: 0.7, num_predict: 24 };
    const answer = await ollama.chat({ model: `${model}:latest`, messages, options });
    expect(answer.message.content.length).toBeGreaterThan(20);
    expect(answer).toMatchObject({ done: true, done_reason: 'length', eval_count: 24 });
    const { prompt } = { prompt: messages[0]?.content ?? '' };
    const generated = await ollama.generate({ model, prompt, options });
    expect(generated.response).toBe(answer.message.content);
    const raw = await ollama.generate({ model, prompt: 'Once', raw: true, options });
    expect(raw.prompt_eval_count).toBeLessThan(answer.prompt_eval_count);
    const { models } = await ollama.list();
    expect(models).toMatchObject([{ name: model, details: { family: 'llama' } }]);
    expect(models[0]?.details.parameter_size).toBe('7.5M');
    const shown = await ollama.show({ model });
    expect(shown.capabilities).toEqual(['completion']);
    expect((await ollama.version()).version).toMatch(/^\d+\.\d+\.\d+/);
    expect(await ollama.chat({ model })).toMatchObject({ done: true, done_reason: 'load' });
  });

  it('gets JSON and calls', async () => {
    const options = { num_predict: 60 };
    const answer = await ollama.chat({ model, messages, format: schema, options });
    expect(ajv.validate(schema, JSON.parse(answer.message.content))).toBe(true);
    const tools = [{ type: 'function', function: { name: 'feed', parameters: schema } }];
    const called = await ollama.chat({ model, messages, tools, options });
    // Ollama has no way to demand a call: that the request is understood is all there is to see.
    expect(called.done).toBe(true);
  });

  it('is told of errors in its own way', async () => {
    const ask = (body: object) => ollama.chat({ model, messages, ...body }).catch((e) => e);
    expect(await ask({ model: 'nothing' })).toMatchObject({ status_code: 404 });
    const wrong = await ask({ options: { num_gpu: 1 } });
    expect(wrong).toMatchObject({ status_code: 400 });
    expect(wrong.message).toContain('options.num_gpu');
    const stranger = new Ollama({ host: gateway.url });
    expect(await stranger.list().catch((e) => e)).toMatchObject({ status_code: 401 });
    const unknown = await fetch(`${gateway.url}/api/pull`, {
      method: 'POST',
      headers: { authorization: 'Bearer goose-key' },
    });
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toEqual({ error: expect.stringContaining('/api/pull') });
  });

  it('reads on when a peer is killed, the same text', async () => {
    const options = { seed: 3, temperature: 0.7, num_predict: 150 };
    const { unbroken, broken } = await readBroken(async (onText) => {
      let text = '';
      for await (const part of await ollama.chat({ model, messages, options, stream: true })) {
        text += part.message.content;
        await onText(text);
      }
      return text;
    });
    expect(broken).toBe(unbroken);
  });
});

describe('Anthropic’s client', () => {
  it('asks for a message, with a system message and a stop text', async () => {
    const message = await anthropic.messages.create({
      ...{ model, messages, max_tokens: 120, system: 'Be short.' },
      stop_sequences: ['.'],
    });
    expect(message).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: '.' });
    expect(message.content).toMatchObject([{ type: 'text' }]);
    expect(message.usage.input_tokens).toBeGreaterThan(5);
    const cut = await anthropic.messages.create({ model, messages, max_tokens: 4 });
    expect(cut.stop_reason).toBe('max_tokens');
  });

  it('gets calls, streams them, and gives back what came of them', async () => {
    const request = {
      ...{ model, messages, max_tokens: 80 },
      tools: [{ name: 'feed', input_schema: schema as Anthropic.Tool.InputSchema }],
      tool_choice: { type: 'tool' as const, name: 'feed' },
    };
    const message = await anthropic.messages.create(request);
    expect(message.stop_reason).toBe('tool_use');
    const [call] = message.content;
    if (call?.type !== 'tool_use') throw new Error(`a ${call?.type} instead of a call`);
    expect(ajv.validate(schema, call.input)).toBe(true);
    const streamed = await anthropic.messages.stream(request).finalMessage();
    const [streamedCall] = streamed.content;
    expect(streamedCall).toMatchObject({ type: 'tool_use', name: 'feed' });
    expect(ajv.validate(schema, (streamedCall as Anthropic.ToolUseBlock).input)).toBe(true);
    const after = await anthropic.messages.create({
      ...{ model, max_tokens: 8, tools: request.tools },
      messages: [
        ...messages,
        { role: 'assistant', content: message.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'ok' }] },
      ],
    });
    expect(after.content.length).toBeGreaterThan(0);
  });

  it('is told of errors in its own way', async () => {
    const ask = (body: object) =>
      anthropic.messages
        .create({
          model,
          messages,
          max_tokens: 4,
          ...body,
        } as Anthropic.MessageCreateParamsNonStreaming)
        .catch((error) => error);
    const wrong = await ask({ thinking: { type: 'enabled', budget_tokens: 1024 } });
    expect(wrong).toBeInstanceOf(Anthropic.BadRequestError);
    expect(wrong.error).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
    expect(await ask({ model: 'nothing' })).toBeInstanceOf(Anthropic.NotFoundError);
    const stranger = new Anthropic({ baseURL: gateway.url, apiKey: 'other', maxRetries: 0 });
    await expect(stranger.messages.create({ model, messages, max_tokens: 4 })).rejects.toThrow(
      Anthropic.AuthenticationError,
    );
  });

  it('reads on when a peer is killed', async () => {
    // The API has no seed: at temperature 0 there is one answer.
    const { unbroken, broken } = await readBroken(async (onText) => {
      let text = '';
      const request = { model, messages, max_tokens: 150, temperature: 0, stream: true as const };
      for await (const event of await anthropic.messages.create(request)) {
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') {
          text += event.delta.text;
        }
        await onText(text);
      }
      return text;
    });
    expect(broken).toBe(unbroken);
  });
});
