import { limits, type TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { type ClientGenerateOptions, createClient } from '../../src/client/client.js';
import type { GenerationEvent } from '../../src/generate/generation-types.js';
import type { Hop } from '../../src/session/hop.js';
import { type Arrived, RunAhead } from '../../src/session/run-ahead.js';
import { sessionLimits } from '../../src/session/session-limits.js';
import { idle, settle, TestClock } from '../support/test-clock.js';
import { toyGreedy } from '../support/toy-model.js';
import { failAt, sixPeers } from '../support/toy-session.js';
import { type ToyPeerOptions, ToySwarm, toyModel } from '../support/toy-swarm.js';

const shape = { blockCount: 6, vocabSize: 50, contextLength: 400 };
const promptTokens = [4, 8, 15, 16, 23, 42] as TokenId[];
const onePeer: readonly ToyPeerOptions[] = [{ name: 'whole', span: [0, 6] }];

function setUp(peers: readonly ToyPeerOptions[], model = toyModel(shape)) {
  const swarm = new ToySwarm(model, peers);
  const clock = new TestClock();
  const { node, directory } = swarm;
  const client = createClient({ node, directory, clock, random: () => 0 });
  const run = async (options: Partial<ClientGenerateOptions> = {}) => {
    const work = async () => {
      const events: GenerationEvent[] = [];
      const request = { model: 'toy', promptTokens, maxTokens: 100, temperature: 0, ...options };
      for await (const event of client.generate(request as ClientGenerateOptions)) {
        events.push(event);
      }
      return events;
    };
    const events = await settle(clock, work());
    await idle();
    return {
      events,
      tokens: events.flatMap((event) => (event.type === 'token' ? [event.id] : [])),
      reroutes: events.filter(({ type }) => type === 'reroute'),
    };
  };
  /** Steps that the peers began by themselves. */
  const ahead = () => [...swarm.peers.values()].reduce((sum, peer) => sum + peer.stepsAhead, 0);
  return { swarm, client, clock, run, ahead };
}

describe.each([
  ['one hop', onePeer],
  ['three hops', sixPeers],
])('peers that run ahead over %s', (_name, peers) => {
  it('begin every step of a greedy generation but the first, and no more', async () => {
    const { swarm, run, ahead } = setUp(peers);
    expect((await run()).tokens).toEqual(toyGreedy(shape, promptTokens, 100));
    // A hundred tokens take the prompt's step and 99 more. Toys take no time: now and then they come to
    // the end of what they were let go for before the client has read a word.
    expect(ahead()).toBeGreaterThan(95);
    expect(ahead()).toBeLessThanOrEqual(99);
    expect(swarm.violations).toEqual([]);
  });

  it.each([
    { temperature: 1, seed: 7 },
    { temperature: 0.7, topK: 10, topP: 0.9, seed: 2 ** 40 + 1 },
    { temperature: 1.2, minP: 0.05, seed: 99 },
  ])('draw what their client draws: %o', async (sampling) => {
    const { run, ahead } = setUp(peers);
    const { tokens } = await run(sampling);
    const begun = ahead();
    expect(begun).toBeGreaterThan(95);
    expect(tokens).toEqual((await run({ ...sampling, runAhead: false })).tokens);
    expect(ahead()).toBe(begun);
  });

  it.each([{ repetitionPenalty: 1.2 }, { presencePenalty: 0.5 }, { logitBias: new Map([[3, 1]]) }])(
    'wait where the choice depends on more than the last logits: %o',
    async (options) => {
      const { run, ahead } = setUp(peers);
      expect((await run(options as object)).tokens).toHaveLength(100);
      expect(ahead()).toBe(0);
    },
  );

  it('are taken back where they drew other tokens, and are not let go again', async () => {
    const { swarm, run, ahead } = setUp(peers);
    for (const peer of swarm.peers.values()) peer.liesAhead = true;
    const { tokens, reroutes } = await run();
    expect(tokens).toEqual(toyGreedy(shape, promptTokens, 100));
    expect(ahead()).toBeGreaterThan(0);
    // Four times, each for as long as they were let go.
    expect(ahead()).toBeLessThanOrEqual(
      sessionLimits.aheadDisagreementsMax * (sessionLimits.aheadSteps + 1),
    );
    expect(reroutes).toEqual([]);
    expect(swarm.violations).toEqual([]);
  });

  it('stop when the answer ends early, and the next turn goes on after it', async () => {
    const whole = toyGreedy(shape, promptTokens, 100);
    const { swarm, client, clock, ahead } = setUp(peers);
    const two = async () => {
      const conversation = await client.openSession({ model: 'toy' });
      const read = async (prompt: readonly TokenId[], count: number) => {
        const tokens: TokenId[] = [];
        const options = { promptTokens: prompt, maxTokens: 100, temperature: 0 };
        for await (const event of conversation.generate(options as never)) {
          if (event.type !== 'token') continue;
          tokens.push(event.id);
          if (tokens.length === count) break;
        }
        return tokens;
      };
      const first = await read(promptTokens, 10);
      const begun = ahead();
      await idle();
      // What was told before the end may still be computed: no more than the peers were let go for.
      expect(ahead() - begun).toBeLessThan(40);
      const second = await read([5, 6] as TokenId[], 10);
      await conversation.close();
      return { first, second };
    };
    const { first, second } = await settle(clock, two());
    expect(first).toEqual(whole.slice(0, 10));
    const context = [...promptTokens, ...first, 5, 6];
    expect(second).toEqual(toyGreedy(shape, context, 10));
    expect(swarm.violations).toEqual([]);
  });

  it.each(['kill', 'close', 'hang', 'stick', 'drop', 'corrupt'] as const)(
    'lose nothing when one fails: %s',
    async (action) => {
      const spare = peers === onePeer ? [...onePeer, { ...onePeer[0], name: 'spare' }] : peers;
      const { swarm, run, ahead } = setUp(spare as readonly ToyPeerOptions[]);
      const victims = peers === onePeer ? ['whole'] : ['a1', 'b1', 'c1'];
      for (const [index, name] of victims.entries()) {
        swarm.peer(name).rules.push(failAt(30 + 20 * index, action));
      }
      expect((await run()).tokens).toEqual(toyGreedy(shape, promptTokens, 100));
      expect(ahead()).toBeGreaterThan(80);
    },
  );
});

describe('results that nobody asked for yet', () => {
  const sampling = { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 };
  const hops = [{ peer: 'a', multiaddrs: [] }] as unknown as Hop[];
  const result = (byteLength: number) => {
    const message = { type: 'result', step: 1, epoch: 1, position: 9, trace: [], tensors: [] };
    const tensors = [{ type: 'u8', shape: [byteLength], bytes: new Uint8Array(byteLength) }];
    return { received: { message, tensors }, atMs: 0 } as unknown as Arrived;
  };
  const letGo = () => {
    const ahead = new RunAhead();
    ahead.enter(1);
    ahead.instruction(hops, { sampling, to: 1000 }, { to: 8, epoch: 1 });
    ahead.note({ ...result(0).received.message, next: 3 }, 0, 1);
    return ahead;
  };

  it('are no larger than those that hops may go on after', () => {
    letGo().keep(result(8 * limits.topKMax + 4));
    expect(() => letGo().keep(result(8 * limits.topKMax + 5))).toThrow('nobody asked for yet');
  });

  it('are no more than the hops were let go for', () => {
    const ahead = letGo();
    for (let index = 0; index <= sessionLimits.aheadSteps; index += 1) ahead.keep(result(12));
    expect(() => ahead.keep(result(12))).toThrow('too far ahead');
  });
});

describe('a last hop that does not reach the first one', () => {
  it('leaves the way to the client, and nobody is blamed', async () => {
    const { swarm, run, ahead } = setUp(sixPeers.slice(0, 3));
    swarm.blockedEdges.add('c1>a1');
    const { tokens, reroutes } = await run();
    expect(tokens).toEqual(toyGreedy(shape, promptTokens, 100));
    expect(ahead()).toBe(1);
    expect(reroutes).toEqual([]);
    expect(swarm.violations).toEqual([]);
  });
});
