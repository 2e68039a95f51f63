import { describe, expect, it } from 'vitest';
import { parseModelAlias, pickTarget } from '../../src/gateway/models/model-aliases.js';
import { setUpGateway } from './support/toy-gateway.js';

describe('parseModelAlias', () => {
  it.each([
    ['toy', 'toy', [['toy', 1]]],
    ['gpt-4o=Qwen/Qwen3-8B', 'gpt-4o', [['Qwen/Qwen3-8B', 1]]],
    [
      'story = a*9 + b',
      'story',
      [
        ['a', 9],
        ['b', 1],
      ],
    ],
    [
      'story=a*0.5+b*0.5',
      'story',
      [
        ['a', 0.5],
        ['b', 0.5],
      ],
    ],
  ])('reads %s', (text, name, targets) => {
    const expected = targets.map(([model, weight]) => ({ model, weight }));
    expect(parseModelAlias(text)).toEqual({ name, targets: expected });
  });

  it.each([
    '',
    '=a',
    'a=',
    'a=b*',
    'a=b*0',
    'a=b*-1',
    'a=b*x',
    'a=b*1*2',
    'a=b++c',
    'a=b*Infinity',
  ])('refuses "%s"', (text) => {
    expect(() => parseModelAlias(text)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});

describe('pickTarget', () => {
  const alias = parseModelAlias('story=a*3+b*1');

  it('divides callers by weight, each always the same way', () => {
    const picks = Array.from({ length: 4000 }, (_, user) => {
      const first = pickTarget(alias, `user-${user}`, Math.random);
      expect(pickTarget(alias, `user-${user}`, Math.random)).toBe(first);
      return first.model;
    });
    const share = picks.filter((model) => model === 'a').length / picks.length;
    expect(share).toBeGreaterThan(0.72);
    expect(share).toBeLessThan(0.78);
  });

  it('draws for callers without an identity', () => {
    expect(pickTarget(alias, null, () => 0.74).model).toBe('a');
    expect(pickTarget(alias, null, () => 0.76).model).toBe('b');
  });
});

describe('aliases of a gateway', () => {
  const models = [parseModelAlias('gpt-4o=toy'), parseModelAlias('split=toy*1+missing*1')];
  const ask = { messages: [{ role: 'user', content: 'x' }], max_tokens: 2, temperature: 0 };
  const path = '/v1/chat/completions';

  it('are what is served, and nothing else', async () => {
    const gateway = setUpGateway({ models });
    const list = (await gateway.run(
      gateway.fetch('/v1/models').then((answer) => answer.json()),
    )) as { data: { id: string }[] };
    expect(list.data.map(({ id }) => id)).toEqual(['gpt-4o', 'split']);
    const { body, headers } = await gateway.ask(path, { ...ask, model: 'gpt-4o' });
    expect(body.model).toBe('gpt-4o');
    expect(headers.get('x-skein-model')).toBe('toy');
    expect((await gateway.ask(path, { ...ask, model: 'toy' })).status).toBe(404);
  });

  it('send a user to the same target each time', async () => {
    const gateway = setUpGateway({ models });
    const statusOf = async (user: string) =>
      (await gateway.ask(path, { ...ask, model: 'split', user })).status;
    const users = Array.from({ length: 12 }, (_, index) => `user-${index}`);
    const first = [];
    const again = [];
    for (const user of users) first.push(await statusOf(user));
    for (const user of users) again.push(await statusOf(user));
    expect(new Set(first)).toEqual(new Set([200, 404]));
    expect(again).toEqual(first);
    const metrics = await gateway.run(gateway.fetch('/metrics').then((answer) => answer.text()));
    expect(metrics).toContain('model="split",target="toy"');
  });
});
