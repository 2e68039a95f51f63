import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway, tinyTales } from '../support/gateway.js';
import { stopEverything } from '../support/skein-process.js';
import { type Swarm, startSwarm } from '../support/swarm.js';

const model = 'tiny-tales';
const messages = [{ role: 'user' as const, content: 'Tell me a story about a fox.' }];

let swarm: Swarm;
let gateway: TestGateway;

beforeAll(async () => {
  swarm = await startSwarm({ model: tinyTales, blocks: ['0:4', '4:8'] });
  gateway = await startGateway(swarm);
});
afterAll(stopEverything);

describe('chat completions', () => {
  it('answers, and streams the same with the same seed', async () => {
    const { openai } = gateway;
    const request = { model, messages, seed: 7, temperature: 0.8, max_tokens: 60 };
    const whole = await openai.chat.completions.create(request);
    expect(whole.choices[0]?.message.content?.length).toBeGreaterThan(100);
    expect(whole.usage?.completion_tokens).toBeLessThanOrEqual(60);
    const stream = await openai.chat.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage ??= chunk.usage;
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(usage?.completion_tokens).toBe(whole.usage?.completion_tokens);
    const other = await openai.chat.completions.create({ ...request, seed: 8 });
    expect(other.choices[0]?.message.content).not.toBe(text);
  });

  it('gives n different answers', async () => {
    const request = { model, messages, seed: 7, temperature: 1, max_tokens: 30 };
    const one = await gateway.openai.chat.completions.create(request);
    const three = await gateway.openai.chat.completions.create({ ...request, n: 3 });
    const texts = three.choices.map(({ message }) => message.content);
    expect(three.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(new Set(texts).size).toBe(3);
    expect(three.usage?.prompt_tokens).toBe(one.usage?.prompt_tokens);
  });

  it('reports log-probabilities', async () => {
    const { choices } = await gateway.openai.chat.completions.create({
      model,
      messages,
      temperature: 0,
      max_tokens: 12,
      logprobs: true,
      top_logprobs: 3,
    });
    const content = choices[0]?.logprobs?.content ?? [];
    expect(content).toHaveLength(12);
    expect(content.map(({ token }) => token).join('')).toBe(choices[0]?.message.content);
    for (const { token, logprob, bytes, top_logprobs: top } of content) {
      // Greedy: the chosen token is the most likely one.
      expect(top).toHaveLength(3);
      expect(top[0]).toMatchObject({ token, logprob });
      expect(logprob).toBeLessThanOrEqual(0);
      expect(Buffer.from(bytes ?? []).toString()).toBe(token);
    }
  });

  it('ends before a stop text', async () => {
    const request = { model, messages, temperature: 0, max_tokens: 40 };
    const all = await gateway.openai.chat.completions.create(request);
    const text = all.choices[0]?.message.content ?? '';
    const stop = text.slice(20, 25);
    const cut = await gateway.openai.chat.completions.create({ ...request, stop });
    expect(cut.choices[0]?.message.content).toBe(text.slice(0, text.indexOf(stop)));
    expect(cut.choices[0]?.finish_reason).toBe('stop');
  });

  it('computes a conversation’s beginning once', async () => {
    const opening = [
      { role: 'system' as const, content: 'You are a kind teller of tales. '.repeat(6) },
      ...messages,
    ];
    const request = { model, temperature: 0, max_tokens: 20 };
    const first = await gateway.openai.chat.completions.create({ ...request, messages: opening });
    expect(first.usage?.prompt_tokens_details?.cached_tokens).toBe(0);
    const answer = { role: 'assistant' as const, content: first.choices[0]?.message.content ?? '' };
    const followUp = [...opening, answer, { role: 'user' as const, content: 'And then?' }];
    const fresh = await startGateway(swarm, ['--kept-sessions', '0']);
    const second = await gateway.openai.chat.completions.create({ ...request, messages: followUp });
    const alone = await fresh.openai.chat.completions.create({ ...request, messages: followUp });
    expect(second.usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThanOrEqual(32);
    expect(alone.usage?.prompt_tokens_details?.cached_tokens).toBe(0);
    expect(second.choices[0]?.message.content).toBe(alone.choices[0]?.message.content);
    fresh.process.kill('SIGINT');
    expect((await fresh.process.exited).code).toBe(0);
  });
});

describe('completions', () => {
  it('continue a text, echo it, and report log-probabilities', async () => {
    const request = { model, prompt: 'Once upon a time', temperature: 0, max_tokens: 12 };
    const plain = await gateway.openai.completions.create({ ...request, logprobs: 2 });
    const echoed = await gateway.openai.completions.create({ ...request, echo: true });
    const [choice] = plain.choices;
    expect(choice?.text.length).toBeGreaterThan(10);
    expect(echoed.choices[0]?.text).toBe(`Once upon a time${choice?.text}`);
    expect(choice?.logprobs?.tokens?.join('')).toBe(choice?.text);
    expect(choice?.logprobs?.token_logprobs).toHaveLength(12);
    const [first] = choice?.logprobs?.top_logprobs ?? [];
    expect(Object.keys(first ?? {})).toHaveLength(2);
  });

  it('tell how likely the prompt is, as likely as when it was the answer', async () => {
    const basis = { model, temperature: 0, logprobs: 2 };
    const prompt = 'Once upon a time';
    const written = await gateway.openai.completions.create({ ...basis, prompt, max_tokens: 6 });
    const [answer] = written.choices;
    const whole = { ...basis, prompt: `${prompt}${answer?.text}`, max_tokens: 1, echo: true };
    const { choices } = await gateway.openai.completions.create(whole);
    const { tokens, token_logprobs: given, text_offset } = choices[0]?.logprobs ?? {};
    expect(given?.[0]).toBeNull();
    expect(choices[0]?.logprobs?.top_logprobs?.[0]).toBeNull();
    expect(tokens?.join('')).toBe(choices[0]?.text);
    expect(text_offset?.at(-1)).toBe(whole.prompt.length);
    // The last token is the answer's: before it stand those that were written above.
    const again = given?.slice(-7, -1) ?? [];
    expect(tokens?.slice(-7, -1)).toEqual(answer?.logprobs?.tokens);
    for (const [index, value] of (answer?.logprobs?.token_logprobs ?? []).entries()) {
      expect(again[index]).toBeCloseTo(value, 2);
    }
  });

  it('take several prompts, as texts and as tokens', async () => {
    const request = { model, temperature: 0, max_tokens: 8, n: 2 };
    const prompt = ['A fox', 'An owl'];
    const { choices } = await gateway.openai.completions.create({ ...request, prompt });
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(choices[0]?.text).toBe(choices[1]?.text);
    expect(choices[0]?.text).not.toBe(choices[2]?.text);
    const tokens = await gateway.openai.completions.create({ ...request, prompt: [1, 4, 60] });
    expect(tokens.usage?.prompt_tokens).toBe(3);
  });
});

describe('responses', () => {
  const request = {
    model,
    instructions: 'You tell tales.',
    input: 'Tell me a story about an owl.',
    temperature: 0,
    max_output_tokens: 24,
  };

  it('answer', async () => {
    const response = await gateway.openai.responses.create(request);
    expect(response.status).toBe('incomplete');
    expect(response.incomplete_details?.reason).toBe('max_output_tokens');
    expect(response.output_text.length).toBeGreaterThan(20);
    expect(response.usage).toMatchObject({ output_tokens: 24 });
  });

  it('stream the same, in the order that the client expects', async () => {
    const whole = await gateway.openai.responses.create(request);
    const types: string[] = [];
    const stream = gateway.openai.responses.stream(request);
    for await (const event of stream) types.push(event.type);
    const final = await stream.finalResponse();
    expect(final.output_text).toBe(whole.output_text);
    expect(types.slice(0, 4)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
    ]);
    expect(types.slice(-4)).toEqual([
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.incomplete',
    ]);
  });

  it('take what an earlier response gave', async () => {
    const first = await gateway.openai.responses.create(request);
    const input = [
      { role: 'user' as const, content: request.input },
      ...first.output,
      { role: 'user' as const, content: 'And then?' },
    ] as OpenAI.Responses.ResponseInput;
    const second = await gateway.openai.responses.create({ ...request, input });
    expect(second.usage?.input_tokens).toBeGreaterThan(first.usage?.input_tokens ?? 0);
  });
});

describe('the rest', () => {
  it('lists models', async () => {
    const list = await gateway.openai.models.list();
    expect(list.data.map(({ id }) => id)).toEqual([model]);
    expect(await gateway.openai.models.retrieve(model)).toMatchObject({ id: model });
    await expect(gateway.openai.models.retrieve('no/such')).rejects.toThrow(OpenAI.NotFoundError);
  });

  it('says that it is well, ready, and what it counts', async () => {
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    const ready = await fetch(`${gateway.url}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ models: [{ model, complete: true, peers: 2 }] });
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(/skein_gateway_tokens_total\{[^}]*kind="completion"\} [1-9]/);
  });

  it.each([
    ['an unknown model', { model: 'gpt-9' }, 404, 'model_not_found', 'model'],
    ['too long an answer', { max_tokens: 5000 }, 400, 'context_length_exceeded', null],
    [
      'an unsupported parameter',
      { modalities: ['audio'] },
      400,
      'unsupported_parameter',
      'modalities',
    ],
    ['an unknown parameter', { no_such_thing: 1 }, 400, 'unsupported_parameter', 'no_such_thing'],
    ['a value out of range', { temperature: 3 }, 400, 'invalid_value', 'temperature'],
  ])('refuses %s', async (_title, fields, status, code, param) => {
    const request = { model, messages, ...fields } as OpenAI.ChatCompletionCreateParams;
    const error = await gateway.openai.chat.completions.create(request).catch((e) => e);
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ status, code, param });
    expect(error.requestID).toMatch(/^req_/);
  });
});
