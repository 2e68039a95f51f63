import { fileURLToPath } from 'node:url';
import type { SkeinNode } from '@skein/client/network';
import { openModel } from '@skein/engine';
import {
  createSessionId,
  kvByteLength,
  type ModelHash,
  type OpenMessage,
  type SessionId,
  type Span,
} from '@skein/protocol';
import { afterEach, expect, it } from 'vitest';
import { createPeer, type Peer, type PeerOptions, type PeerStatus } from '../src/index.js';
import { Cleanup } from './support/cleanup.js';
import { logitsOf, startNode } from './support/swarm.js';
import { TestHop } from './support/test-hop.js';

const goldenPath = (name: string) =>
  fileURLToPath(new URL(`../../../test/fixtures/golden/${name}`, import.meta.url));
const modelPath = goldenPath('llama-8block-f32');
const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function startPeer(span: Span, options: Pick<PeerOptions, 'kvType' | 'modelPath'>) {
  const peer = createPeer({
    ...options,
    span,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: [],
    dht: false,
    device: 'cpu',
    threads: 1,
    kvTokensMax: 512,
  });
  cleanup.add(() => peer.stop({ graceful: false }));
  return { peer, status: await peer.start() };
}

interface TestPeer {
  readonly peer: Peer;
  readonly status: PeerStatus;
}

async function openHop(
  client: SkeinNode,
  { peer, status }: TestPeer,
  options: { session: SessionId; next?: TestPeer | undefined } & Partial<OpenMessage>,
): Promise<TestHop> {
  const { next, ...fields } = options;
  const hop = await TestHop.connect(client, peer.network?.node as never);
  await hop.open({
    model: status.model.hash as ModelHash,
    numericKind: status.numericKind,
    span: status.span,
    ends: status.ends,
    tokensMax: 128,
    wireType: 'f32',
    epoch: 0,
    successor: next === undefined ? null : successorOf(next),
    ...fields,
  });
  return hop;
}

function successorOf({ status }: TestPeer) {
  return { kind: 'peer' as const, peer: status.peerId, multiaddrs: [...status.multiaddrs] };
}

/** Opens one session through peers, and returns the greedy tokens after a prompt. */
async function generate(
  peers: readonly TestPeer[],
  prompt: readonly number[],
  count: number,
): Promise<number[]> {
  const client = await startNode(cleanup, 'tcp');
  const session = createSessionId();
  const hops: TestHop[] = [];
  for (const [index, peer] of peers.entries()) {
    hops.push(await openHop(client, peer, { session, next: peers[index + 1] }));
  }
  return await extend(hops, { position: 0, input: prompt, count, epoch: 0 });
}

/** Greedy tokens after those that the hops hold. */
async function extend(
  hops: readonly TestHop[],
  from: { position: number; input: readonly number[]; count: number; epoch: number },
): Promise<number[]> {
  const tokens: number[] = [];
  let [position, input] = [from.position, [...from.input]];
  while (tokens.length < from.count) {
    const step = { step: tokens.length, epoch: from.epoch, position, tokens: input };
    hops[0]?.step({ ...step, logits: 'last', topK: 1 });
    const result = await hops.at(-1)?.take('result');
    if (result === undefined) throw new Error('no result');
    const [token] = [...logitsOf(result).keys()] as [number];
    position += input.length;
    input = [token];
    tokens.push(token);
  }
  return tokens;
}

it('three peers with real engines give the tokens that one gives', {
  timeout: 120_000,
}, async () => {
  const { config } = await openModel(modelPath);
  const last = config.blockCount;
  const options = { modelPath, kvType: 'f32' } as const;
  const whole = await startPeer({ start: 0, end: last }, options);
  const parts = [
    await startPeer({ start: 0, end: 3 }, options),
    await startPeer({ start: 3, end: 5 }, options),
    await startPeer({ start: 5, end: last }, options),
  ];
  const prompt = [1, 51, 15, 64, 14, 81];
  const expected = await generate([whole], prompt, 12);
  expect(await generate(parts, prompt, 12)).toEqual(expected);
  expect(new Set(expected).size).toBeGreaterThan(1);
});

it.each([
  ['f16', 'llama-8block-f32', 4],
  ['q8_0', 'qwen3-qknorm-f32', 2],
] as const)(
  'a cache in %s goes from one real engine to another, bit for bit',
  {
    timeout: 120_000,
  },
  async (kvType, name, cut) => {
    const options = { modelPath: goldenPath(name), kvType };
    const { blockCount: end, kvHeadCount, headDim } = (await openModel(options.modelPath)).config;
    const first = await startPeer({ start: 0, end: cut }, options);
    const leaving = await startPeer({ start: cut, end }, options);
    const taker = await startPeer({ start: cut, end }, options);
    const prompt = [1, 51, 15, 64, 14, 81];
    const expected = await generate([first, leaving], prompt, 16);

    const client = await startNode(cleanup, 'tcp');
    const session = createSessionId();
    const hops = [
      await openHop(client, first, { session, next: leaving }),
      await openHop(client, leaving, { session }),
    ] as [TestHop, TestHop];
    const before = await extend(hops, { position: 0, input: prompt, count: 8, epoch: 0 });
    const stopped = leaving.peer.stop();
    await hops[1].take('draining');
    const { peerId: takesOverFrom } = leaving.status;
    const target = await openHop(client, taker, { session, epoch: 1, takesOverFrom });
    const { span, peerId: peer, multiaddrs } = taker.status;
    const to = prompt.length + 7;
    const place = { span, to, peer, multiaddrs: [...multiaddrs], session };
    hops[1].send({ type: 'hand-over', epoch: 1, ...place });
    expect((await target.take('kv-imported')).message.position).toBe(to);
    const { bytes, failure } = (await hops[1].take('handed-over')).message;
    expect(failure).toBeUndefined();
    expect(bytes).toBe(2 * (end - cut) * kvByteLength(kvType, to * kvHeadCount * headDim));
    hops[0].send({ type: 'link', epoch: 1, successor: successorOf(taker) });
    await hops[0].take('linked');
    hops[1].send({ type: 'close' });
    await stopped;
    const input = [before.at(-1) as number];
    const after = await extend([hops[0], target], { position: to, input, count: 8, epoch: 1 });
    expect([...before, ...after]).toEqual(expected);
  },
);
