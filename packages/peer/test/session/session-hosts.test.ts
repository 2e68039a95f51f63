import { systemClock } from '@skein/client/network';
import { createSessionId, pushProtocol, toPredecessorSchema } from '@skein/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { SessionHost } from '../../src/session/session-host.js';
import { SessionHosts } from '../../src/session/session-hosts.js';
import { Cleanup } from '../support/cleanup.js';
import {
  endsOf,
  openMessage,
  startNode,
  type TestHost,
  toyKind,
  toyModel,
} from '../support/swarm.js';
import { TestHop } from '../support/test-hop.js';
import { ToyEngine } from '../support/toy-engine.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** A peer that has moved from the first half to the second, and still has both. */
async function startMovedPeer() {
  const node = await startNode(cleanup);
  const hostOf = (start: number, end: number): TestHost => {
    const span = { start, end };
    const engine = new ToyEngine({ span, ends: endsOf(span) });
    const parts = { model: toyModel, numericKind: toyKind, clock: systemClock };
    return { node, engine, host: new SessionHost({ node, engine, ...parts }) };
  };
  const before = hostOf(0, 4);
  const after = hostOf(2, 6);
  await new SessionHosts(() => [after.host, before.host]).serve(node);
  const client = await startNode(cleanup);
  return { node, before, after, connect: () => TestHop.connect(client, node), client };
}

describe('two hosts of one peer', () => {
  it('take the sessions that ask for their blocks, the newer one what both have', async () => {
    const { before, after, connect } = await startMovedPeer();
    const open = async (start: number, end: number) => {
      const span = { start, end };
      await (await connect()).open(openMessage(before, { span, ends: endsOf(span) }));
    };
    await open(0, 3);
    expect([before.host.sessionCount, after.host.sessionCount]).toEqual([1, 0]);
    await open(4, 6);
    await open(2, 4);
    expect([before.host.sessionCount, after.host.sessionCount]).toEqual([1, 2]);
    after.host.isDraining = true;
    await open(2, 4);
    expect([before.host.sessionCount, after.host.sessionCount]).toEqual([2, 2]);
  });

  it('say who is leaving, and what is hosted', async () => {
    const { before, after, connect } = await startMovedPeer();
    before.host.isDraining = true;
    const refused = async (start: number, end: number) => {
      const hop = await connect();
      const span = { start, end };
      hop.send({ type: 'open', ...openMessage(before, { span, ends: endsOf(span) }) });
      return hop.takeError();
    };
    expect(await refused(0, 2)).toMatchObject({ code: 'draining' });
    const { start, end } = after.engine.info.span;
    expect(await refused(0, 6)).toMatchObject({ code: 'not-hosting', details: { start, end } });
  });

  it('do not both take one session', async () => {
    const { before, connect } = await startMovedPeer();
    const session = createSessionId();
    const span = { start: 0, end: 2 };
    await (await connect()).open(openMessage(before, { session, span, ends: endsOf(span) }));
    const second = await connect();
    const other = { start: 4, end: 6 };
    second.send({
      type: 'open',
      ...openMessage(before, { session, span: other, ends: endsOf(other) }),
    });
    expect(await second.takeError()).toMatchObject({ code: 'session-exists' });
  });

  it('find the session that a predecessor means, also before it is open', async () => {
    const { node, before, connect, client } = await startMovedPeer();
    const session = createSessionId();
    const attached = new Promise<string>((resolve) => {
      void client
        .openChannel(
          { peer: node.peer, multiaddrs: node.multiaddrs },
          pushProtocol,
          toPredecessorSchema,
          () => ({
            onMessage: ({ message }) => resolve(message.type),
            onClose: () => resolve('closed'),
          }),
          {},
        )
        .then((channel) => channel.send({ type: 'attach', session, epoch: 0 }));
    });
    const span = { start: 0, end: 2 };
    const ends = { embedding: false, head: false };
    await (await connect()).open(openMessage(before, { session, span, ends }));
    expect(await attached).toBe('attached');
    expect(before.host.find(session)?.pushChannels.size).toBe(1);
  });
});
