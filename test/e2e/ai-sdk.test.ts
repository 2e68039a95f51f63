import { createClient, type SkeinClient } from '@skein/client';
import { createSkein, type SkeinProvider } from '@skein/client/ai-sdk';
import { generateObject, generateText, jsonSchema, streamText, tool } from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyTales } from '../support/gateway.js';
import { sessionsOn, untilFree } from '../support/peer-status.js';
import { stopEverything } from '../support/skein-process.js';
import { type Swarm, startSwarm } from '../support/swarm.js';

const prompt = 'Tell me a story about a fox.';
/** The same text each time, long enough to be interrupted. */
const story = { prompt, seed: 3, temperature: 0.7, maxOutputTokens: 120, maxRetries: 0 };
const goesOn = { skein: { ignoreEos: true } };

// The warnings are looked at, not printed.
globalThis.AI_SDK_LOG_WARNINGS = false;

let swarm: Swarm;
let skein: SkeinProvider;
let client: SkeinClient;

beforeAll(async () => {
  const blocks = ['0:4', '4:8', '0:4', '4:8'];
  swarm = await startSwarm({ model: tinyTales, blocks, parameters: ['--http', '127.0.0.1:0'] });
  skein = createSkein({ bootstrap: [swarm.bootstrap] });
  client = createClient({ bootstrap: [swarm.bootstrap] });
  await client.start();
});

afterAll(async () => {
  await skein.stop();
  await client.stop();
  await stopEverything();
});

/** What the SDK itself makes of the same request. */
async function reference(options: { maxTokens: number; ignoreEos: boolean }): Promise<string> {
  const messages = [{ role: 'user', content: prompt }];
  const { seed, temperature } = story;
  const model = 'tiny-tales';
  let text = '';
  for await (const event of client.generate({ model, messages, seed, temperature, ...options })) {
    if (event.type === 'token' || event.type === 'end') text += event.text;
  }
  return text;
}

describe('the AI SDK over a swarm', () => {
  it('generateText: text, usage, finish reason, route and timings', async () => {
    const answer = await generateText({ model: skein('tiny-tales', goesOn.skein), ...story });
    expect(answer.text).toBe(await reference({ maxTokens: 120, ignoreEos: true }));
    expect(answer.finishReason).toBe('length');
    expect(answer.usage).toMatchObject({ outputTokens: 120, inputTokens: expect.any(Number) });
    expect(answer.warnings).toEqual([]);
    expect(answer.response.modelId).toBe('tiny-tales');
    expect(answer.providerMetadata?.skein).toMatchObject({
      route: [{ span: [0, 4] }, { span: [4, 8] }],
      reroutes: [],
      seed: 3,
      timings: { firstTokenMs: expect.any(Number), tokensPerSecond: expect.any(Number) },
    });
  });

  it('ends where the model does, and at a stop sequence', async () => {
    const model = skein('tiny-tales');
    const whole = await generateText({ ...story, model, maxOutputTokens: 400 });
    expect(whole.finishReason).toBe('stop');
    const cut = await generateText({ ...story, model, stopSequences: ['.'] });
    expect(cut.finishReason).toBe('stop');
    expect(cut.text).toBe(whole.text.slice(0, whole.text.indexOf('.')));
  });

  it('carries a conversation', async () => {
    const model = skein('tiny-tales');
    const { response } = await generateText({ ...story, model, maxOutputTokens: 20 });
    const messages = [
      { role: 'user' as const, content: prompt },
      ...response.messages,
      { role: 'user' as const, content: 'Go on.' },
    ];
    const { prompt: _prompt, ...settings } = story;
    const next = await generateText({ ...settings, model, messages, maxOutputTokens: 8 });
    const told = messages.map(({ role, content }) => ({
      role,
      content:
        typeof content === 'string' ? content : content.map((part) => Object(part).text).join(''),
    }));
    let text = '';
    const same = { model: 'tiny-tales', messages: told, maxTokens: 8, seed: 3, temperature: 0.7 };
    for await (const event of client.generate(same)) {
      if (event.type === 'token' || event.type === 'end') text += event.text;
    }
    expect(next.text).toBe(text);
  });

  it('generateObject: an object that is valid under its schema', async () => {
    const schema = jsonSchema<{ hero: string; age: number }>({
      type: 'object',
      properties: {
        hero: { enum: ['fox', 'owl', 'bear'] },
        age: { type: 'integer', minimum: 1, maximum: 9 },
      },
      required: ['hero', 'age'],
      additionalProperties: false,
    });
    const { object, finishReason, warnings } = await generateObject({
      ...story,
      model: skein('tiny-tales'),
      schema,
    });
    expect(['fox', 'owl', 'bear']).toContain(object.hero);
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9]).toContain(object.age);
    expect(finishReason).toBe('stop');
    expect(warnings).toEqual([]);
  });

  it('calls tools, and goes on with their results', async () => {
    const called: unknown[] = [];
    const tools = {
      findKey: tool({
        description: 'Finds a lost key.',
        inputSchema: jsonSchema<{ place: string }>({
          type: 'object',
          properties: { place: { enum: ['bush', 'cave'] } },
          required: ['place'],
          additionalProperties: false,
        }),
        execute: async (input) => {
          called.push(input);
          return 'It is not there.';
        },
      }),
    };
    const model = skein('tiny-tales');
    const required = await generateText({ ...story, model, tools, toolChoice: 'required' });
    expect(required.finishReason).toBe('tool-calls');
    expect(required.toolCalls[0]).toMatchObject({ toolName: 'findKey', input: called[0] });
    expect(['bush', 'cave']).toContain(Object(called[0]).place);
    const streamed = streamText({ ...story, model, tools, toolChoice: 'required' });
    const types: string[] = [];
    for await (const { type } of streamed.fullStream) types.push(type);
    expect(types).toEqual(expect.arrayContaining(['tool-input-start', 'tool-call', 'tool-result']));
    expect((await streamed.toolCalls)[0]).toMatchObject({ input: called[0] });
    const messages = [{ role: 'user' as const, content: prompt }, ...required.response.messages];
    const { prompt: _prompt, ...settings } = story;
    const answer = { ...settings, model, messages, tools, toolChoice: 'none' as const };
    const next = await generateText({ ...answer, maxOutputTokens: 20 });
    expect(next.toolCalls).toEqual([]);
    expect(next.text).not.toBe('');
  });

  it('says what it does not do', async () => {
    const answer = await generateText({
      ...story,
      model: skein('tiny-tales'),
      maxOutputTokens: 4,
      headers: { 'x-fox': 'red' },
    });
    expect(answer.warnings).toMatchObject([{ type: 'unsupported', feature: 'headers' }]);
  });

  it('gives errors their codes', async () => {
    const ask = (model: string, options: object = {}) =>
      generateText({ ...story, model: skein(model), ...options });
    await expect(ask('no-such-model')).rejects.toMatchObject({ code: 'model-unknown' });
    await expect(ask('tiny-tales', { maxOutputTokens: 1, topP: 7 })).rejects.toMatchObject({
      code: 'bad-argument',
    });
    const unknown = { providerOptions: { skein: { tail: 'red' } } };
    await expect(ask('tiny-tales', unknown)).rejects.toMatchObject({ code: 'bad-argument' });
    expect(() => skein.embeddingModel('tiny-tales')).toThrow('text, not embeddings');
  });

  it('an abort ends the session on all peers', async () => {
    const leave = new AbortController();
    const types: string[] = [];
    const { fullStream } = streamText({
      ...story,
      model: skein('tiny-tales'),
      maxOutputTokens: 800,
      providerOptions: goesOn,
      abortSignal: leave.signal,
    });
    for await (const part of fullStream) {
      if (!types.includes(part.type)) types.push(part.type);
      if (part.type === 'text-delta' && !leave.signal.aborted) {
        expect((await Promise.all(swarm.peers.map(sessionsOn))).filter(Boolean)).toHaveLength(2);
        leave.abort();
      }
    }
    expect(types).toContain('abort');
    expect(types).not.toContain('finish');
    expect(await untilFree(swarm.peers)).toBeLessThan(1000);
  });

  it('a reader that leaves ends it as well', async () => {
    const { stream } = await skein('tiny-tales').doStream({
      prompt: [{ role: 'user', content: [{ type: 'text', text: prompt }] }],
      maxOutputTokens: 800,
      providerOptions: goesOn,
    });
    for await (const part of stream) if (part.type === 'text-delta') break;
    expect(await untilFree(swarm.peers)).toBeLessThan(1000);
  });

  // The last one: it takes a peer away.
  it('streamText: a peer is killed while it streams, and the text is the same', async () => {
    const expected = await reference({ maxTokens: 120, ignoreEos: true });
    const answer = streamText({ ...story, model: skein('tiny-tales'), providerOptions: goesOn });
    let text = '';
    let victim: string | undefined;
    for await (const delta of answer.textStream) {
      text += delta;
      if (victim !== undefined || text.length < 60) continue;
      const counts = await Promise.all(swarm.peers.map(sessionsOn));
      const peer = swarm.peers[counts.lastIndexOf(1)];
      peer?.process.kill('SIGKILL');
      victim = peer?.id;
    }
    expect(text).toBe(expected);
    const { skein: told } = (await answer.providerMetadata) ?? {};
    expect(told?.reroutes).toMatchObject([{ lostPeer: victim, recoveryMs: expect.any(Number) }]);
    expect((await answer.usage).outputTokens).toBe(120);
  });
});
