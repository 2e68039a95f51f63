import { describe, expect, it } from 'vitest';
import { parseApiKeys } from '../../src/gateway/admission/api-keys.js';
import { idle } from '../support/test-clock.js';
import type { FaultRule } from '../support/toy-swarm.js';
import { setUpGateway } from './support/toy-gateway.js';

const path = '/v1/chat/completions';
const user = (content: string) => ({ role: 'user', content });
const opening = [{ role: 'system', content: 'you tell tales of foxes and owls' }, user('begin')];
const basis = { model: 'toy', max_tokens: 8 };

type Toy = ReturnType<typeof setUpGateway>;

async function ask(gateway: Toy, fields: object, init: RequestInit = {}) {
  const { body } = await gateway.ask(path, { ...basis, ...fields }, init);
  return {
    text: body.choices[0].message.content as string,
    cached: body.usage.prompt_tokens_details.cached_tokens as number,
    prompt: body.usage.prompt_tokens as number,
  };
}

describe('sessions are reused', () => {
  it('for the next turn of a conversation: only what is new is computed', async () => {
    const gateway = setUpGateway();
    const first = await ask(gateway, { messages: opening });
    const followUp = [...opening, { role: 'assistant', content: first.text }, user('go on')];
    const second = await ask(gateway, { messages: followUp });
    expect(gateway.swarm.peer('a1').opened).toBe(1);
    // The last token of an answer is never computed, since nothing came after it.
    expect(second.cached).toBe(first.prompt + 7);
    expect(gateway.swarm.openSessions).toBe(3);
  });

  it('for another conversation that begins alike', async () => {
    const gateway = setUpGateway();
    await ask(gateway, { messages: opening });
    const other = await ask(gateway, { messages: [opening[0], user('stop')] });
    expect(other.cached).toBe('s! you tell tales of foxes and owls. u! '.length);
  });

  it('for greedy and seeded requests as far as it is exact, and says the same', async () => {
    const gateway = setUpGateway();
    const fresh = setUpGateway({ keptSessions: 0 });
    for (const options of [{ temperature: 0 }, { seed: 4 }]) {
      const request = { messages: opening, ...options };
      await ask(gateway, request);
      const again = await ask(gateway, request);
      const alone = await ask(fresh, request);
      expect(again.text).toBe(alone.text);
      // Steps of 16 rows, as a fresh session would make them.
      expect(again.cached).toBe(Math.floor(alone.prompt / 16) * 16);
      expect(alone.cached).toBe(0);
    }
    expect(fresh.swarm.openSessions).toBe(0);
  });

  it('within one priority only, of which the peers are told', async () => {
    const gateway = setUpGateway();
    await ask(gateway, { messages: opening, service_tier: 'flex' });
    expect(gateway.swarm.peer('a1').priorities).toEqual(['background']);
    const usual = await ask(gateway, { messages: opening });
    expect(usual.cached).toBe(0);
    const low = await ask(gateway, { messages: opening, service_tier: 'flex' });
    expect(low.cached).toBeGreaterThan(0);
    expect(gateway.swarm.peer('a1').priorities).toEqual(['background', 'interactive']);
  });

  it('within one key only', async () => {
    const keys = parseApiKeys({
      keys: [
        { name: 'fox', key: 'fox-key-0001' },
        { name: 'owl', key: 'owl-key-0001' },
      ],
    });
    const gateway = setUpGateway({ keys });
    const as = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
    await ask(gateway, { messages: opening }, as('fox-key-0001'));
    expect((await ask(gateway, { messages: opening }, as('owl-key-0001'))).cached).toBe(0);
    const again = await ask(gateway, { messages: opening }, as('fox-key-0001'));
    expect(again.cached).toBeGreaterThan(0);
  });

  it('not for a few tokens that all prompts share', async () => {
    const gateway = setUpGateway();
    await ask(gateway, { messages: [user('foxes')] });
    expect((await ask(gateway, { messages: [user('owls')] })).cached).toBe(0);
    expect(gateway.swarm.openSessions).toBe(6);
  });
});

describe('kept sessions are bounded', () => {
  it('by count: the least recently used goes', async () => {
    const gateway = setUpGateway({ keptSessions: 2 });
    const themes = ['foxes foxes foxes', 'owls owls owls owls', 'geese geese geese'];
    for (const theme of themes) await ask(gateway, { messages: [user(theme)] });
    await idle();
    expect(gateway.swarm.openSessions).toBe(2 * 3);
    const [first, , last] = themes as [string, string, string];
    expect((await ask(gateway, { messages: [user(last)] })).cached).toBeGreaterThan(0);
    expect((await ask(gateway, { messages: [user(first)] })).cached).toBe(0);
  });

  it('by time', async () => {
    const gateway = setUpGateway();
    await ask(gateway, { messages: opening });
    expect(gateway.swarm.openSessions).toBe(3);
    while (gateway.swarm.openSessions > 0) {
      expect(gateway.clock.fireNext()).toBe(true);
      await idle();
    }
    expect((await ask(gateway, { messages: opening })).cached).toBe(0);
  });

  it('by the room of the peers: what runs comes first', async () => {
    const peers = [
      { name: 'a1', span: [0, 3] as const },
      { name: 'b1', span: [3, 6] as const },
    ];
    const gateway = setUpGateway({ peers });
    await ask(gateway, { messages: [user('foxes foxes foxes')] });
    // A peer that has room for one session only.
    const isFull: FaultRule = ({ peer }) => {
      if (peer.hops.size < 2) return null;
      // A rule is used up when it strikes.
      peer.rules.push(isFull);
      return { code: 'kv-full' };
    };
    gateway.swarm.peer('b1').rules.push(isFull);
    const { text } = await ask(gateway, {
      messages: [user('owls owls owls owls')],
      temperature: 0,
    });
    expect(text).toHaveLength(8);
    expect(gateway.swarm.openSessions).toBe(2);
  });

  it('and end with the gateway', async () => {
    const gateway = setUpGateway();
    await ask(gateway, { messages: opening });
    await gateway.run(gateway.gateway.stop());
    expect(gateway.swarm.openSessions).toBe(0);
    const { status, body } = await gateway.ask(path, { ...basis, messages: opening });
    expect(status).toBe(503);
    expect(body.error.code).toBe('stopping');
  });
});
