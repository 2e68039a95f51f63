import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SkeinNode } from '@skein/client/network';
import {
  type EngineOptions,
  infoAnswerSchema,
  infoProtocol,
  isSkeinError,
  type ModelHash,
  type ModelRequest,
  modelAnswerSchema,
  modelProtocol,
  parseManifest,
  type Received,
  type SkeinError,
} from '@skein/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createPeer,
  type Peer,
  type PeerEvent,
  type PeerOptions,
  type PeerStatus,
} from '../src/index.js';
import { Cleanup, until } from './support/cleanup.js';
import { openMessage, startNode } from './support/swarm.js';
import { TestHop } from './support/test-hop.js';
import { ToyEngine } from './support/toy-engine.js';

const modelPath = fileURLToPath(new URL('../../../models/tiny-tales', import.meta.url));

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

interface TestPeer {
  readonly peer: Peer;
  readonly events: PeerEvent[];
  readonly engines: ToyEngine[];
}

/** A peer with a toy engine that has the shape of the real model. */
function makePeer(options: Partial<PeerOptions> = {}): TestPeer {
  const events: PeerEvent[] = [];
  const engines: ToyEngine[] = [];
  const peer = createPeer({
    modelPath,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: [],
    dht: false,
    gossipMs: 300,
    kvTokensMax: 2048,
    random: () => 0,
    createEngine: async (engineOptions: EngineOptions) => {
      const { openModel } = await import('@skein/engine');
      const { config } = await openModel(engineOptions.modelPath);
      const engine = new ToyEngine({ ...engineOptions, config });
      engines.push(engine);
      return engine;
    },
    onEvent: (event) => events.push(event),
    ...options,
  });
  cleanup.add(() => peer.stop({ graceful: false }));
  return { peer, events, engines };
}

function bootstrapOf({ peer }: TestPeer): readonly string[] {
  return peer.network?.node.multiaddrs ?? [];
}

/** Two peers, one of which has a session and is about to leave. */
async function serveOne(options: Partial<PeerOptions>) {
  const staying = makePeer({ numBlocks: 2 });
  const leaving = makePeer({ numBlocks: 2, ...options });
  await staying.peer.start();
  const { model } = await leaving.peer.start();
  const node = leaving.peer.network?.node as SkeinNode;
  await staying.peer.network?.node.connect(node.multiaddrs, {});
  await until(() => staying.peer.network?.directory.get(node.peer)?.body.state === 'serving');
  const hop = await TestHop.connect(await startNode(cleanup, 'tcp'), node);
  const [engine] = leaving.engines as [ToyEngine];
  const host = { node, engine, host: undefined as never };
  await hop.open(openMessage(host, { model: model.hash as ModelHash }));
  return { staying, leaving, hop, engine };
}

describe('a peer', () => {
  it('joins, announces and serves, and tells what it does', async () => {
    const first = makePeer({ numBlocks: 3, name: 'first' });
    const status = await first.peer.start();
    expect(status).toMatchObject({ state: 'serving', name: 'first', sessions: 0 });
    expect(status.span).toEqual({ start: 0, end: 3 });
    expect(status.ends).toEqual({ embedding: true, head: false });
    expect(status.decodeBlocksPerSecond).toBeGreaterThan(0);
    expect(first.events.map(({ type }) => type)).toEqual(['listening', 'placed', 'ready']);
    const second = makePeer({ bootstrap: bootstrapOf(first) });
    const all = await second.peer.start();
    expect(all.span.end).toBe(status.model.blockCount);
    expect(all.span.start).toBeLessThanOrEqual(3);
    const records = () => first.peer.network?.directory.records() ?? [];
    await until(() => records().filter(({ body }) => body.state === 'serving').length === 2);
  });

  it('takes the blocks that others lack', async () => {
    const first = makePeer({ numBlocks: 3 });
    const { model } = await first.peer.start();
    const length = model.blockCount - 3;
    const second = makePeer({ numBlocks: length, bootstrap: bootstrapOf(first) });
    const status = await second.peer.start();
    expect(status.span).toEqual({ start: 3, end: model.blockCount });
    expect(status.ends).toEqual({ embedding: false, head: true });
  });

  it('answers who it is and what its model is', async () => {
    const served = makePeer({ numBlocks: 2 });
    const status = await served.peer.start();
    const client = await startNode(cleanup, 'tcp');
    const host = served.peer.network?.node as SkeinNode;
    const info = await ask(client, host, infoProtocol, infoAnswerSchema, { type: 'info-request' });
    expect(info.message).toMatchObject({ state: 'serving', sessions: 0, engine: 'toy' });
    const model = status.model.hash as ModelHash;
    const request = (part: ModelRequest['part'], hash = model) =>
      ask(client, host, modelProtocol, modelAnswerSchema, {
        type: 'model-request',
        model: hash,
        part,
      });
    const manifest = await request('manifest');
    expect(parseManifest(manifest.tensors[0]?.bytes ?? new Uint8Array(), model)).toMatchObject({
      name: 'tiny-tales',
    });
    const tokenizer = await request('tokenizer');
    expect(() => JSON.parse(new TextDecoder().decode(tokenizer.tensors[0]?.bytes))).not.toThrow();
    const other = await request('manifest', 'cd'.repeat(32) as ModelHash);
    expect(other.message).toMatchObject({ type: 'error', code: 'not-hosting' });
  });

  it('leaves gracefully: sessions and swarm are told, and the last one out ends it', async () => {
    const { staying, leaving, hop, engine } = await serveOne({});
    const { peerId } = leaving.peer.status() as PeerStatus;
    const record = () => staying.peer.network?.directory.get(peerId) ?? null;
    const stopped = leaving.peer.stop();
    expect((await hop.take('draining')).message.remainingMs).toBe(30_000);
    await until(() => record()?.body.state === 'draining');
    // It serves on until the client has found another.
    hop.send({ type: 'truncate', epoch: 1, position: 0 });
    await hop.take('truncated');
    hop.send({ type: 'close' });
    await until(() => record() === null);
    await stopped;
    expect(engine.sessions).toEqual([]);
    const drained = leaving.events.filter(({ type }) => type === 'draining');
    expect(drained.map((event) => event.type === 'draining' && event.sessions)).toEqual([1, 0]);
    await leaving.peer.stop();
  });

  it('leaves when the time for it is over, and says so to who is still there', async () => {
    const { leaving, hop, engine } = await serveOne({ drainTimeoutMs: 200 });
    const stopped = leaving.peer.stop();
    expect((await hop.take('draining')).message.remainingMs).toBe(200);
    expect(await hop.takeError()).toMatchObject({ code: 'draining' });
    await stopped;
    expect(engine.sessions).toEqual([]);
  });

  it.each([-1, Number.NaN, 1e9])('does not take %d ms for a time to leave in', (drainTimeoutMs) => {
    expect(() => makePeer({ drainTimeoutMs })).toThrow(
      expect.toSatisfy((error) => isSkeinError(error) && error.code === 'bad-argument'),
    );
  });

  it('leaves at once when it is told so while it leaves', async () => {
    const { leaving, hop, engine } = await serveOne({});
    const stopped = leaving.peer.stop();
    await hop.take('draining');
    await leaving.peer.stop({ graceful: false });
    await stopped;
    expect(engine.sessions).toEqual([]);
  });

  it('takes itself off the market while its engine is down', async () => {
    const { peer, engines, events } = makePeer({ numBlocks: 2 });
    const { peerId } = await peer.start();
    const state = () => peer.network?.directory.get(peerId)?.body.state;
    engines[0]?.crash();
    await until(() => state() === 'joining');
    engines[0]?.restart();
    await until(() => state() === 'serving');
    expect(events.map(({ type }) => type).slice(-2)).toEqual(['engine-failed', 'engine-restarted']);
  });

  it('keeps its identity in a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'skein-peer-'));
    cleanup.add(() => rm(folder, { recursive: true }));
    const identityPath = join(folder, 'identity');
    const one = makePeer({ identityPath, numBlocks: 1 });
    const { peerId } = await one.peer.start();
    await one.peer.stop();
    const two = makePeer({ identityPath, numBlocks: 1 });
    expect((await two.peer.start()).peerId).toBe(peerId);
  });

  it('frees everything when it cannot start', async () => {
    const failing = makePeer({
      createEngine: async () => {
        throw new Error('no device');
      },
    });
    await expect(failing.peer.start()).rejects.toThrow('no device');
    await expect(makePeer({ span: { start: 0, end: 99 } }).peer.start()).rejects.toSatisfy(
      (error) => isSkeinError(error) && error.code === 'bad-argument',
    );
    const lost = makePeer({ modelPath: '/nowhere' });
    await expect(lost.peer.start()).rejects.toMatchObject({ code: 'model-unknown' });
    await lost.peer.stop();
  });

  it('can be stopped while it loads', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { peer, events } = makePeer({
      createEngine: async (options) => {
        await gate;
        options.signal?.throwIfAborted();
        throw new Error('not reached');
      },
    });
    const started = peer.start();
    await until(() => events.some(({ type }) => type === 'placed'));
    const stopped = peer.stop();
    release();
    await expect(started).rejects.toMatchObject({ code: 'aborted' });
    await stopped;
  });
});

/** One question, one answer, on a stream of its own. */
async function ask<Schema extends typeof infoAnswerSchema | typeof modelAnswerSchema>(
  client: SkeinNode,
  host: SkeinNode,
  protocol: string,
  schema: Schema,
  question: object,
): Promise<Received<{ type: string }>> {
  return new Promise((resolve, reject) => {
    client
      .openChannel(
        { peer: host.peer, multiaddrs: host.multiaddrs },
        protocol,
        schema,
        (channel) => ({
          onMessage(received: Received<{ type: string }>) {
            resolve(received);
            void channel.close();
          },
          onClose: (error: SkeinError | null) => reject(error ?? new Error('no answer')),
        }),
        {},
      )
      .then((channel) => channel.send(question))
      .catch(reject);
  });
}
