import { generateKeyPair } from '@libp2p/crypto/keys';
import {
  abortAfter,
  directoryMessageSchema,
  directoryProtocol,
  limits,
  type PeerId,
  type SkeinError,
  signRecord,
} from '@skein/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import type { DirectoryChange } from '../../src/network/index.js';
import { Cleanup, knownPeers, type Member, recordBody, startMember, until } from './support.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** Members that all know the first one, each with a published record. */
async function startSwarm(
  count: number,
  options: { gossipMs?: number; transports?: 'memory' | 'tcp' } = {},
): Promise<Member[]> {
  const first = await startMember(cleanup, options);
  const members = [first];
  while (members.length < count) {
    members.push(await startMember(cleanup, { ...options, bootstrap: first.node.multiaddrs }));
  }
  await Promise.all(
    members.map(async ({ node, directory }, index) => {
      await directory.refresh({});
      await directory.publish(recordBody(node, `member ${index}`));
    }),
  );
  return members;
}

function sees(members: readonly Member[], expected: readonly Member[]): boolean {
  const peers = expected.map(({ node }) => node.peer).sort();
  return members.every(({ directory }) => knownPeers(directory).join() === peers.join());
}

describe('a directory', () => {
  it('spreads records of eight members to all, and a goodbye within a second', async () => {
    const members = await startSwarm(8, { transports: 'tcp', gossipMs: 1_000 });
    await until(() => sees(members, members), 20_000);
    const [leaver, ...rest] = [...members].reverse() as [Member, ...Member[]];
    const changes: DirectoryChange[] = [];
    rest[0]?.directory.onChange((change) => changes.push(change));
    await leaver.directory.publish({ ...recordBody(leaver.node), state: 'gone' });
    const elapsedMs = await until(() => sees(rest, rest));
    // A tenth of it on an idle machine; eight nodes in one busy process need more.
    expect(elapsedMs).toBeLessThan(5_000);
    expect(changes.map(({ kind }) => kind)).toEqual(['left']);
    expect(rest[0]?.directory.get(leaver.node.peer)).toBeNull();
  });

  it('gives a newcomer a snapshot, read-only', async () => {
    const members = await startSwarm(3);
    await until(() => sees(members, members));
    const client = await startMember(cleanup, {
      bootstrap: members[0]?.node.multiaddrs ?? [],
      listen: [],
      isReadOnly: true,
    });
    expect(await client.directory.refresh({ modelName: 'tiny' })).toBe(3);
    await expect(client.directory.publish(recordBody(client.node))).rejects.toMatchObject({
      code: 'bad-argument',
    });
  });

  it('tells connected clients at once who comes and goes', async () => {
    const hub = await startMember(cleanup, { isReadOnly: true, gossipMs: 60_000 });
    const bootstrap = hub.node.multiaddrs;
    const options = { bootstrap, gossipMs: 60_000 };
    const client = await startMember(cleanup, { ...options, listen: [], isReadOnly: true });
    const member = await startMember(cleanup, options);
    await Promise.all([client.directory.refresh({}), member.directory.refresh({})]);
    await member.directory.publish(recordBody(member.node));
    await until(() => client.directory.get(member.node.peer) !== null);
    await member.directory.publish({ ...recordBody(member.node), state: 'gone' });
    await until(() => client.directory.get(member.node.peer) === null);
  });

  it('passes a plan to move on at once, and its withdrawal', async () => {
    // No gossip: only what is passed on reaches those who are not told first-hand.
    const [first, mover] = (await startSwarm(2, { gossipMs: 1_000_000 })) as [Member, Member];
    const client = await startMember(cleanup, {
      bootstrap: first.node.multiaddrs,
      gossipMs: 1_000_000,
      isReadOnly: true,
    });
    await client.directory.refresh({});
    const seen = () => client.directory.get(mover.node.peer)?.body.nextSpan;
    const nextSpan = { start: 4, end: 8 };
    await mover.directory.publish({ ...recordBody(mover.node), nextSpan });
    await until(() => seen() !== undefined);
    expect(seen()).toEqual(nextSpan);
    await mover.directory.publish(recordBody(mover.node));
    await until(() => seen() === undefined);
  });

  it('brings a snapshot of more records than one message holds', async () => {
    const [holder] = (await startSwarm(1)) as [Member];
    const now = Date.now();
    const exchangeContext = holder.directory as unknown as {
      receive(records: Uint8Array[], from: PeerId): Promise<void>;
    };
    const records: Uint8Array[] = [];
    for (let index = 0; index < 1500; index++) {
      records.push(await foreignRecord(holder, { sequence: now + index }));
    }
    await exchangeContext.receive(records, holder.node.peer);
    const newcomer = await startMember(cleanup, { bootstrap: holder.node.multiaddrs });
    expect(await newcomer.directory.refresh({})).toBe(1501);
  });

  it('reports why no bootstrap node answers', async () => {
    const lonely = await startMember(cleanup, {
      bootstrap: ['/ip4/127.0.0.1/tcp/1'],
      transports: 'tcp',
    });
    await expect(lonely.directory.refresh({})).rejects.toMatchObject({ code: 'peer-unreachable' });
  });

  it('tells joins, updates and expiry apart', async () => {
    let aheadMs = 0;
    const wallClock = () => Date.now() + aheadMs;
    const first = await startMember(cleanup, { wallClock });
    const second = await startMember(cleanup, { bootstrap: first.node.multiaddrs });
    const kinds: string[] = [];
    first.directory.onChange(({ kind, record }) => {
      if (record.peerId === second.node.peer) kinds.push(kind);
    });
    await second.directory.refresh({});
    await second.directory.publish(recordBody(second.node));
    await until(() => kinds.length === 1);
    await second.directory.publish({ ...recordBody(second.node), sessions: 3 });
    await until(() => kinds.length === 2);
    aheadMs = limits.recordLifetimeMsMax + 1;
    expect(first.directory.records()).toEqual([]);
    expect(kinds).toEqual(['joined', 'updated', 'expired']);
  });

  it('finds members by the DHT when bootstrap nodes know none', { timeout: 60_000 }, async () => {
    const hub = await startMember(cleanup, { transports: 'tcp', dht: true });
    // The hub is a DHT node that does not take part in the directory.
    await hub.directory.stop();
    const bootstrap = hub.node.multiaddrs;
    const member = await startMember(cleanup, { transports: 'tcp', dht: true, bootstrap });
    await until(() => member.node.connectedPeers.length > 0);
    await member.node.provideTopic('tiny', { signal: abortAfter(20_000) });
    await member.directory.publish(recordBody(member.node));
    const seeker = await startMember(cleanup, { transports: 'tcp', dht: true, bootstrap });
    await expect(seeker.directory.refresh({})).resolves.toBe(0);
    await seeker.directory.refresh({ modelName: 'tiny' });
    expect(knownPeers(seeker.directory)).toContain(member.node.peer);
  });
});

describe('records from hostile members', () => {
  it('that are forged are refused, and only the stream they came on ends', async () => {
    const members = await startSwarm(3);
    await until(() => sees(members, members));
    const [victim, hostile] = members as [Member, Member, Member];
    const record = victim.directory.get(hostile.node.peer)?.bytes.slice() as Uint8Array;
    for (let index = record.length - 100; index < record.length; index += 7) {
      const forged = record.slice();
      forged[index] = (forged[index] ?? 0) ^ 1;
      expect(await offer(hostile, victim, [forged])).toMatchObject({ code: 'stream-closed' });
    }
    const garbage = new Uint8Array(300).fill(0xc1);
    expect(await offer(hostile, victim, [garbage])).toMatchObject({ code: 'stream-closed' });
    const oversized = new Uint8Array(limits.recordBytesMax + 1);
    expect(await offer(hostile, victim, [oversized])).toMatchObject({ code: 'stream-closed' });
    expect(sees(members, members)).toBe(true);
    expect(victim.node.connectedPeers).toContain(hostile.node.peer);
    await victim.directory.refresh({});
  });

  it('that are old, expired or replayed change nothing', async () => {
    const members = await startSwarm(2);
    await until(() => sees(members, members));
    const [victim, hostile] = members as [Member, Member];
    const older = victim.directory.get(hostile.node.peer)?.bytes.slice() as Uint8Array;
    await hostile.directory.publish({ ...recordBody(hostile.node), state: 'gone' });
    await until(() => sees([victim], [victim]));
    const now = Date.now();
    const times = { issuedAtMs: now - 91_000, expiresAtMs: now - 1_000 };
    const expired = await foreignRecord(hostile, { sequence: now, ...times });
    expect(await offer(hostile, victim, [older, expired])).toBeNull();
    expect(sees([victim], [victim])).toBe(true);
  });

  it('of an earlier run of the victim are overruled', async () => {
    const members = await startSwarm(2);
    await until(() => sees(members, members));
    const [victim, other] = members as [Member, Member];
    const sequence = Date.now() + 1_000_000;
    const unsigned = { ...recordBody(victim.node, 'earlier run'), state: 'gone' as const };
    const issuedAtMs = Date.now();
    const times = { issuedAtMs, expiresAtMs: issuedAtMs + 60_000 };
    const earlier = await signRecord({ ...unsigned, sequence, ...times }, victim.privateKey);
    await offer(victim, other, [earlier]);
    await until(() => {
      const body = other.directory.get(victim.node.peer)?.body;
      return body !== undefined && body.sequence > sequence && body.state === 'serving';
    });
  });
});

/** A valid record of a member that exists only on paper. */
async function foreignRecord(
  like: Member,
  fields: { sequence: number; issuedAtMs?: number; expiresAtMs?: number },
): Promise<Uint8Array> {
  const issuedAtMs = fields.issuedAtMs ?? Date.now();
  const expiresAtMs = fields.expiresAtMs ?? issuedAtMs + 80_000;
  const key = await generateKeyPair('Ed25519');
  const body = { ...recordBody(like.node), multiaddrs: [] };
  return signRecord({ ...body, sequence: fields.sequence, issuedAtMs, expiresAtMs }, key);
}

/** Sends records on a stream of their own; resolves with how the receiver ended it. */
async function offer(
  from: Member,
  to: Member,
  records: readonly Uint8Array[],
): Promise<SkeinError | null> {
  return new Promise((resolve, reject) => {
    from.node
      .openChannel(
        { peer: to.node.peer, multiaddrs: to.node.multiaddrs },
        directoryProtocol,
        directoryMessageSchema,
        () => ({ onMessage: () => resolve(null), onClose: resolve }),
        {},
      )
      .then((channel) => {
        void channel.send({ type: 'records', records, wanted: [] });
        // Answered once the records were looked at.
        void channel.send({ type: 'digest', entries: [] });
      })
      .catch(reject);
  });
}
