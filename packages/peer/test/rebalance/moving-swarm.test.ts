import { fileURLToPath } from 'node:url';
import { createClient } from '@skein/client';
import { openModel } from '@skein/engine';
import {
  createSessionId,
  type EngineOptions,
  type ModelConfig,
  type Span,
  type StepItem,
  type TokenId,
} from '@skein/protocol';
import { afterEach, expect, it, vi } from 'vitest';
import { createPeer, type Peer, type PeerEvent, type PeerOptions } from '../../src/index.js';
import { Cleanup, until } from '../support/cleanup.js';
import { ToyEngine } from '../support/toy-engine.js';

const modelPath = fileURLToPath(new URL('../../../../models/tiny-tales', import.meta.url));
const { config } = await openModel(modelPath);
const half = config.blockCount >> 1;
const front: Span = { start: 0, end: half };
const back: Span = { start: half, end: config.blockCount };
const prompt = [1, 17, 4, 99] as TokenId[];
const tokenCount = 30;
/** A plan is announced for four seconds; a busy machine takes longer for the rest. */
const patienceMs = 40_000;
vi.setConfig({ testTimeout: 120_000 });

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** As fast as every other, however busy this machine is. */
class EvenEngine extends ToyEngine {
  override async step(items: readonly StepItem[]) {
    return { ...(await super.step(items)), computeUs: 1_000 };
  }
}

let addresses = 0;

async function startPeer(span: Span, options: Partial<PeerOptions> = {}) {
  addresses += 1;
  const events: PeerEvent[] = [];
  const engines: ToyEngine[] = [];
  const peer = createPeer({
    modelPath,
    span,
    listen: [`/memory/moving-${addresses}`],
    bootstrap: [],
    transports: 'memory',
    dht: false,
    gossipMs: 200,
    kvTokensMax: 512,
    random: () => 0,
    createEngine: async (engineOptions: EngineOptions) => {
      const engine = new EvenEngine({ ...engineOptions, config });
      engines.push(engine);
      return engine;
    },
    onEvent: (event) => events.push(event),
    ...options,
  });
  cleanup.add(() => peer.stop({ graceful: false }));
  await peer.start();
  const happened = (type: PeerEvent['type']) => events.some((event) => event.type === type);
  return { peer, events, engines, happened };
}

const addressesOf = (peer: Peer) => peer.network?.node.multiaddrs ?? [];

/** The greedy tokens of one engine with all blocks. */
async function referenceTokens(model: ModelConfig): Promise<TokenId[]> {
  const span = { start: 0, end: model.blockCount };
  const ends = { embedding: true, head: true };
  const engine = new ToyEngine({ span, ends, config: model });
  const session = createSessionId();
  engine.openSession(session, { span, ends });
  const tokens: TokenId[] = [];
  let input: readonly TokenId[] = prompt;
  while (tokens.length < tokenCount) {
    const { outcomes } = await engine.step([
      {
        session,
        position: engine.length(session),
        rows: input.length,
        input: { kind: 'tokens', tokens: Int32Array.from(input) },
        output: { kind: 'logits', rows: 'last', topK: 1 },
      },
    ]);
    const [outcome] = outcomes;
    if (!outcome?.ok || outcome.output.kind !== 'logits') throw new Error('no logits');
    input = [outcome.output.logits.ids?.[0] as TokenId];
    tokens.push(...input);
  }
  return tokens;
}

it('gives a weak block its second host by a move, while a generation runs through the mover', async () => {
  const mover = await startPeer(front, { rebalanceMs: 600 });
  const bootstrap = addressesOf(mover.peer);
  const others = [await startPeer(back, { bootstrap })];
  const client = createClient({ bootstrap, transports: 'memory' });
  await client.start();
  cleanup.add(() => client.stop());
  const generation = client.generate({
    model: 'tiny-tales',
    promptTokens: prompt,
    maxTokens: tokenCount,
    temperature: 0,
    ignoreEos: true,
    wireType: 'f32',
  });
  const tokens: TokenId[] = [];
  const lost: string[] = [];
  for await (const event of generation) {
    if (event.type === 'reroute') lost.push(event.lostPeer);
    if (event.type !== 'token') continue;
    tokens.push(event.id);
    if (tokens.length === 5) {
      expect(mover.peer.status()?.sessions).toBe(1);
      // Two more for the front: now the back is what needs a host.
      others.push(await startPeer(front, { bootstrap }), await startPeer(front, { bootstrap }));
      await until(() => mover.happened('move-planned'), patienceMs);
      await until(() => mover.happened('moved'), patienceMs);
    }
  }
  await until(() => mover.happened('span-released'), patienceMs);
  expect(tokens).toEqual(await referenceTokens(config));
  expect(lost).toEqual([mover.peer.network?.node.peer]);
  expect(mover.events).toContainEqual(
    expect.objectContaining({ type: 'moved', from: front, to: back, gain: expect.any(Number) }),
  );
  expect(mover.events).toContainEqual({ type: 'span-released', span: front, sessions: 1 });
  const [old] = mover.engines;
  expect(old?.sessions).toEqual([]);
  const status = await client.status({ model: 'tiny-tales' });
  expect(status.coverage.map(({ peerCount }) => peerCount)).toEqual(
    Array.from({ length: config.blockCount }, () => 2),
  );
  expect(mover.peer.status()).toMatchObject({ span: back, nextSpan: null, state: 'serving' });
  // Those that were told what to host stay there.
  for (const { happened } of others) expect(happened('move-planned')).toBe(false);
});

it('drains first where memory does not hold both spans, and says so', async () => {
  const mover = await startPeer(front, { rebalanceMs: 600, freeBytes: () => 1 });
  const bootstrap = addressesOf(mover.peer);
  for (const span of [back, front, front]) await startPeer(span, { bootstrap });
  await until(() => mover.happened('moved'), patienceMs);
  const types = mover.events.map(({ type }) => type).slice(-4);
  expect(types).toEqual(['move-planned', 'move-drains-first', 'span-released', 'moved']);
  expect(mover.events).toContainEqual(
    expect.objectContaining({ type: 'move-drains-first', from: front, to: back, freeBytes: 1 }),
  );
  expect(mover.peer.status()).toMatchObject({ span: back, state: 'serving' });
});

it('withdraws a plan when it is stopped', async () => {
  const mover = await startPeer(front, { rebalanceMs: 2_000 });
  const bootstrap = addressesOf(mover.peer);
  const staying = await startPeer(back, { bootstrap });
  for (const span of [front, front]) await startPeer(span, { bootstrap });
  const seen = () =>
    staying.peer.network?.directory.records().find(({ body }) => body.nextSpan !== undefined);
  await until(() => seen() !== undefined, patienceMs);
  expect(seen()?.body).toMatchObject({ span: front, nextSpan: back, capacityBlocks: half });
  await mover.peer.stop();
  expect(mover.events).toContainEqual({
    type: 'move-cancelled',
    from: front,
    to: back,
    reason: 'the peer is stopped',
  });
  await until(() => seen() === undefined);
  expect(mover.engines).toHaveLength(1);
});
