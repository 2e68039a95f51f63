import { Ajv2020 } from 'ajv/dist/2020.js';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway, tinyTales } from '../support/gateway.js';
import { sessionsOn } from '../support/peer-status.js';
import { stopEverything } from '../support/skein-process.js';
import { type Swarm, startSwarm } from '../support/swarm.js';

const model = 'tiny-tales';
const messages = [{ role: 'user' as const, content: 'Tell me a story about a fox.' }];
const ajv = new Ajv2020({ strict: false });

const character = {
  type: 'object',
  properties: {
    name: { type: 'string', maxLength: 20 },
    animal: { enum: ['fox', 'owl', 'goose'] },
    age: { type: 'integer', minimum: 1, maximum: 99 },
    friends: { type: 'array', items: { type: 'string', maxLength: 9 }, maxItems: 2 },
  },
  required: ['name', 'animal', 'age', 'friends'],
  additionalProperties: false,
};
const story = {
  type: 'object',
  properties: { title: { type: 'string' }, text: { type: 'string', minLength: 400 } },
  required: ['title', 'text'],
  additionalProperties: false,
};

const under = (schema: Record<string, unknown>) => ({
  type: 'json_schema' as const,
  json_schema: { name: 'answer', schema, strict: true },
});

let swarm: Swarm;
let gateway: TestGateway;

beforeAll(async () => {
  const parameters = ['--http', '127.0.0.1:0'];
  swarm = await startSwarm({ model: tinyTales, blocks: ['0:4', '4:8', '0:4', '4:8'], parameters });
  gateway = await startGateway(swarm, ['--kept-sessions', '0']);
});
afterAll(stopEverything);

describe('JSON answers', () => {
  it('are valid under their schema, 20 of 20 at temperature 1', async () => {
    const request = { model, messages, max_tokens: 64, temperature: 1 };
    const requests = Array.from({ length: 20 }, (_, seed) => ({
      ...request,
      seed,
      response_format: under(
        seed % 4 === 3 ? { ...story, properties: { title: {}, text: {} } } : character,
      ),
    }));
    const answers = await Promise.all(
      requests.map((body) => gateway.openai.chat.completions.create(body)),
    );
    const outcomes = answers.map(({ choices: [choice] }, index) => {
      const { schema } = (requests[index] as (typeof requests)[number]).response_format.json_schema;
      const text = choice?.message.content ?? '';
      return {
        text,
        reason: choice?.finish_reason,
        isValid: ajv.validate(schema, JSON.parse(text)),
      };
    });
    expect(outcomes).toEqual(outcomes.map((o) => ({ ...o, reason: 'stop', isValid: true })));
  });

  it('come from the Responses API, and in JSON mode', async () => {
    const response = await gateway.openai.responses.create({
      ...{ model, input: 'Tell me about a fox.', max_output_tokens: 60 },
      text: { format: { type: 'json_schema', name: 'answer', schema: character } },
    });
    expect(response.status).toBe('completed');
    expect(ajv.validate(character, JSON.parse(response.output_text))).toBe(true);
    expect(response.text?.format).toMatchObject({ type: 'json_schema', name: 'answer' });
    const { choices } = await gateway.openai.chat.completions.create({
      ...{ model, messages, max_tokens: 50, response_format: { type: 'json_object' } },
    });
    expect(JSON.parse(choices[0]?.message.content ?? '')).toBeTypeOf('object');
  });

  it('say honestly when the limit of tokens is too small for any', async () => {
    const { choices } = await gateway.openai.chat.completions.create({
      ...{ model, messages, max_tokens: 5, response_format: under(character) },
    });
    expect(choices[0]?.finish_reason).toBe('length');
    expect(() => JSON.parse(choices[0]?.message.content ?? '')).toThrow();
  });

  it('are refused under a schema that cannot be enforced, with the place', async () => {
    const schema = { type: 'object', properties: { a: { type: 'array', uniqueItems: true } } };
    const error = await gateway.openai.chat.completions
      .create({ model, messages, response_format: under(schema) })
      .catch((e) => e);
    expect(error).toMatchObject({ status: 400, param: 'response_format.json_schema.schema' });
    expect(error.message).toContain('#/properties/a: "uniqueItems" is not supported');
  });

  it('go on when a peer is killed, character for character', async () => {
    const body = {
      ...{ model, messages, seed: 11, temperature: 1, max_tokens: 240, stream: true as const },
      response_format: under(story),
    };
    const read = async (onText: (text: string) => Promise<void>) => {
      let text = '';
      let last: OpenAI.ChatCompletionChunk.Choice | undefined;
      for await (const { choices } of await gateway.openai.chat.completions.create(body)) {
        text += choices[0]?.delta.content ?? '';
        last = choices[0] ?? last;
        await onText(text);
      }
      return { text, reason: last?.finish_reason };
    };
    const unbroken = await read(async () => {});
    let victims = 0;
    const broken = await read(async (text) => {
      if (victims > 0 || text.length < 100) return;
      victims += 1;
      const counts = await Promise.all(swarm.peers.map(sessionsOn));
      swarm.peers[counts.lastIndexOf(1)]?.process.kill('SIGKILL');
    });
    expect(victims).toBe(1);
    expect(broken).toEqual(unbroken);
    expect(broken.reason).toBe('stop');
    expect(ajv.validate(story, JSON.parse(broken.text))).toBe(true);
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(/skein_gateway_reroutes_total\{.*\} [1-9]/);
  });
});
