import { fileURLToPath } from 'node:url';
import { openModel } from '@skein/engine';
import { createSessionId, type ModelHash } from '@skein/protocol';
import { afterEach, expect, it } from 'vitest';
import { createPeer, type Peer, type PeerStatus } from '../src/index.js';
import { Cleanup } from './support/cleanup.js';
import { logitsOf, startNode } from './support/swarm.js';
import { TestHop } from './support/test-hop.js';

const modelPath = fileURLToPath(
  new URL('../../../test/fixtures/golden/llama-8block-f32', import.meta.url),
);
const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function startPeer(span: { start: number; end: number }) {
  const peer = createPeer({
    modelPath,
    span,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: [],
    dht: false,
    device: 'cpu',
    kvType: 'f32',
    threads: 1,
    kvTokensMax: 512,
  });
  cleanup.add(() => peer.stop({ graceful: false }));
  return { peer, status: await peer.start() };
}

/** Opens one session through peers, and returns the greedy tokens after a prompt. */
async function generate(
  peers: readonly { peer: Peer; status: PeerStatus }[],
  prompt: readonly number[],
  count: number,
): Promise<number[]> {
  const client = await startNode(cleanup, 'tcp');
  const session = createSessionId();
  const hops: TestHop[] = [];
  for (const [index, { peer, status }] of peers.entries()) {
    const hop = await TestHop.connect(client, peer.network?.node as never);
    const next = peers[index + 1]?.status;
    await hop.open({
      session,
      model: status.model.hash as ModelHash,
      numericKind: status.numericKind,
      span: status.span,
      ends: status.ends,
      tokensMax: 128,
      wireType: 'f32',
      epoch: 0,
      successor: next
        ? { kind: 'peer', peer: next.peerId, multiaddrs: [...next.multiaddrs] }
        : null,
    });
    hops.push(hop);
  }
  const tokens: number[] = [];
  let [position, input] = [0, [...prompt]];
  while (tokens.length < count) {
    hops[0]?.step({ step: tokens.length, position, tokens: input, logits: 'last', topK: 1 });
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
  const whole = await startPeer({ start: 0, end: last });
  const parts = [
    await startPeer({ start: 0, end: 3 }),
    await startPeer({ start: 3, end: 5 }),
    await startPeer({ start: 5, end: last }),
  ];
  const prompt = [1, 51, 15, 64, 14, 81];
  const expected = await generate([whole], prompt, 12);
  expect(await generate(parts, prompt, 12)).toEqual(expected);
  expect(new Set(expected).size).toBeGreaterThan(1);
});
