import { Ajv2020 } from 'ajv/dist/2020.js';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway, tinyTales } from '../support/gateway.js';
import { stopEverything } from '../support/skein-process.js';
import { startSwarm } from '../support/swarm.js';

const model = 'tiny-tales';
const ajv = new Ajv2020({ strict: false });
const parameters = {
  type: 'object',
  properties: {
    animal: { type: 'string', maxLength: 12 },
    count: { type: 'integer', minimum: 1, maximum: 20 },
  },
  required: ['animal', 'count'],
  additionalProperties: false,
};
const feed = { name: 'feed', description: 'Feeds animals.', parameters };
const tools = [
  { type: 'function' as const, function: feed },
  { type: 'function' as const, function: { name: 'sleep' } },
];
const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Feed the fox.' }];
const named = { type: 'function' as const, function: { name: 'feed' } };

let gateway: TestGateway;

beforeAll(async () => {
  const swarm = await startSwarm({ model: tinyTales, blocks: ['0:4', '4:8'] });
  gateway = await startGateway(swarm);
});
afterAll(stopEverything);

const callsOf = (choice: OpenAI.ChatCompletion.Choice | undefined) =>
  (choice?.message.tool_calls ?? []) as OpenAI.ChatCompletionMessageFunctionToolCall[];

describe('chat completions', () => {
  it('call a tool that is named, with valid arguments, and stream the same', async () => {
    const request = { model, messages, tools, tool_choice: named, seed: 5, max_tokens: 80 };
    const { choices } = await gateway.openai.chat.completions.create(request);
    expect(choices[0]?.finish_reason).toBe('tool_calls');
    expect(choices[0]?.message.content).toBeNull();
    const [call, ...others] = callsOf(choices[0]);
    expect(others).toEqual([]);
    expect(call?.function.name).toBe('feed');
    expect(call?.id).toMatch(/^call_/);
    expect(ajv.validate(parameters, JSON.parse(call?.function.arguments ?? ''))).toBe(true);
    const stream = gateway.openai.chat.completions.stream(request);
    const streamed = (await stream.finalChatCompletion()).choices[0];
    expect(streamed?.finish_reason).toBe('tool_calls');
    expect(callsOf(streamed).map((found) => found.function.arguments)).toEqual([
      call?.function.arguments,
    ]);
  });

  it('call some tool that is required, at temperature 1', async () => {
    const answers = await Promise.all(
      [1, 2, 3, 4].map((seed) =>
        gateway.openai.chat.completions.create({
          ...{ model, messages, tools, tool_choice: 'required', seed, max_tokens: 90 },
          parallel_tool_calls: seed % 2 === 0,
        }),
      ),
    );
    for (const { choices } of answers) {
      expect(choices[0]?.finish_reason).toBe('tool_calls');
      for (const { function: called } of callsOf(choices[0])) {
        const schema = called.name === 'feed' ? parameters : { type: 'object', maxProperties: 0 };
        expect(ajv.validate(schema, JSON.parse(called.arguments))).toBe(true);
      }
    }
    expect(callsOf(answers[0]?.choices[0])).toHaveLength(1);
  });

  it('go on after what a tool answered, and need not call one', async () => {
    const { choices } = await gateway.openai.chat.completions.create({
      ...{ model, tools, max_tokens: 16, temperature: 0.5, seed: 1 },
      messages: [
        ...messages,
        {
          role: 'assistant',
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'sleep', arguments: '{}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: 'It slept.' },
      ],
    });
    expect(choices[0]?.message.content?.length).toBeGreaterThan(0);
    expect(choices[0]?.finish_reason).toBe('length');
  });

  it('refuse what cannot be enforced by its name', async () => {
    const bad = { type: 'object', properties: { a: { not: {} } } };
    const create = (body: object) =>
      gateway.openai.chat.completions
        .create({ model, messages, ...body } as OpenAI.ChatCompletionCreateParamsNonStreaming)
        .catch((error) => error);
    expect(
      await create({ tools: [{ type: 'function', function: { name: 'a', parameters: bad } }] }),
    ).toMatchObject({ status: 400, param: 'tools' });
    expect(
      await create({ tools, tool_choice: { type: 'function', function: { name: 'x' } } }),
    ).toMatchObject({ status: 400, param: 'tool_choice' });
  });
});

describe('responses', () => {
  it('call tools, whole and streamed, and take the result back', async () => {
    const request = {
      ...{ model, input: 'Feed the fox.', max_output_tokens: 80 },
      tools: [{ type: 'function' as const, ...feed, strict: true }],
      tool_choice: { type: 'function' as const, name: 'feed' },
    };
    const response = await gateway.openai.responses.create(request);
    expect(response.status).toBe('completed');
    const [call] = response.output;
    if (call?.type !== 'function_call') throw new Error(`a ${call?.type} instead of a call`);
    expect(ajv.validate(parameters, JSON.parse(call.arguments))).toBe(true);
    const stream = gateway.openai.responses.stream(request);
    let text = '';
    stream.on('response.function_call_arguments.delta', ({ delta }) => {
      text += delta;
    });
    const [streamed] = (await stream.finalResponse()).output;
    expect(streamed).toMatchObject({ type: 'function_call', name: 'feed', arguments: text });
    const after = await gateway.openai.responses.create({
      ...{ model, max_output_tokens: 8 },
      input: [
        { role: 'user', content: 'Feed the fox.' },
        call,
        { type: 'function_call_output', call_id: call.call_id, output: 'Done.' },
      ],
    });
    expect(after.output_text.length).toBeGreaterThan(0);
  });
});
