import { type StatusMessage, statusProtocol, statusRequestSchema } from '@skein/protocol';
import {
  modelsAnswerSchema,
  peerAnswerSchema,
  reachableAnswerSchema,
  sessionsAnswerSchema,
  swarmAnswerSchema,
} from '@skein/protocol/http-api';
import { afterEach, describe, expect, it } from 'vitest';
import { createObserver, type Observer, type ObserverOptions } from '../../src/observer/index.js';
import {
  Cleanup,
  type Member,
  memoryAddress,
  recordBody,
  startMember,
  until,
} from '../network/support.js';
import { statusOf } from './support/peers.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

interface ToyPeer extends Member {
  readonly name: string;
  /** What it answers; a peer without answers keeps silent. */
  answers: (() => object) | null;
  asked: number;
}

/** A member that hosts blocks, and answers observers. */
async function startPeer(
  name: string,
  span: { start: number; end: number },
  bootstrap: readonly string[] = [],
): Promise<ToyPeer> {
  const member = await startMember(cleanup, { bootstrap, gossipMs: 100 });
  const body = {
    ...recordBody(member.node, name),
    span,
    ends: { embedding: span.start === 0, head: span.end === 8 },
  };
  const status = statusOf(body as never);
  const peer: ToyPeer = { ...member, name, asked: 0, answers: () => status };
  await member.node.serve(statusProtocol, statusRequestSchema, (channel) => ({
    onMessage: () => {
      peer.asked += 1;
      const answer = peer.answers?.();
      return answer === undefined ? undefined : channel.send(answer);
    },
    onClose: () => undefined,
  }));
  await member.directory.publish(body);
  return peer;
}

async function observe(first: Member, options: Partial<ObserverOptions> = {}): Promise<Observer> {
  const bootstrap = [...first.node.multiaddrs];
  const member = await startMember(cleanup, {
    bootstrap,
    listen: [memoryAddress()],
    isReadOnly: true,
    gossipMs: 100,
  });
  await member.directory.refresh({});
  const observer = createObserver({
    node: member.node,
    directory: member.directory,
    kind: 'dashboard',
    version: '0.1.0',
    ...options,
  });
  cleanup.add(() => observer.stop());
  await observer.start({ waitMs: 5_000 });
  return observer;
}

async function startTwo(): Promise<[ToyPeer, ToyPeer]> {
  const anser = await startPeer('anser', { start: 0, end: 4 });
  const brant = await startPeer('brant', { start: 4, end: 8 }, anser.node.multiaddrs);
  await until(() => anser.directory.records().length === 2);
  return [anser, brant];
}

const kinds = (observer: Observer) => observer.eventsAfter(null).map(({ kind }) => kind);

describe('an observer', () => {
  it('answers what the contract promises', async () => {
    const [anser, brant] = await startTwo();
    const observer = await observe(anser);
    const swarm = swarmAnswerSchema.parse(observer.swarm());
    expect(swarm).toMatchObject({
      health: 'degraded',
      headline: 'all 8 blocks served; weakest is block 0 with 1 peer',
      peers: { serving: 2, joining: 0, draining: 0, lost: 0 },
      join: { isPrivate: false, weakest: { span: { start: 0, end: 8 }, peers: 1 } },
    });
    const [first] = swarm.peerSummaries;
    expect(first).toMatchObject({
      name: 'anser',
      reachability: { kind: 'direct', reason: null },
      device: 'paper',
      kv: { freeTokens: 900, maxTokens: 1_000 },
    });
    expect(modelsAnswerSchema.parse(observer.models()).models[0]?.coverage).toHaveLength(8);
    expect(sessionsAnswerSchema.parse(observer.sessions()).count).toBe(0);
    const peer = peerAnswerSchema.parse(observer.peer(brant.node.peer));
    expect(peer).toMatchObject({ spanReason: 'as told', multiaddrs: null });
    expect(observer.peer('nobody')).toBeNull();
    const reach = reachableAnswerSchema.parse(await observer.reachable(brant.node.peer, {}));
    expect(reach.text).toMatch(/^brant is reached directly, [\d.]+ ms there and back$/);
    expect(kinds(observer)).toEqual([]);
  });

  it('shows addresses where that is allowed', async () => {
    const [anser] = await startTwo();
    const observer = await observe(anser, { showsAddresses: true });
    expect(observer.peer(anser.node.peer)?.multiaddrs).toEqual(anser.node.multiaddrs);
  });

  it('knows of a peer that vanished long before its record expires', async () => {
    const [anser, brant] = await startTwo();
    const observer = await observe(anser);
    await brant.node.stop();
    await until(() => observer.head().peers.lost === 1, 5_000);
    expect(observer.head()).toMatchObject({
      health: 'broken',
      headline: 'nobody hosts blocks 4:8, the head',
    });
    expect(kinds(observer)).toEqual(['lost', 'health']);
    const [lost] = observer.eventsAfter(null);
    expect(lost).toMatchObject({ name: 'brant', span: { start: 4, end: 8 } });
    expect(lost?.text).toMatch(/^brant with blocks 4:8 is lost: /);
  });

  it('is of one mind the moment that it tells of a loss', async () => {
    const [anser, brant] = await startTwo();
    const observer = await observe(anser);
    expect(observer.head()).toMatchObject({ health: 'degraded', peers: { serving: 2 } });
    const heads: object[] = [];
    observer.onEvent(({ kind }) => {
      if (kind === 'lost') heads.push(observer.head());
    });
    await brant.node.stop();
    await until(() => heads.length > 0, 5_000);
    expect(heads[0]).toMatchObject({ health: 'broken', peers: { serving: 1, lost: 1 } });
  });

  it('tells who joins, moves and leaves, and why', async () => {
    const [anser, brant] = await startTwo();
    const observer = await observe(anser);
    const crane = await startPeer('crane', { start: 0, end: 4 }, anser.node.multiaddrs);
    await until(() => observer.head().peers.serving === 3);
    const moved = { ...recordBody(crane.node, 'crane'), span: { start: 2, end: 6 } };
    crane.answers = () => statusOf(moved as never, { spanReason: 'block 5 had one host' });
    await crane.directory.publish(moved);
    await until(() => kinds(observer).includes('moved'));
    await brant.directory.publish({ ...recordBody(brant.node, 'brant'), state: 'gone' });
    await until(() => kinds(observer).includes('left'));
    const texts = observer.eventsAfter(null).map(({ text }) => text);
    expect(texts[0]).toBe('crane joined with blocks 0:4');
    expect(texts).toContain('crane moved from 0:4 to 2:6: block 5 had one host');
    expect(texts).toContain('brant left the swarm');
    expect(texts.at(-1)).toBe('tiny is broken: nobody hosts blocks 6:8, the head');
  });

  it('tells failures that peers tell of, once', async () => {
    const [anser] = await startTwo();
    const observer = await observe(anser);
    const body = { ...recordBody(anser.node, 'anser'), ends: { embedding: true, head: false } };
    const event = { id: 7, agoMs: 5, kind: 'engine-failed' as const, text: 'its engine failed: !' };
    anser.answers = () => statusOf(body as never, { events: [event] });
    await until(() => kinds(observer).includes('failed'));
    const asked = anser.asked;
    await until(() => anser.asked > asked + 1);
    expect(kinds(observer)).toEqual(['failed']);
    expect(observer.eventsAfter(null)[0]?.text).toBe('anser its engine failed: !');
  });

  it.each<[string, (status: StatusMessage) => object]>([
    ['a status that breaks its schema', (status) => ({ ...status, prompt: 'Hello' })],
    ['a session list without end', (status) => ({ ...status, sessionList: Array(2_000).fill(0) })],
    ['another message', () => ({ type: 'surprise' })],
  ])('takes %s for silence, and goes on with the others', async (_name, twist) => {
    const [anser, brant] = await startTwo();
    const observer = await observe(anser);
    const status = brant.answers?.() as StatusMessage;
    brant.answers = () => twist(status);
    await until(() => observer.head().peers.lost === 1, 12_000);
    expect(observer.peer(brant.node.peer)?.reachability.reason).toMatch(/status|type|surprise/);
    expect(observer.peer(anser.node.peer)?.reachability.kind).toBe('direct');
  });

  it('counts a peer that answers no questions by its record', async () => {
    const [anser, brant] = await startTwo();
    brant.answers = null;
    const observer = await observe(anser);
    await until(() => observer.peer(brant.node.peer)?.reachability.kind === 'unreachable');
    expect(observer.head()).toMatchObject({ peers: { serving: 2, lost: 0 }, health: 'degraded' });
    expect(observer.peer(brant.node.peer)).toMatchObject({ device: null, counters: null });
  });

  it('beside other work asks rarely, until somebody looks', async () => {
    const [anser, brant] = await startTwo();
    const observer = await observe(anser, { kind: 'peer' });
    expect(observer.swarm().observer.refreshMs).toBe(30_000);
    const asked = brant.asked;
    observer.attend();
    await until(() => brant.asked > asked);
    expect(observer.swarm().observer.refreshMs).toBe(2_000);
  });

  it('tells of bans', async () => {
    const [anser, brant] = await startTwo();
    const observer = await observe(anser);
    observer.noteBan(brant.node.peer, 8_000);
    expect(observer.eventsAfter(null)[0]).toMatchObject({
      kind: 'banned',
      text: 'brant is avoided for 8 s: it failed this client',
    });
  });
});
