import { createSessionId, type PeerId } from '@skein/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { Cleanup, until } from '../../support/cleanup.js';
import { openChain, openMessage, startHost, startNode, successorOf } from '../../support/swarm.js';
import { TestHop } from '../../support/test-hop.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const nobody = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN' as PeerId;

describe('link', () => {
  it('reports a successor that cannot be reached, and keeps the session', async () => {
    const host = await startHost(cleanup, { start: 0, end: 2 });
    const hop = await TestHop.connect(await startNode(cleanup), host.node);
    const successor = { kind: 'peer' as const, peer: nobody, multiaddrs: ['/memory/nowhere'] };
    // Opening says nothing of it: it shows with the first output.
    await hop.open(openMessage(host, { successor }));
    hop.step({ step: 5, position: 0, tokens: [1, 2] });
    const error = await hop.takeError();
    expect(error).toMatchObject({ code: 'peer-unreachable', about: nobody, step: 5, epoch: 0 });
    expect(hop.closed).toBeUndefined();
    // The client relays instead: what was computed is replayed.
    hop.send({ type: 'link', epoch: 1, successor: { kind: 'client' } });
    await hop.take('linked');
    hop.send({ type: 'replay', epoch: 1, step: 6, from: 0, to: 2, until: 4 });
    expect((await hop.take('step')).message).toMatchObject({ position: 0, rows: 2 });
  });

  it('reports a successor that dies at work', async () => {
    const { hops, hosts } = await openChain(cleanup, { transports: 'tcp' });
    const [first, , last] = hops;
    first?.step({ step: 0, position: 0, tokens: [1] });
    await last?.take('result');
    const lost = hosts[1];
    lost?.host.find(first?.session as never)?.pushChannels.forEach((channel) => {
      channel.abort(new Error('cable cut'));
    });
    const error = await first?.takeError();
    expect(error).toMatchObject({ code: 'stream-closed', about: lost?.node.peer, step: 0 });
    expect(first?.closed).toBeUndefined();
    // Once told to go on with the same one, it opens a new stream.
    for (const hop of hops) hop.send({ type: 'truncate', epoch: 1, position: 1 });
    await Promise.all(hops.map((hop) => hop.take('truncated')));
    first?.step({ step: 1, position: 1, epoch: 1, tokens: [2] });
    expect((await last?.take('result'))?.message).toMatchObject({ position: 2, epoch: 1 });
  });

  it('says nothing when the successor is closed in order, until it is needed', async () => {
    const { hops } = await openChain(cleanup);
    const [first, second, last] = hops;
    first?.step({ step: 0, position: 0, tokens: [1] });
    await last?.take('result');
    second?.send({ type: 'close' });
    await second?.take('closed');
    await until(() => second?.closed !== undefined);
    first?.send({ type: 'probe', probe: 1 });
    await first?.take('probed');
    expect(first?.received).toEqual([]);
  });

  it('keeps the stream to a successor that stays', async () => {
    const { hops, hosts } = await openChain(cleanup);
    const [first, , last] = hops;
    const second = hosts[1];
    if (first === undefined || second === undefined) throw new Error('no hops');
    first.step({ step: 0, position: 0, tokens: [1] });
    await last?.take('result');
    first.send({ type: 'link', epoch: 0, successor: successorOf(second) });
    await first.take('linked');
    first.step({ step: 1, position: 1, tokens: [1] });
    await last?.take('result');
    expect(second.host.find(first.session)?.pushChannels.size).toBe(1);
  });

  it('ignores a link of an older epoch', async () => {
    const host = await startHost(cleanup, { start: 0, end: 2 });
    const hop = await TestHop.connect(await startNode(cleanup), host.node);
    const session = createSessionId();
    await hop.open(openMessage(host, { session, epoch: 3, successor: { kind: 'client' } }));
    hop.send({ type: 'link', epoch: 2, successor: null });
    hop.step({ step: 0, position: 0, epoch: 3, tokens: [1] });
    await hop.take('step');
  });
});
