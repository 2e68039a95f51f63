import { describe, expect, it } from 'vitest';
import { toyGreedy } from '../support/toy-model.js';
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
  });

  it('streams the same', async () => {
    const { stream } = setUpGateway();
    const { events, headers } = await stream(path, {
      ...basis,
      stream_options: { include_usage: true },
    });
    expect(headers.get('content-type')).toContain('text/event-stream');
    expect(events.at(-1)).toBe('[DONE]');
    const chunks = events.slice(0, -1);
    expect(chunks[0].choices[0].delta).toEqual({ role: 'assistant', content: '', refusal: null });
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
    expect(text).toBe(expected);
    expect(chunks.at(-2).choices[0].finish_reason).toBe('length');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 8 } });
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });
});
