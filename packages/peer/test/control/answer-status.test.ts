import { fileURLToPath } from 'node:url';
import type { MessageChannel } from '@skein/client/network';
import {
  anonymousSessionId,
  createSessionId,
  type EngineOptions,
  type ModelHash,
  type StatusMessage,
  type StatusRequest,
  statusAnswerSchema,
  statusProtocol,
} from '@skein/protocol';
import { afterEach, expect, it } from 'vitest';
import { createPeer, type Peer } from '../../src/index.js';
import { Cleanup, until } from '../support/cleanup.js';
import { startNode } from '../support/swarm.js';
import { TestHop } from '../support/test-hop.js';
import { ToyEngine } from '../support/toy-engine.js';

const modelPath = fileURLToPath(new URL('../../../../models/tiny-tales', import.meta.url));
const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** A peer with all blocks, on a toy engine. */
async function startPeer(): Promise<Peer> {
  const peer = createPeer({
    modelPath,
    span: { start: 0, end: 8 },
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: [],
    dht: false,
    kvTokensMax: 2048,
    createEngine: async (options: EngineOptions) => {
      const { openModel } = await import('@skein/engine');
      const { config } = await openModel(options.modelPath);
      return new ToyEngine({ ...options, config });
    },
  });
  cleanup.add(() => peer.stop({ graceful: false }));
  await peer.start();
  return peer;
}

/** Asks over one stream, as often as wanted. */
async function askOver(peer: Peer) {
  const observer = await startNode(cleanup, 'tcp');
  const answers: StatusMessage[] = [];
  const { node } = peer.network as NonNullable<Peer['network']>;
  const channel: MessageChannel<StatusRequest> = await observer.openChannel<
    typeof statusAnswerSchema,
    StatusRequest
  >(
    { peer: node.peer, multiaddrs: node.multiaddrs },
    statusProtocol,
    statusAnswerSchema,
    () => ({
      onMessage: ({ message }) => {
        if (message.type === 'status') answers.push(message);
      },
      onClose: () => undefined,
    }),
    {},
  );
  const ask = async () => {
    const count = answers.length;
    void channel.send({ type: 'status-request' });
    await until(() => answers.length > count);
    return answers.at(-1) as StatusMessage;
  };
  return { observer, ask };
}

it('tells an observer what it does, and nothing of who asked what', async () => {
  const peer = await startPeer();
  const { observer, ask } = await askOver(peer);
  const before = await ask();
  expect(before).toMatchObject({
    state: 'serving',
    span: { start: 0, end: 8 },
    spanReason: 'as told',
    sessions: 0,
    sessionList: [],
    counters: { tokens: 0, steps: 0, relinks: 0 },
    events: [{ id: 1, kind: 'ready', text: 'serves blocks 0:8' }],
  });

  const { node } = peer.network as NonNullable<Peer['network']>;
  const status = peer.status();
  const hop = await TestHop.connect(observer, node);
  const session = createSessionId();
  await hop.open({
    session,
    model: status?.model.hash as ModelHash,
    numericKind: status?.numericKind ?? '',
    span: { start: 0, end: 8 },
    ends: { embedding: true, head: true },
    tokensMax: 64,
    wireType: 'f32',
    epoch: 1,
    successor: null,
  });
  hop.step({ step: 0, epoch: 1, position: 0, tokens: [1, 2, 3], logits: 'last', topK: 1 });
  await hop.take('result');
  for (const position of [3, 4]) {
    hop.step({ step: position, epoch: 1, position, tokens: [position], logits: 'last', topK: 1 });
    await hop.take('result');
  }

  const after = await ask();
  expect(after.sessionList).toEqual([
    {
      id: anonymousSessionId(session),
      span: { start: 0, end: 8 },
      next: null,
      tokens: 5,
      decoded: 2,
      ageMs: expect.any(Number),
      idleMs: expect.any(Number),
    },
  ]);
  expect(after.counters).toMatchObject({
    tokens: 3,
    steps: 3,
    rows: 5,
    tokenBlocks: 40,
    sessionsOpened: 1,
  });
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  expect(sum(after.durations.compute)).toBe(2);
  expect(sum(after.durations.step)).toBe(2);
  expect(sum(after.durations.firstToken)).toBe(1);
  expect(after.counters.receivedBytes).toBeGreaterThan(before.counters.receivedBytes);
  // Whoever is connected without a record is a client.
  expect(after.neighbours).toEqual([]);
  expect(JSON.stringify(after)).not.toContain(session);
  expect(JSON.stringify(after)).not.toContain(observer.peer);
});
