import { createDirectory, createSkeinNode } from '@skein/client/network';
import { createObserver, type Observer } from '@skein/client/observer';
import { type PeerId, type ReportMessage, type StatusMessage, signStatus } from '@skein/protocol';
import { type PeerSummary, peerAnswerSchema, swarmAnswerSchema } from '@skein/protocol/http-api';
import { afterEach, describe, expect, it } from 'vitest';
import { Cleanup, until } from '../support/cleanup.js';
import { type Reporter, startMember, statusOf, type Twist } from './support/reporters.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const peerCount = 10;
const linesMax = 4;

/** A swarm over TCP, of more peers than the observer keeps lines to. */
async function startSwarm(): Promise<Reporter[]> {
  const first = await startMember(cleanup, 'peer-0', { bootstrap: [] });
  const bootstrap = [...first.node.multiaddrs];
  const others = await Promise.all(
    Array.from({ length: peerCount - 1 }, (_, index) =>
      startMember(cleanup, `peer-${index + 1}`, { bootstrap }),
    ),
  );
  const peers = [first, ...others];
  await until(
    () => peers.every(({ directory }) => directory?.records().length === peerCount),
    30_000,
  );
  return peers;
}

async function observe(peers: readonly Reporter[]): Promise<Observer> {
  const bootstrap = [...(peers[0]?.node.multiaddrs ?? [])];
  const node = await createSkeinNode({
    listen: [],
    bootstrap,
    mode: 'client',
    dht: false,
    mdns: false,
  });
  const directory = createDirectory({ node, bootstrap, gossipMs: 200 });
  const observer = createObserver({
    node,
    directory,
    kind: 'dashboard',
    version: '0.1.0',
    linesMax,
  });
  cleanup.add(async () => {
    await observer.stop();
    await directory.stop();
    await node.stop();
  });
  await node.start();
  await directory.start();
  await directory.refresh({});
  await until(() => directory.records().length === peers.length, 30_000);
  await observer.start({ waitMs: 5_000 });
  return observer;
}

const kindsOf = (observer: Observer) =>
  observer.peers().map(({ reachability }) => reachability.kind);

/** Waits until all but the kept ones are told of; resolves with the kept ones. */
async function untilTold(observer: Observer, peers: readonly Reporter[]): Promise<Reporter[]> {
  await until(
    () => kindsOf(observer).filter((kind) => kind === 'reported').length === peerCount - linesMax,
    30_000,
  );
  const direct = observer.peers().filter(({ reachability }) => reachability.kind === 'direct');
  expect(direct).toHaveLength(linesMax);
  return peers.filter(({ node }) => direct.some(({ id }) => id === node.peer));
}

/** Waits until all statuses are newer than now, and says who told the last of each. */
async function untilAllRefreshed(observer: Observer): Promise<PeerSummary[]> {
  const nowMs = Date.now();
  const isNew = ({ reachability }: PeerSummary) => (reachability.checkedAtMs ?? 0) > nowMs;
  await until(() => observer.peers().every(isNew), 20_000);
  return observer.peers();
}

/** Passes on what it signed itself in place of what others did. */
async function forgeryOf(reporter: Reporter): Promise<Twist> {
  const { privateKey } = reporter;
  const status: StatusMessage = { type: 'status', ...statusOf('forged', 1_000) };
  const issuedAtMs = Date.now() + 10_000;
  const bytes = await signStatus(status, { privateKey, issuedAtMs });
  return (report) => ({
    ...report,
    statuses: report.statuses.map(([peer, ageMs]) => [peer, ageMs, bytes]),
  });
}

/** Says the same again and again. */
function replay(): Twist {
  const kept = new Map<PeerId, ReportMessage['statuses'][number]>();
  return (report) => ({
    ...report,
    statuses: report.statuses.map((told) => {
      const [peer] = told;
      if (!kept.has(peer)) kept.set(peer, told);
      return kept.get(peer) ?? told;
    }),
  });
}

const withhold: Twist = (report) => ({ ...report, statuses: [] });

const accuse: Twist = (report) => ({
  ...report,
  statuses: [],
  gaps: report.statuses.map(([peer]) => [peer, 'silent']),
});

const flood: Twist = (report) => ({
  ...report,
  statuses: [...report.statuses, ...report.statuses],
});

describe('an observer of more peers than it has lines', () => {
  it('hears of the others from those to which it has one, within seconds', async () => {
    const peers = await startSwarm();
    const observer = await observe(peers);
    await untilTold(observer, peers);
    const summaries = swarmAnswerSchema.parse(observer.swarm()).peerSummaries;
    expect(summaries.map(({ device, name }) => device === name)).toEqual(
      Array(peerCount).fill(true),
    );
    const told = summaries.find(({ reachability }) => reachability.kind === 'reported');
    expect(told?.reachability).toMatchObject({ reason: null, roundTripMs: null });
    await untilAllRefreshed(observer);
    // It can be tried from here all the same.
    const reach = await observer.reachable(told?.id ?? '', {});
    expect(reach?.reachability.kind).toBe('direct');
    expect(peerAnswerSchema.parse(observer.peer(told?.id ?? '')).counters).not.toBeNull();
  });

  it.each<[string, readonly ((reporter: Reporter) => Twist | Promise<Twist>)[]]>([
    [
      'withholds, one forges and one tells everything twice',
      [() => withhold, forgeryOf, () => flood],
    ],
    ['repeats itself and one says that others keep silent', [replay, () => accuse]],
  ])('knows of all although one of its reporters %s', async (_name, twists) => {
    const peers = await startSwarm();
    const observer = await observe(peers);
    const reporters = await untilTold(observer, peers);
    for (const [index, twistOf] of twists.entries()) {
      const hostile = reporters[index] as Reporter;
      hostile.twist = await twistOf(hostile);
    }
    // Whom they tell of changes with what they tell: some rounds in a row.
    for (let round = 0; round < 2; round += 1) {
      const summaries = await untilAllRefreshed(observer);
      expect(summaries.every(({ device, name }) => device === name)).toBe(true);
    }
    expect(observer.eventsAfter(null).map(({ kind }) => kind)).not.toContain('lost');
    expect(observer.head().peers).toMatchObject({ serving: peerCount, lost: 0 });
  });

  it('knows soon that a peer is gone to which it never had a line', async () => {
    const peers = await startSwarm();
    const observer = await observe(peers);
    const reporters = await untilTold(observer, peers);
    const victim = peers.find((peer) => !reporters.includes(peer)) as Reporter;
    await victim.directory?.stop();
    await victim.node.stop();
    await until(() => observer.head().peers.lost === 1, 15_000);
    expect(observer.eventsAfter(null)).toMatchObject([{ kind: 'lost', peer: victim.node.peer }]);
    expect(observer.peer(victim.node.peer)?.reachability.kind).toBe('unreachable');
  });

  it('dials peers of older versions, as ever', async () => {
    const peers = await startSwarm();
    const bootstrap = [...(peers[0]?.node.multiaddrs ?? [])];
    const old = await startMember(cleanup, 'old', { bootstrap, isOld: true });
    await until(() =>
      peers.every(({ directory }) => directory?.records().length === peerCount + 1),
    );
    const observer = await observe([...peers, old]);
    const isDirect = () => observer.peer(old.node.peer)?.reachability.kind === 'direct';
    await until(() => isDirect() && observer.peer(old.node.peer)?.device === 'old', 20_000);
  });
});
