import type { SkeinNode } from '@skein/client/network';
import { createSessionId, type HandOverMessage } from '@skein/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { Cleanup, until } from '../../support/cleanup.js';
import {
  logitsOf,
  openMessage,
  referenceLogits,
  startHost,
  startNode,
  type TestHost,
} from '../../support/swarm.js';
import { TestHop } from '../../support/test-hop.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const whole = { start: 0, end: 6 };
const tokens = [3, 1, 4, 1, 5];

interface Pair {
  readonly client: SkeinNode;
  readonly from: TestHost;
  readonly to: TestHost;
  /** The session on the peer that leaves: five tokens are cached. */
  readonly source: TestHop;
  readonly session: ReturnType<typeof createSessionId>;
}

async function start(): Promise<Pair> {
  const [from, to] = [await startHost(cleanup, whole), await startHost(cleanup, whole)];
  const client = await startNode(cleanup);
  const session = createSessionId();
  const source = await TestHop.connect(client, from.node);
  await source.open(openMessage(from, { session }));
  source.step({ step: 0, position: 0, tokens });
  await source.take('result');
  return { client, from, to, source, session };
}

async function openTarget({ client, from, to, session }: Pair): Promise<TestHop> {
  const target = await TestHop.connect(client, to.node);
  await target.open(openMessage(to, { session, epoch: 1, takesOverFrom: from.node.peer }));
  return target;
}

function request({ to, session }: Pair, fields: Partial<HandOverMessage> = {}): HandOverMessage {
  const { peer, multiaddrs } = to.node;
  return {
    type: 'hand-over',
    epoch: 1,
    span: whole,
    to: 5,
    peer,
    multiaddrs: [...multiaddrs],
    session,
    ...fields,
  };
}

describe('hand-over', () => {
  it('sends the cache to the peer that takes over, exactly', async () => {
    const pair = await start();
    const target = await openTarget(pair);
    pair.source.send(request(pair));
    expect((await target.take('kv-imported')).message.position).toBe(5);
    // Keys and values of 32 numbers, for five tokens of six blocks.
    const answer = (await pair.source.take('handed-over')).message;
    expect(answer).toEqual({ type: 'handed-over', epoch: 1, bytes: 2 * 32 * 4 * 5 * 6 });
    target.step({ step: 0, epoch: 1, position: 5, tokens: [9], logits: 'last' });
    const expected = (await referenceLogits([...tokens, 9]))[5] as Float32Array;
    expect([...logitsOf(await target.take('result')).values()]).toEqual([...expected]);
  });

  it('leaves the session as it was: it goes on where nobody took over', async () => {
    const pair = await start();
    pair.source.send(request(pair, { multiaddrs: ['/memory/nobody'] }));
    const { message } = await pair.source.take('handed-over');
    expect(message).toEqual({
      type: 'handed-over',
      epoch: 1,
      bytes: 0,
      failure: 'peer-unreachable',
    });
    pair.source.step({ step: 1, epoch: 1, position: 5, tokens: [9], logits: 'last' });
    const expected = (await referenceLogits([...tokens, 9]))[5] as Float32Array;
    expect([...logitsOf(await pair.source.take('result')).values()]).toEqual([...expected]);
  });

  it('sends nothing to a peer that does not know the session', { timeout: 20_000 }, async () => {
    const pair = await start();
    pair.source.send(request(pair, { session: createSessionId() }));
    const { message } = await pair.source.take('handed-over');
    expect(message).toMatchObject({ bytes: 0, failure: 'session-unknown' });
  });

  it('is broken off by a newer epoch, although the other side does not read', async () => {
    const pair = await start();
    const target = await openTarget(pair);
    // The importing engine never comes to an end with the first piece.
    pair.to.engine.importKv = () => new Promise(() => {});
    const exportKv = pair.from.engine.exportKv.bind(pair.from.engine);
    pair.from.engine.exportKv = async (...range) => {
      const piece = await exportKv(...range);
      if (range[1].block === 2) pair.source.send({ type: 'truncate', epoch: 2, position: 5 });
      return piece;
    };
    pair.source.send(request(pair));
    expect((await pair.source.take('truncated')).message).toMatchObject({ epoch: 2, position: 5 });
    await until(() => pair.from.host.find(pair.session)?.cacheStream === null);
    expect(target.received).toEqual([]);
  });

  it('of an older epoch is not answered', async () => {
    const pair = await start();
    pair.source.send({ type: 'truncate', epoch: 2, position: 5 });
    await pair.source.take('truncated');
    pair.source.send(request(pair));
    pair.source.send({ type: 'truncate', epoch: 3, position: 5 });
    await pair.source.take('truncated');
    expect(pair.source.received).toEqual([]);
  });

  it.each([
    ['tokens beyond the length', { to: 6 }],
    ['blocks beyond the span', { span: { start: 0, end: 7 } }],
  ])('of %s is refused', async (_what, fields) => {
    const pair = await start();
    pair.source.send(request(pair, fields));
    expect(await pair.source.takeError()).toMatchObject({ code: 'protocol-violation' });
    await until(() => pair.from.engine.sessions.length === 0);
  });

  it('ends when the client is gone', async () => {
    const pair = await start();
    await openTarget(pair);
    pair.to.engine.importKv = () => new Promise(() => {});
    pair.source.send(request(pair));
    await until(() => pair.from.host.find(pair.session)?.cacheStream != null);
    await pair.client.stop();
    await until(() => pair.from.engine.sessions.length === 0);
    await until(() => pair.to.engine.sessions.length === 0);
    expect([pair.from.host.sessionCount, pair.to.host.sessionCount]).toEqual([0, 0]);
  });
});
