import { describe, expect, it } from 'vitest';
import { failAt } from '../support/toy-session.js';
import { setUpGateway } from './support/toy-gateway.js';

const path = '/v1/responses';
const basis = { model: 'toy', input: 'tell me', temperature: 0, max_output_tokens: 8 };

describe('POST /v1/responses', () => {
  it('answers what the chat endpoint answers', async () => {
    const { ask } = setUpGateway();
    const messages = [
      { role: 'system', content: 'short' },
      { role: 'user', content: 'tell me' },
    ];
    const chat = await ask('/v1/chat/completions', {
      model: 'toy',
      messages,
      temperature: 0,
      max_tokens: 8,
    });
    const { body } = await ask(path, { ...basis, instructions: 'short', metadata: { a: 'b' } });
    expect(body).toMatchObject({
      id: expect.stringMatching(/^resp_/),
      object: 'response',
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      instructions: 'short',
      metadata: { a: 'b' },
      output: [
        {
          type: 'message',
          role: 'assistant',
          content: [{ type: 'output_text', text: chat.body.choices[0].message.content }],
        },
      ],
      usage: { input_tokens: chat.body.usage.prompt_tokens, output_tokens: 8 },
    });
  });

  it('takes messages, and what an earlier response gave', async () => {
    const { ask } = setUpGateway();
    const first = await ask(path, basis);
    const input = [
      { role: 'user', content: [{ type: 'input_text', text: 'tell me' }] },
      ...first.body.output,
      { role: 'user', content: 'more' },
    ];
    const second = await ask(path, { ...basis, input });
    expect(second.status).toBe(200);
    expect(second.body.usage.input_tokens).toBe('u! tell me. a! . u! more. a! '.length + 8);
  });

  it('streams numbered events from the beginning to the end', async () => {
    const { ask, stream } = setUpGateway();
    const whole = await ask(path, basis);
    const { events, text } = await stream(path, basis);
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual([...events.keys()]);
    const types = events.map(({ type }) => type);
    expect(types[0]).toBe('response.created');
    expect(types.at(-1)).toBe('response.incomplete');
    expect(text).toContain('event: response.output_text.delta\n');
    expect(events[0].response).toMatchObject({ status: 'in_progress', output: [], usage: null });
    const deltas = events.filter(({ type }) => type === 'response.output_text.delta');
    const said = whole.body.output[0].content[0].text;
    expect(deltas.map(({ delta }) => delta).join('')).toBe(said);
    expect(events.at(-1).response.output[0].content[0].text).toBe(said);
    expect(events.at(-1).response.usage).toEqual(whole.body.usage);
  });

  it('reports log-probabilities when they are included', async () => {
    const include = ['message.output_text.logprobs'];
    const { body } = await setUpGateway().ask(path, { ...basis, include, top_logprobs: 2 });
    const [part] = body.output[0].content;
    expect(part.logprobs.map(({ token }: { token: string }) => token).join('')).toBe(part.text);
    expect(part.logprobs[0].top_logprobs).toHaveLength(2);
  });

  it('fails as a whole after its beginning', async () => {
    const { stream, swarm } = setUpGateway({
      peers: [
        { name: 'a1', span: [0, 3] },
        { name: 'b1', span: [3, 6] },
      ],
    });
    swarm.peer('b1').rules.push(failAt(18, 'kill'));
    const { events } = await stream(path, basis);
    expect(events.at(-1)).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: { code: 'no_route' } },
    });
  });

  it.each([
    [{ previous_response_id: 'resp_1' }, 'previous_response_id'],
    [{ store: true }, 'store'],
    [{ background: true }, 'background'],
    [{ max_tool_calls: 2 }, 'max_tool_calls'],
    [{ reasoning: { effort: 'high' } }, 'reasoning'],
    [{ text: { verbosity: 'low' } }, 'text.verbosity'],
    [{ truncation: 'auto' }, 'truncation'],
    [{ max_tokens: 4 }, 'max_tokens'],
  ])('refuses %j', async (fields, param) => {
    const { status, body } = await setUpGateway().ask(path, { ...basis, ...fields });
    expect(body.error).toMatchObject({ code: 'unsupported_parameter', param });
    expect(status).toBe(400);
  });
});
