import { afterEach, describe, expect, it } from 'vitest';
import { Cleanup, until } from '../../support/cleanup.js';
import {
  logitsOf,
  openChain,
  referenceLogits,
  startHost,
  type TestChain,
} from '../../support/swarm.js';
import { toyConfig } from '../../support/toy-engine.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const prompt = [7, 3, 12, 4];
const greedy = { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 };
const whole = [{ start: 0, end: toyConfig.blockCount }];

function indexOfMaximum(values: Float32Array): number {
  return values.indexOf(Math.max(...values));
}

/** What one engine goes on with. */
async function greedyTokens(count: number): Promise<number[]> {
  const tokens = [...prompt];
  while (tokens.length < prompt.length + count) {
    const rows = await referenceLogits(tokens);
    tokens.push(indexOfMaximum(rows.at(-1) as Float32Array));
  }
  return tokens.slice(prompt.length);
}

/** Lets the last hop go on to a position, and waits until it could. */
async function letGo(chain: TestChain, to: number): Promise<void> {
  sendAhead(chain, to);
  const { host } = chain.hosts.at(-1) as TestChain['hosts'][number];
  await until(() => {
    const ahead = host.find(chain.session)?.ahead ?? null;
    return ahead !== null && ahead.loop?.isAttached !== false;
  });
}

function sendAhead({ hosts, hops }: TestChain, to: number): void {
  const [first] = hosts;
  const isAlone = hosts.length === 1;
  const { peer, multiaddrs } = first?.node ?? { peer: '' as never, multiaddrs: [] };
  const plan = { sampling: greedy, first: isAlone ? null : { peer, multiaddrs: [...multiaddrs] } };
  hops.at(-1)?.send({ type: 'ahead', epoch: 0, to, plan });
}

describe.each([
  ['one hop', whole],
  ['three hops', undefined],
])('`ahead` over %s', (_name, spans) => {
  const open = () => openChain(cleanup, spans === undefined ? {} : { spans });

  it('goes on with its own tokens up to a position, and tells them', async () => {
    const expected = await greedyTokens(5);
    const chain = await open();
    const [first, last] = [chain.hops[0], chain.hops.at(-1)];
    await letGo(chain, prompt.length + 4);
    first?.step({ step: 3, position: 0, tokens: prompt, logits: 'last', topK: 5 });
    for (let index = 0; index <= 4; index += 1) {
      const result = await last?.take('result');
      if (result === undefined) throw new Error('no result');
      const { message } = result;
      expect(message).toMatchObject({ step: 3 + index, position: prompt.length + index });
      expect(message.trace).toHaveLength(2 * chain.hops.length);
      const logits = logitsOf(result);
      expect(logits.size).toBe(5);
      expect(logits.keys().next().value).toBe(expected[index]);
      // The last one waits for the client again.
      expect(message.next).toBe(index < 4 ? expected[index] : undefined);
    }
    const position = prompt.length + 4;
    const token = expected[4] as number;
    first?.step({ step: 8, position, tokens: [token], logits: 'last' });
    expect((await last?.take('result'))?.message).toMatchObject({ position: position + 1 });
  });

  it('goes further when it is told so, and no further with 0', async () => {
    const chain = await open();
    const [first, last] = [chain.hops[0], chain.hops.at(-1)];
    await letGo(chain, prompt.length + 1);
    last?.send({ type: 'ahead', epoch: 0, to: prompt.length + 2 });
    first?.step({ step: 0, position: 0, tokens: prompt, logits: 'last', topK: 5 });
    for (const goesOn of [true, true, false]) {
      expect((await last?.take('result'))?.message.next !== undefined).toBe(goesOn);
    }
    sendAhead(chain, 100);
    last?.send({ type: 'ahead', epoch: 0, to: 0 });
    const position = prompt.length + 2;
    first?.step({ step: 3, position, tokens: [1], logits: 'last', topK: 5 });
    expect((await last?.take('result'))?.message.next).toBeUndefined();
  });

  it('ends with the epoch', async () => {
    const chain = await open();
    const last = chain.hops.at(-1);
    await letGo(chain, 100);
    chain.hops[0]?.step({ step: 0, position: 0, tokens: prompt, logits: 'last', topK: 5 });
    await last?.take('result');
    for (const hop of chain.hops) hop.send({ type: 'truncate', epoch: 1, position: 2 });
    for (const hop of chain.hops) {
      expect((await hop.take('truncated')).message.position).toBe(2);
    }
    last?.received.splice(0);
    // What comes too late belongs to an older epoch.
    sendAhead(chain, 100);
    const step = { epoch: 1, step: 200, position: 2, logits: 'last', topK: 5 } as const;
    chain.hops[0]?.step({ ...step, tokens: [9] });
    const result = await last?.take('result');
    expect(result?.message).toMatchObject({ step: 200, epoch: 1, position: 3 });
    expect(result?.message.next).toBeUndefined();
  });

  it('does not go beyond the context that the session was opened for', async () => {
    const chain = await open();
    const last = chain.hops.at(-1);
    await letGo(chain, 1000);
    const tokens = Array.from({ length: 125 }, (_, index) => index % 50);
    chain.hops[0]?.step({ step: 0, position: 0, tokens, logits: 'last', topK: 5 });
    const positions: number[] = [];
    for (let isOver = false; !isOver; ) {
      const result = await last?.take('result');
      positions.push(result?.message.position ?? 0);
      isOver = result?.message.next === undefined;
    }
    expect(positions).toEqual([125, 126, 127, 128]);
  });
});

describe('`ahead`', () => {
  it.each<[string, number, object]>([
    ['to a hop without the head', 0, { to: 9, plan: { sampling: greedy, first: null } }],
    ['to a last hop that cannot embed', 2, { to: 9, plan: { sampling: greedy, first: null } }],
    ['without a plan', 2, { to: 9 }],
  ])('%s is a violation', async (_name, index, fields) => {
    const { hops } = await openChain(cleanup);
    const hop = hops[index];
    hop?.send({ type: 'ahead', epoch: 0, ...fields } as never);
    expect((await hop?.takeError())?.code).toBe('protocol-violation');
  });

  it('waits for the client where the first hop is out of reach', async () => {
    const chain = await openChain(cleanup);
    const [first, , last] = chain.hops;
    const gone = (await startHost(cleanup, { start: 0, end: 2 })).node;
    await gone.stop();
    const { peer, multiaddrs } = gone;
    const plan = { sampling: greedy, first: { peer, multiaddrs: [...multiaddrs] } };
    last?.send({ type: 'ahead', epoch: 0, to: 50, plan });
    for (let position = 0; position < 3; position += 1) {
      first?.step({ step: position, position, tokens: [1], logits: 'last', topK: 5 });
      expect((await last?.take('result'))?.message.next).toBeUndefined();
    }
    expect(last?.received).toEqual([]);
  });
});
