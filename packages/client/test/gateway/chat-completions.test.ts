import { describe, expect, it } from 'vitest';
import { toyGreedy } from '../support/toy-model.js';
import { failAt } from '../support/toy-session.js';
import { toyText } from '../support/toy-tokenizer.js';
import { setUpGateway, shape } from './support/toy-gateway.js';

const path = '/v1/chat/completions';
const messages = [{ role: 'user', content: 'tell me' }];
const basis = { model: 'toy', messages, temperature: 0, max_tokens: 8 };

/** What the toy model says after a rendered prompt. */
function greedyText(prompt: string, count: number): string {
  const ids = [...prompt].map((letter) =>
    ' abcdefghijklmnopqrstuvwxyz.,!?ABCDEFGHIJKLMNOPQRST'.indexOf(letter),
  );
  return toyText(toyGreedy(shape, ids, count));
}

const rendered = 'u! tell me. a! ';
const expected = greedyText(rendered, 8);

describe('POST /v1/chat/completions', () => {
  it('answers as a whole', async () => {
    const { ask } = setUpGateway();
    const { status, headers, body } = await ask(path, basis);
    expect(body).toEqual({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/),
      object: 'chat.completion',
      created: 1_700_000_001,
      model: 'toy',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: expected, refusal: null },
          logprobs: null,
          finish_reason: 'length',
        },
      ],
      usage: {
        prompt_tokens: rendered.length,
        completion_tokens: 8,
        total_tokens: rendered.length + 8,
        prompt_tokens_details: { cached_tokens: 0 },
      },
      system_fingerprint: expect.stringMatching(/^fp_/),
    });
    expect(status).toBe(200);
    expect(headers.get('x-request-id')).toMatch(/^req_/);
    expect(headers.get('x-skein-model')).toBe('toy');
  });

  it('streams the same', async () => {
    const { stream } = setUpGateway();
    const { events, headers } = await stream(path, {
      ...basis,
      stream_options: { include_usage: true },
    });
    expect(headers.get('content-type')).toContain('text/event-stream');
    expect(headers.get('x-request-id')).toMatch(/^req_/);
    expect(events.at(-1)).toBe('[DONE]');
    const chunks = events.slice(0, -1);
    expect(chunks[0].choices[0].delta).toEqual({ role: 'assistant', content: '', refusal: null });
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
    expect(text).toBe(expected);
    expect(chunks.at(-2).choices[0].finish_reason).toBe('length');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 8 } });
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  it('leaves the usage out of a stream that did not ask for it', async () => {
    const { events } = await setUpGateway().stream(path, basis);
    expect(events.slice(0, -1).some((chunk) => 'usage' in chunk)).toBe(false);
  });

  it('reads messages as people write them', async () => {
    const { ask } = setUpGateway();
    const { body } = await ask(path, {
      ...basis,
      messages: [
        { role: 'developer', content: 'short' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'tell ' },
            { type: 'text', text: 'me' },
          ],
        },
        { role: 'assistant', content: 'no', refusal: null, tool_calls: [], annotations: [] },
        { role: 'user', content: 'do' },
      ],
      tools: [],
      response_format: { type: 'text' },
      store: false,
    });
    const text = greedyText('s! short. u! tell me. a! no. u! do. a! ', 8);
    expect(body.choices[0].message.content).toBe(text);
  });

  it('gives n answers: each has a seed of its own, the first the one that was given', async () => {
    const { ask, swarm } = setUpGateway();
    const request = { ...basis, temperature: 1, seed: 5 };
    const seeds = [5, 6, 7];
    const alone: string[] = [];
    for (const seed of seeds) {
      const { body } = await ask(path, { ...request, seed });
      alone.push(body.choices[0].message.content);
    }
    const opened = swarm.peer('a1').opened;
    const { body } = await ask(path, { ...request, n: 3 });
    const texts = body.choices.map(
      ({ message }: { message: { content: string } }) => message.content,
    );
    expect(texts).toEqual(alone);
    expect(new Set(texts).size).toBe(3);
    expect(swarm.peer('a1').opened).toBeGreaterThan(opened);
    expect(body.usage).toMatchObject({ prompt_tokens: rendered.length, completion_tokens: 24 });
  });

  it('streams n answers side by side', async () => {
    const { stream } = setUpGateway();
    const { events } = await stream(path, { ...basis, n: 2 });
    const texts = ['', ''];
    for (const { choices } of events.slice(0, -1)) {
      texts[choices[0].index] += choices[0].delta.content ?? '';
    }
    expect(texts).toEqual([expected, expected]);
  });

  it('ends before a stop text', async () => {
    const { ask } = setUpGateway();
    const stop = expected.slice(3, 5);
    const { body } = await ask(path, { ...basis, stop });
    expect(body.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: expected.slice(0, expected.indexOf(stop)) },
    });
    const listed = await ask(path, { ...basis, stop: ['never', stop] });
    expect(listed.body.choices[0].message).toEqual(body.choices[0].message);
  });

  it('reports log-probabilities, streamed and not', async () => {
    const { ask, stream } = setUpGateway();
    const request = { ...basis, logprobs: true, top_logprobs: 2 };
    const { content } = (await ask(path, request)).body.choices[0].logprobs;
    expect(content.map(({ token }: { token: string }) => token).join('')).toBe(expected);
    for (const { token, logprob, bytes, top_logprobs: top } of content) {
      expect(top).toHaveLength(2);
      expect(top[0]).toEqual({ token, logprob, bytes });
      expect(top[1].logprob).toBeLessThanOrEqual(logprob);
      expect(bytes).toEqual([token.charCodeAt(0)]);
    }
    const { events } = await stream(path, request);
    const streamed = events
      .slice(0, -1)
      .flatMap(({ choices }) => choices[0].logprobs?.content ?? []);
    expect(streamed).toEqual(content);
  });

  it.each([
    ['temperature', { temperature: 0.5 }],
    ['top_k', { temperature: 1, top_k: 3 }],
    ['top_p', { temperature: 1, top_p: 0.2 }],
    ['min_p', { temperature: 1, min_p: 0.8 }],
    ['logit_bias', { logit_bias: { 7: 100 } }],
    ['frequency_penalty', { frequency_penalty: 2 }],
    ['presence_penalty', { presence_penalty: 2 }],
    ['repetition_penalty', { repetition_penalty: 3 }],
  ])('%s changes what is drawn', async (_name, fields) => {
    const { ask } = setUpGateway();
    const request = { ...basis, seed: 1, max_tokens: 40 };
    const other = 'temperature' in fields && fields.temperature === 1 ? { temperature: 1 } : {};
    const plain = await ask(path, { ...request, ...other });
    const changed = await ask(path, { ...request, ...fields });
    expect(changed.status).toBe(200);
    const text = changed.body.choices[0].message.content;
    expect(text).not.toBe(plain.body.choices[0].message.content);
    if ('logit_bias' in fields) expect(text).toBe('g'.repeat(40));
  });

  it.each([
    ['no model', { model: undefined }, 'missing_required_parameter', 'model'],
    ['no messages', { messages: [] }, 'invalid_value', 'messages'],
    [
      'an image',
      { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] },
      'invalid_value',
      'messages[0].content',
    ],
    [
      'a role',
      { messages: [{ role: 'robot', content: 'x' }] },
      'invalid_value',
      'messages[0].role',
    ],
    [
      'a result of no call',
      { messages: [{ role: 'tool', content: 'x' }] },
      'missing_required_parameter',
      'messages[0].tool_call_id',
    ],
    [
      'a text that is missing',
      { messages: [{ role: 'user' }] },
      'missing_required_parameter',
      'messages[0].content',
    ],
    [
      'tools without a function',
      { tools: [{ type: 'function' }] },
      'missing_required_parameter',
      'tools[0].function',
    ],
    ['a choice among no tools', { tool_choice: 'required' }, 'invalid_value', 'tool_choice'],
    [
      'an unknown format',
      { response_format: { type: 'xml' } },
      'invalid_value',
      'response_format.type',
    ],
    [
      'a schema that cannot be enforced',
      {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'x', schema: { type: 'array', uniqueItems: true } },
        },
      },
      'invalid_value',
      'response_format.json_schema.schema',
    ],
    [
      'JSON without an end',
      { response_format: { type: 'json_object' }, ignore_eos: true },
      'invalid_value',
      'ignore_eos',
    ],
    [
      'JSON from a model whose vocabulary has no braces',
      { response_format: { type: 'json_object' } },
      'model_unsupported',
      'model',
    ],
    ['storing', { store: true }, 'unsupported_parameter', 'store'],
    [
      'a name',
      { messages: [{ role: 'user', content: 'x', name: 'y' }] },
      'unsupported_parameter',
      'messages[0].name',
    ],
    ['what it never heard of', { frobnicate: 1 }, 'unsupported_parameter', 'frobnicate'],
    [
      'options of a stream without one',
      { stream_options: { include_usage: true } },
      'invalid_value',
      'stream_options',
    ],
    ['a model that is no name', { model: 7 }, 'invalid_value', 'model'],
    ['a temperature', { temperature: -1 }, 'invalid_value', 'temperature'],
    ['n', { n: 0 }, 'invalid_value', 'n'],
    ['two limits', { max_completion_tokens: 9 }, 'invalid_value', 'max_tokens'],
    [
      'alternatives without log-probabilities',
      { top_logprobs: 2 },
      'invalid_value',
      'top_logprobs',
    ],
    ['a biased token', { logit_bias: { 99: 1 } }, 'invalid_value', null],
  ])('refuses %s by name', async (_title, fields, code, param) => {
    const { ask, swarm } = setUpGateway();
    const { status, body } = await ask(path, { ...basis, ...fields });
    expect(body.error).toMatchObject({ code, param, type: 'invalid_request_error' });
    expect(status).toBe(400);
    expect(swarm.openSessions).toBe(0);
  });

  it('says how far a context is exceeded', async () => {
    const { ask } = setUpGateway();
    const long = await ask(path, {
      ...basis,
      messages: [{ role: 'user', content: 'x'.repeat(300) }],
    });
    expect(long.status).toBe(400);
    expect(long.body.error).toMatchObject({
      code: 'context_length_exceeded',
      prompt_tokens: 308,
      context_length: 200,
    });
    const greedy = await ask(path, { ...basis, max_tokens: 190 });
    expect(greedy.body.error).toMatchObject({
      code: 'context_length_exceeded',
      prompt_tokens: 15,
      max_tokens: 190,
      context_length: 200,
    });
    const unlimited = await ask(path, { ...basis, max_tokens: null });
    expect(unlimited.body.usage.completion_tokens).toBe(185);
  });

  it('names a model that nobody hosts', async () => {
    const { status, body } = await setUpGateway().ask(path, { ...basis, model: 'other' });
    expect(status).toBe(404);
    expect(body.error).toMatchObject({ code: 'model_not_found', param: 'model' });
    expect(body.error.message).toContain('toy');
  });

  it('says which blocks are missing, and when to come again', async () => {
    const peers = [
      { name: 'a1', span: [0, 2] as const },
      { name: 'c1', span: [4, 6] as const },
    ];
    const { ask, events } = setUpGateway({ peers });
    for (const isStream of [false, true]) {
      const { status, headers, body } = await ask(path, { ...basis, stream: isStream });
      expect(status).toBe(503);
      expect(headers.get('retry-after')).toBe('5');
      expect(body.error).toMatchObject({
        code: 'no_route',
        type: 'server_error',
        missing_blocks: [{ start: 2, end: 4 }],
      });
    }
    expect(events.filter(({ type }) => type === 'failure')).toHaveLength(2);
  });

  it.each(['a1', 'b1', 'c1'])('goes on when %s is killed', async (name) => {
    const { stream, swarm } = setUpGateway();
    swarm.peer(name).rules.push(failAt(rendered.length + 3, 'kill'));
    const { events } = await stream(path, basis);
    const chunks = events.slice(0, -1);
    expect(chunks.map(({ choices }) => choices[0].delta.content ?? '').join('')).toBe(expected);
  });

  it('tells within the stream of a failure after its beginning', async () => {
    const { stream, swarm } = setUpGateway({
      peers: [
        { name: 'a1', span: [0, 2] },
        { name: 'b1', span: [2, 4] },
        { name: 'c1', span: [4, 6] },
      ],
    });
    swarm.peer('b1').rules.push(failAt(rendered.length + 3, 'kill'));
    const { status, events } = await stream(path, basis);
    expect(status).toBe(200);
    expect(events.at(-1)).toMatchObject({ error: { code: 'no_route', type: 'server_error' } });
    expect(events).not.toContain('[DONE]');
    expect(swarm.openSessions).toBe(0);
  });
});
