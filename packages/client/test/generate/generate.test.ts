import { createHash } from 'node:crypto';
import type { TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { type ClientGenerateOptions, createClient } from '../../src/client/client.js';
import type { GenerationEvent, TokenEvent } from '../../src/generate/generation-types.js';
import { idle, settle, TestClock } from '../support/test-clock.js';
import { toyGreedy } from '../support/toy-model.js';
import { failAt, sixPeers } from '../support/toy-session.js';
import { type ToyPeerOptions, ToySwarm, toyManifest, toyModel } from '../support/toy-swarm.js';
import { toyChatTemplate, toyText, toyTokenizerJson } from '../support/toy-tokenizer.js';

const encode = (text: string) => new TextEncoder().encode(text);
const digest = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const shape = { blockCount: 6, vocabSize: 50, contextLength: 200 };

/** Text in and out; small enough that all logits are asked for. */
function textModel(eosTokenIds: readonly number[] = []) {
  const bare = toyManifest(shape, {
    tokenizerDigest: digest(toyTokenizerJson),
    chatTemplateDigest: digest(toyChatTemplate),
  });
  const manifest = { ...bare, config: { ...bare.config, eosTokenIds } };
  const tokenizer = encode(toyTokenizerJson);
  return toyModel(shape, { manifest, tokenizer, chatTemplate: encode(toyChatTemplate) });
}

/** A vocabulary so large that candidates are asked for. */
const largeModel = toyModel({ vocabSize: 2000 });

function setUp(model = textModel(), peers: readonly ToyPeerOptions[] = sixPeers) {
  const swarm = new ToySwarm(model, peers);
  const clock = new TestClock();
  const { node, directory } = swarm;
  const client = createClient({
    node,
    directory,
    clock,
    random: () => 0,
    // The platform's digest settles behind the test clock's back.
    digest: async (bytes) => digest(bytes),
  });
  const collect = async (options: Omit<ClientGenerateOptions, 'model'>) => {
    const events: GenerationEvent[] = [];
    for await (const event of client.generate({ model: 'toy', ...options })) events.push(event);
    return events;
  };
  const run = (options: Omit<ClientGenerateOptions, 'model'>) => settle(clock, collect(options));
  return { swarm, clock, client, run };
}

const promptTokens = [4, 8, 15, 16, 23, 42] as TokenId[];
const tokensOf = (events: readonly GenerationEvent[]) =>
  events.filter((event): event is TokenEvent => event.type === 'token');
const idsOf = (events: readonly GenerationEvent[]) => tokensOf(events).map(({ id }) => id);
const textOf = (events: readonly GenerationEvent[]) =>
  events
    .map((event) => (event.type === 'token' || event.type === 'end' ? event.text : ''))
    .join('');

describe('client.generate', () => {
  it('yields the route, the tokens, and the end', async () => {
    const { swarm, run } = setUp();
    const events = await run({ promptTokens, maxTokens: 10, temperature: 0 });
    const expected = toyGreedy(shape, promptTokens, 10);
    expect(events[0]).toMatchObject({
      type: 'route',
      hops: [
        { name: 'a1', span: { start: 0, end: 2 }, ends: { embedding: true, head: false } },
        { name: 'b1', span: { start: 2, end: 4 }, ends: { embedding: false, head: false } },
        { name: 'c1', span: { start: 4, end: 6 }, ends: { embedding: false, head: true } },
      ],
    });
    expect(idsOf(events)).toEqual(expected);
    expect(tokensOf(events).map(({ position }) => position)).toEqual(expected.map((_, i) => 6 + i));
    expect(textOf(events)).toBe(toyText(expected));
    expect(events.at(-1)).toMatchObject({
      type: 'end',
      reason: 'length',
      tokens: 10,
      promptTokens: 6,
    });
    await idle();
    expect(swarm.openSessions).toBe(0);
    expect(swarm.violations).toEqual([]);
  });

  it('encodes text and renders conversations', async () => {
    const { run } = setUp();
    const text = 'once upon a time';
    const fromText = await run({ prompt: text, maxTokens: 5, temperature: 0 });
    const ids = [...text].map((character) => ' abcdefghijklmnopqrstuvwxyz'.indexOf(character));
    expect(idsOf(fromText)).toEqual(toyGreedy(shape, ids, 5));
    const messages = [{ role: 'user', content: 'tell me' }];
    const fromChat = await run({ messages, maxTokens: 5, temperature: 0 });
    const sameText = await run({ prompt: 'u! tell me. a! ', maxTokens: 5, temperature: 0 });
    expect(idsOf(fromChat)).toEqual(idsOf(sameText));
  });

  it('ends at an end token, unless told otherwise', async () => {
    const expected = toyGreedy(shape, promptTokens, 12);
    const eos = expected[7] as number;
    const stopAt = expected.indexOf(eos);
    const { run } = setUp(textModel([eos]));
    const events = await run({ promptTokens, maxTokens: 12, temperature: 0 });
    expect(idsOf(events)).toEqual(expected.slice(0, stopAt));
    expect(events.at(-1)).toMatchObject({ type: 'end', reason: 'eos', tokens: stopAt });
    const all = await run({ promptTokens, maxTokens: 12, temperature: 0, ignoreEos: true });
    expect(idsOf(all)).toEqual(expected);
  });

  it('ends at a stop string, which is not part of the text', async () => {
    const text = toyText(toyGreedy(shape, promptTokens, 12));
    const stop = text.slice(5, 8);
    const { run } = setUp();
    const events = await run({ promptTokens, maxTokens: 12, temperature: 0, stop: [stop] });
    expect(textOf(events)).toBe(text.slice(0, text.indexOf(stop)));
    expect(events.at(-1)).toMatchObject({ type: 'end', reason: 'stop', stop });
  });

  it('draws the same tokens with the same seed, and reports the seed that it drew', async () => {
    const { run } = setUp(largeModel);
    const first = await run({ promptTokens, maxTokens: 20, temperature: 1 });
    const { seed } = first.at(-1) as { seed: number };
    const second = await run({ promptTokens, maxTokens: 20, temperature: 1, seed });
    expect(idsOf(second)).toEqual(idsOf(first));
    const other = await run({ promptTokens, maxTokens: 20, temperature: 1, seed: seed + 1 });
    expect(idsOf(other)).not.toEqual(idsOf(first));
  });

  it.each(['a1', 'b1', 'c1'])('draws the same tokens when %s fails', async (name) => {
    const options = { promptTokens, maxTokens: 20, temperature: 1, topP: 0.9, seed: 11 };
    const unbroken = await setUp(largeModel).run(options);
    const { swarm, run } = setUp(largeModel);
    swarm.peer(name).rules.push(failAt(15, 'kill'));
    const events = await run(options);
    expect(tokensOf(events)).toEqual(tokensOf(unbroken));
    expect(events.filter(({ type }) => type === 'reroute')).toMatchObject([
      {
        reason: expect.any(String),
        lostPeer: swarm.peer(name).peer,
        recoveryMs: expect.any(Number),
      },
    ]);
  });

  it('asks again for all logits where the candidates do not suffice', async () => {
    const options = { promptTokens, maxTokens: 30, seed: 5 };
    // Toy logits are nearly flat: most draws fall outside of 64 candidates.
    const { swarm, run } = setUp(largeModel);
    const events = await run({ ...options, temperature: 1 });
    expect(idsOf(events)).toHaveLength(30);
    const biased = await setUp(largeModel).run({
      ...options,
      temperature: 1,
      // A bias that raises a logit asks for all logits from the start, and changes nothing here.
      logitBias: new Map([[0 as TokenId, 1e-30]]),
    });
    expect(idsOf(biased)).toEqual(idsOf(events));
    expect(swarm.violations).toEqual([]);
  });

  it('reports the most likely tokens', async () => {
    const { run } = setUp(largeModel);
    const events = await run({ promptTokens, maxTokens: 3, temperature: 0, logits: 4 });
    for (const { id, topLogits, logProbability } of tokensOf(events)) {
      expect(topLogits).toHaveLength(4);
      expect(topLogits?.[0]).toMatchObject({ id, logProbability });
    }
  });

  it('ends the session on all hops when the loop is left', async () => {
    const { swarm, clock, client } = setUp();
    const leave = async () => {
      for await (const event of client.generate({ model: 'toy', promptTokens, maxTokens: 100 })) {
        if (event.type === 'token' && event.position > 10) break;
      }
    };
    const startedAtMs = clock.now();
    await settle(clock, leave());
    expect(clock.now() - startedAtMs).toBeLessThan(1000);
    expect(swarm.openSessions).toBe(0);
    expect(clock.timerCount).toBe(0);
  });

  it('ends with what it has when the signal aborts, also while it waits', async () => {
    const { swarm, clock, run } = setUp(textModel(), sixPeers.slice(0, 3));
    const controller = new AbortController();
    swarm.peer('b1').rules.push(failAt(12, 'kill'));
    clock.schedule(3000, () => controller.abort());
    const { signal } = controller;
    const events = await run({ promptTokens, maxTokens: 100, temperature: 0, signal });
    expect(events.map(({ type }) => type)).toContain('waiting');
    expect(events.at(-1)).toMatchObject({ type: 'end', reason: 'aborted' });
    expect(swarm.openSessions).toBe(0);
  });

  it('names the numbers when the prompt is too long', async () => {
    const { run } = setUp();
    const long = Array.from({ length: 200 }, () => 1 as TokenId);
    await expect(run({ promptTokens: long })).rejects.toMatchObject({
      code: 'context-exceeded',
      details: { promptTokens: 200, contextLength: 200 },
    });
    const fits = await run({ promptTokens: long.slice(2), maxTokens: 50, temperature: 0 });
    expect(fits.at(-1)).toMatchObject({ reason: 'length', tokens: 2 });
  });

  it('lists what is on offer when the model is not', async () => {
    const { clock, client } = setUp();
    const generation = client.generate({ model: 'gpt', prompt: 'hello' });
    await expect(settle(clock, generation.next())).rejects.toMatchObject({
      code: 'model-unknown',
      message: 'nobody hosts gpt: the swarm offers toy',
    });
  });

  it('refuses peers that send another model than they announce', async () => {
    const { swarm, run } = setUp();
    swarm.corruptsModelParts = true;
    await expect(run({ promptTokens })).rejects.toMatchObject({ code: 'model-corrupt' });
  });

  it('names the blocks that nobody hosts', async () => {
    const { run } = setUp(textModel(), sixPeers.slice(0, 2));
    await expect(run({ promptTokens })).rejects.toMatchObject({
      code: 'no-route',
      details: { missingBlocks: [{ start: 4, end: 6 }], isHeadMissing: true },
    });
  });
});

describe('client.openSession', () => {
  async function turn(generation: AsyncIterable<GenerationEvent>): Promise<GenerationEvent[]> {
    const events: GenerationEvent[] = [];
    for await (const event of generation) events.push(event);
    return events;
  }

  it('keeps the context over several turns', async () => {
    const { swarm, clock, client } = setUp();
    const session = await settle(clock, client.openSession({ model: 'toy' }));
    const greedy = { maxTokens: 6, temperature: 0 };
    const first = idsOf(await settle(clock, turn(session.generate({ promptTokens, ...greedy }))));
    const more = [1, 2, 3] as TokenId[];
    const second = idsOf(
      await settle(clock, turn(session.generate({ promptTokens: more, ...greedy }))),
    );
    expect(second).toEqual(toyGreedy(shape, [...promptTokens, ...first, ...more], 6));
    expect(swarm.peer('a1').opened).toBe(1);
    await settle(clock, session.close());
    expect(swarm.openSessions).toBe(0);
  });

  it('computes only what is new of a conversation', async () => {
    const { swarm, clock, client } = setUp();
    const session = await settle(clock, client.openSession({ model: 'toy' }));
    const greedy = { maxTokens: 6, temperature: 0 };
    const messages = [{ role: 'user', content: 'a long tale of many words' }];
    const first = await settle(clock, turn(session.generate({ messages, ...greedy })));
    let computedFrom = Number.POSITIVE_INFINITY;
    swarm.peer('b1').rules.push(({ position }) => {
      computedFrom = Math.min(computedFrom, position);
      return null;
    });
    const longer = [
      ...messages,
      { role: 'a', content: textOf(first) },
      { role: 'u', content: 'on' },
    ];
    const second = await settle(clock, turn(session.generate({ messages: longer, ...greedy })));
    expect(computedFrom).toBeGreaterThan(20);
    const fresh = setUp();
    const whole = await fresh.run({ messages: longer, ...greedy });
    expect(idsOf(second)).toEqual(idsOf(whole));
  });

  it('goes on after a turn that was left', async () => {
    const { swarm, clock, client } = setUp();
    const session = await settle(clock, client.openSession({ model: 'toy' }));
    const leave = async () => {
      for await (const event of session.generate({ promptTokens, maxTokens: 50, temperature: 0 })) {
        if (event.type === 'token' && event.position === 9) break;
      }
    };
    await settle(clock, leave());
    const before = [...session.tokens];
    expect(before).toEqual([...promptTokens, ...toyGreedy(shape, promptTokens, 4)]);
    const greedy = { promptTokens: [7 as TokenId], maxTokens: 5, temperature: 0 };
    const next = idsOf(await settle(clock, turn(session.generate(greedy))));
    expect(next).toEqual(toyGreedy(shape, [...before, 7], 5));
    expect(swarm.violations).toEqual([]);
    await settle(clock, client.stop());
    expect(swarm.openSessions).toBe(0);
  });
});

describe('client.status', () => {
  it('tells coverage, the weakest block and what is missing', async () => {
    const { clock, client } = setUp(textModel(), [
      { name: 'a', span: [0, 3], decodeBlocksPerSecond: 300 },
      { name: 'b', span: [2, 5], decodeBlocksPerSecond: 30 },
    ]);
    const status = await settle(clock, client.status({ model: 'toy' }));
    expect(status.coverage.map(({ peerCount }) => peerCount)).toEqual([1, 1, 2, 1, 1, 0]);
    expect(status.coverage[2]?.stepsPerSecond).toBe(110);
    expect(status).toMatchObject({
      weakestBlock: { block: 5, peerCount: 0 },
      missingBlocks: [{ start: 5, end: 6 }],
      isEmbeddingHosted: true,
      isHeadHosted: false,
      isComplete: false,
    });
    expect(await settle(clock, client.models())).toMatchObject([
      { name: 'toy', blockCount: 6, peerCount: 2, hostedBlockCount: 5 },
    ]);
  });
});
