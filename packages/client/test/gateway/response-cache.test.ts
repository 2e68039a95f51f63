import type { TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { parseApiKeys } from '../../src/gateway/admission/api-keys.js';
import type { ChoiceEvent } from '../../src/gateway/generation/generation-request.js';
import { ResponseCache } from '../../src/gateway/generation/response-cache.js';
import { TestClock } from '../support/test-clock.js';
import { setUpGateway } from './support/toy-gateway.js';

const path = '/v1/chat/completions';
const basis = { model: 'toy', messages: [{ role: 'user', content: 'tell me' }], max_tokens: 6 };

describe('a gateway with a response cache', () => {
  const responseCache = { bytesMax: 1024 * 1024, ageMsMax: 60_000 };

  it('answers greedy and seeded requests without a peer, once it has the answer', async () => {
    const { ask, stream, swarm } = setUpGateway({ responseCache, keptSessions: 0 });
    for (const fields of [{ temperature: 0 }, { seed: 3 }]) {
      const first = await ask(path, { ...basis, ...fields });
      const opened = swarm.peer('a1').opened;
      const second = await ask(path, { ...basis, ...fields });
      expect(swarm.peer('a1').opened).toBe(opened);
      expect(first.headers.get('x-skein-cache')).toBeNull();
      expect(second.headers.get('x-skein-cache')).toBe('hit');
      expect(second.body.choices).toEqual(first.body.choices);
      expect(second.body.usage).toEqual(first.body.usage);
      const { events } = await stream(path, { ...basis, ...fields });
      const text = events.map((event) => event.choices?.[0]?.delta.content ?? '').join('');
      expect(text).toBe(first.body.choices[0].message.content);
      expect(swarm.peer('a1').opened).toBe(opened);
    }
  });

  it('draws anew where no seed is given, and where anything differs', async () => {
    const { ask, swarm } = setUpGateway({ responseCache, keptSessions: 0 });
    const requests = [
      {},
      {},
      { seed: 1 },
      { seed: 2 },
      { seed: 1, max_tokens: 5 },
      { seed: 1, top_p: 0.5 },
      { seed: 1, stop: 'q' },
      { seed: 1, logit_bias: { 3: 1 } },
      { seed: 1, logprobs: true },
      { seed: 1, n: 1, messages: [{ role: 'user', content: 'other' }] },
    ];
    for (const fields of requests) await ask(path, { ...basis, ...fields });
    expect(swarm.peer('a1').opened).toBe(requests.length);
  });

  it('keeps keys apart, and nothing without being asked', async () => {
    const keys = parseApiKeys({
      keys: [
        { name: 'fox', key: 'fox-key-0001' },
        { name: 'owl', key: 'owl-key-0001' },
      ],
    });
    const gateway = setUpGateway({ responseCache, keys, keptSessions: 0 });
    for (const key of ['fox-key-0001', 'owl-key-0001']) {
      const headers = { authorization: `Bearer ${key}` };
      await gateway.ask(path, { ...basis, seed: 1 }, { headers });
    }
    expect(gateway.swarm.peer('a1').opened).toBe(2);
    const without = setUpGateway({ keptSessions: 0 });
    for (let round = 0; round < 2; round += 1) await without.ask(path, { ...basis, seed: 1 });
    expect(without.swarm.peer('a1').opened).toBe(2);
  });
});

describe('ResponseCache', () => {
  const usage = { promptTokens: 1, cachedTokens: 0, completionTokens: 1 };
  const response = (text: string) => {
    const event: ChoiceEvent = {
      type: 'token',
      choice: 0,
      id: 1 as TokenId,
      text,
      logProbability: 0,
      alternatives: [],
      toolCalls: [],
    };
    return { events: [event], usage };
  };

  it('forgets by age', () => {
    const clock = new TestClock();
    const cache = new ResponseCache(clock, { bytesMax: 10_000, ageMsMax: 1000 });
    cache.set('a', response('x'));
    clock.advance(1000);
    expect(cache.get('a')).not.toBeNull();
    clock.advance(1);
    expect(cache.get('a')).toBeNull();
    expect(cache.bytes).toBe(0);
  });

  it('forgets the least recently used beyond its size, and takes nothing huge', () => {
    const cache = new ResponseCache(new TestClock(), { bytesMax: 1000, ageMsMax: 1000 });
    for (const key of ['a', 'b', 'c', 'd']) cache.set(key, response('x'.repeat(50)));
    cache.get('a');
    cache.set('e', response('x'.repeat(50)));
    expect(cache.bytes).toBeLessThanOrEqual(1000);
    expect(cache.get('a')).not.toBeNull();
    expect(cache.get('b')).toBeNull();
    cache.set('huge', response('x'.repeat(200)));
    expect(cache.get('huge')).toBeNull();
  });
});
