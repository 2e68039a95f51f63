import { abortAfter, infoAnswerSchema, infoProtocol } from '@skein/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { createSkeinNode, type SkeinNode, type SkeinNodeOptions } from '../../src/network/index.js';
import { Cleanup, until } from './support.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function start(options: Partial<SkeinNodeOptions>): Promise<SkeinNode> {
  const node = await createSkeinNode({
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: [],
    mode: 'peer',
    dht: false,
    ...options,
  });
  cleanup.add(() => node.stop());
  await node.start();
  return node;
}

const quiet = () => ({ onMessage: () => undefined, onClose: () => undefined });

describe('a node', () => {
  it('listens on TCP and WebSockets, and keeps its bootstrap connection', async () => {
    const first = await start({ listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'] });
    expect(first.multiaddrs).toHaveLength(2);
    for (const address of first.multiaddrs) {
      expect(address).toContain(`/p2p/${first.peer}`);
      const other = await start({ listen: [], bootstrap: [address], mode: 'client' });
      await until(() => other.connectedPeers.includes(first.peer));
    }
  });

  it('connects to the first address that answers', async () => {
    const server = await start({});
    const client = await start({ listen: [] });
    const dead = '/ip4/127.0.0.1/tcp/1';
    expect(await client.connect([dead, server.multiaddrs[0] ?? ''], {})).toBe(server.peer);
  });

  it('names the peer and the address that cannot be reached', async () => {
    const client = await start({ listen: [] });
    const peer = (await start({})).peer;
    const remote = { peer, multiaddrs: ['/ip4/127.0.0.1/tcp/1'] };
    const opening = client.openChannel(remote, infoProtocol, infoAnswerSchema, quiet, {});
    await expect(opening).rejects.toMatchObject({ code: 'peer-unreachable', peer });
    await expect(opening).rejects.toThrow('/ip4/127.0.0.1/tcp/1');
    await expect(client.connect(['/ip4/127.0.0.1/tcp/1'], {})).rejects.toMatchObject({
      code: 'peer-unreachable',
    });
  });

  it('refuses another identity at the address', async () => {
    const [server, client] = [await start({}), await start({ listen: [] })];
    const expected = (await start({})).peer;
    const address = (server.multiaddrs[0] ?? '').replace(`/p2p/${server.peer}`, '');
    const remote = { peer: expected, multiaddrs: [address] };
    await expect(
      client.openChannel(remote, infoProtocol, infoAnswerSchema, quiet, {}),
    ).rejects.toMatchObject({ code: 'peer-unreachable', peer: expected });
  });

  it('says that a peer does not speak a protocol', async () => {
    const [server, client] = [await start({}), await start({ listen: [] })];
    const remote = { peer: server.peer, multiaddrs: server.multiaddrs };
    await expect(
      client.openChannel(remote, '/skein/nothing/1.0.0', infoAnswerSchema, quiet, {}),
    ).rejects.toMatchObject({ code: 'peer-unreachable', peer: server.peer });
  });

  it('tells an abort from a failure', async () => {
    const [server, client] = [await start({}), await start({ listen: [] })];
    const remote = { peer: server.peer, multiaddrs: server.multiaddrs };
    const signal = AbortSignal.abort();
    await expect(
      client.openChannel(remote, infoProtocol, infoAnswerSchema, quiet, { signal }),
    ).rejects.toMatchObject({ code: 'aborted' });
  });

  it('names the address in use and the way out', async () => {
    const first = await start({});
    const address = (first.multiaddrs[0] ?? '').replace(`/p2p/${first.peer}`, '');
    const second = start({ listen: ['/ip4/127.0.0.1/tcp/0/ws', address] });
    await expect(second).rejects.toMatchObject({ code: 'address-in-use' });
    await expect(second).rejects.toThrow(`cannot listen on ${address}`);
    await expect(second).rejects.toThrow('--listen');
  });

  it('refuses what is not a multiaddr', async () => {
    const options = { listen: ['127.0.0.1:4001'], bootstrap: [], mode: 'peer' } as const;
    await expect(createSkeinNode(options)).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('announces other addresses when told so', async () => {
    const node = await start({ announce: ['/ip4/203.0.113.7/tcp/4001'] });
    expect(node.multiaddrs).toEqual([`/ip4/203.0.113.7/tcp/4001/p2p/${node.peer}`]);
  });

  it('can be stopped twice', async () => {
    const node = await start({});
    await node.stop();
    await node.stop();
  });

  it('finds the members of a topic on the DHT', { timeout: 60_000 }, async () => {
    const hub = await start({ dht: true });
    const bootstrap = [...hub.multiaddrs];
    const member = await start({ dht: true, bootstrap });
    const seeker = await start({ dht: true, bootstrap, listen: [], mode: 'client' });
    await until(() => member.connectedPeers.length > 0 && seeker.connectedPeers.length > 0);
    const signal = abortAfter(30_000);
    await member.provideTopic('tiny', { signal });
    for await (const remote of seeker.findTopic('tiny', { signal })) {
      expect(remote.peer).toBe(member.peer);
      break;
    }
  });
});
