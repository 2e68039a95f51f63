import { describe, expect, it } from 'vitest';
import { toyGreedy } from '../support/toy-model.js';
import { toyText } from '../support/toy-tokenizer.js';
import { setUpGateway, shape } from './support/toy-gateway.js';

const path = '/v1/completions';
const promptTokens = [4, 8, 15, 16, 23, 42];
const prompt = toyText(promptTokens);
const expected = toyText(toyGreedy(shape, promptTokens, 6));
const basis = { model: 'toy', prompt, temperature: 0, max_tokens: 6 };

describe('POST /v1/completions', () => {
  it('continues a text, and the same as tokens', async () => {
    const { ask } = setUpGateway();
    const fromText = await ask(path, basis);
    expect(fromText.body).toMatchObject({
      id: expect.stringMatching(/^cmpl-/),
      object: 'text_completion',
      choices: [{ index: 0, text: expected, logprobs: null, finish_reason: 'length' }],
      usage: { prompt_tokens: 6, completion_tokens: 6, total_tokens: 12 },
    });
    const fromTokens = await ask(path, { ...basis, prompt: promptTokens });
    expect(fromTokens.body.choices).toEqual(fromText.body.choices);
    const whole = await ask(path, { ...basis, max_tokens: undefined });
    expect(whole.body.usage.completion_tokens).toBe(16);
  });

  it('continues several prompts, n times each', async () => {
    const { ask } = setUpGateway();
    const { body } = await ask(path, { ...basis, prompt: [prompt, 'abc'], n: 2 });
    const abc = toyText(toyGreedy(shape, [1, 2, 3], 6));
    expect(
      body.choices.map(({ index, text }: { index: number; text: string }) => [index, text]),
    ).toEqual([
      [0, expected],
      [1, expected],
      [2, abc],
      [3, abc],
    ]);
    expect(body.usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 24 });
    const tokens = await ask(path, { ...basis, prompt: [promptTokens, [1, 2, 3]] });
    expect(tokens.body.choices.map(({ text }: { text: string }) => text)).toEqual([expected, abc]);
  });

  it('streams, with the prompt before it when asked', async () => {
    const { stream } = setUpGateway();
    const { events } = await stream(path, { ...basis, prompt: [prompt, 'ab'], echo: true });
    expect(events.at(-1)).toBe('[DONE]');
    const texts = ['', ''];
    for (const { choices } of events.slice(0, -1)) texts[choices[0].index] += choices[0].text;
    expect(texts).toEqual([prompt + expected, `ab${toyText(toyGreedy(shape, [1, 2], 6))}`]);
  });

  it('reports log-probabilities as lists', async () => {
    const { ask, stream } = setUpGateway();
    const { logprobs } = (await ask(path, { ...basis, logprobs: 2 })).body.choices[0];
    expect(logprobs.tokens.join('')).toBe(expected);
    expect(logprobs.text_offset).toEqual([0, 1, 2, 3, 4, 5]);
    for (const [index, alternatives] of logprobs.top_logprobs.entries()) {
      expect(alternatives[logprobs.tokens[index]]).toBe(logprobs.token_logprobs[index]);
    }
    const { events } = await stream(path, { ...basis, logprobs: 2 });
    const offsets = events
      .slice(0, -1)
      .flatMap(({ choices }) => choices[0].logprobs?.text_offset ?? []);
    expect(offsets).toEqual(logprobs.text_offset);
  });

  it.each([
    [{ prompt: undefined }, 'missing_required_parameter', 'prompt'],
    [{ prompt: [] }, 'invalid_value', 'prompt'],
    [{ prompt: '' }, 'invalid_value', null],
    [{ suffix: 'x' }, 'unsupported_parameter', 'suffix'],
    [{ best_of: 3 }, 'unsupported_parameter', 'best_of'],
    [{ prompt: ['a', 'b'], n: 100 }, 'invalid_value', 'n'],
    [{ prompt: [4, 999] }, 'invalid_value', null],
  ])('refuses %j', async (fields, code, param) => {
    const { status, body } = await setUpGateway().ask(path, { ...basis, ...fields });
    expect(body.error).toMatchObject({ code, param });
    expect(status).toBe(400);
  });
});
