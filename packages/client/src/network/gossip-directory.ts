import type { PrivateKey } from '@libp2p/interface';
import {
  abortAfter,
  directoryMessageSchema,
  directoryProtocol,
  isSkeinError,
  limits,
  type PeerId,
  type RecordBody,
  SkeinError,
  signRecord,
  type VerifiedRecord,
  type verifyRecord,
} from '@skein/protocol';
import type { Clock, Random } from '../clock.js';
import { chooseNeighbours, sample } from './choose-neighbours.js';
import type { Directory, DirectoryChange, Remote, SkeinNode } from './contracts.js';
import { answerExchanges, type ExchangeContext, exchange, push } from './directory-exchange.js';
import { findMembers } from './find-members.js';
import { RecordTable } from './record-table.js';

/** Members that are told at once when this member has news of itself, and of others. */
const ownNewsFanout = 8;
const newsFanout = 4;
/** Connected clients that are told: a route of theirs may be at stake, and nobody asks them. */
const clientsFanout = 32;
/** News wait this long for more of them, to go out together. */
const newsDelayMs = 30;
const newsMax = 256;
/** A goodbye waits this long for slow neighbours. */
const goodbyeMsMax = 1_000;
/** A record is issued again well before its life ends. */
const reissueMs = limits.recordLifetimeMsMax / 3;
/** Provider records are sent again after the swarm has come together, and then to stay fresh. */
const provideAgainMs = 15_000;
const provideEveryMs = 300_000;
const provideMsMax = 30_000;

/** What a member says; the rest is filled in when it is signed. */
export type PublishedBody = Parameters<Directory['publish']>[0];

interface GossipDirectoryOptions {
  readonly node: SkeinNode;
  readonly bootstrap: readonly string[];
  /** Null takes part without a record of its own. */
  readonly privateKey: PrivateKey | null;
  readonly gossipMs: number;
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly random: Random;
  readonly verify: typeof verifyRecord;
}

/** {@link Directory} by push-pull anti-entropy with random neighbours. */
export class GossipDirectory implements Directory, ExchangeContext {
  readonly node: SkeinNode;
  readonly clock: Clock;
  readonly table = new RecordTable();
  readonly #options: GossipDirectoryOptions;
  readonly #listeners = new Set<(change: DirectoryChange) => void>();
  /** Peers behind the bootstrap addresses, as far as they answered. */
  readonly #bootstrapPeers = new Map<string, PeerId>();
  readonly #timers = new Map<string, () => void>();
  #abort: AbortController | null = null;
  #isServing = false;
  #own: PublishedBody | null = null;
  #sequence = 0;
  /** Publishing is one after the other, so that sequences rise in order. */
  #publishing: Promise<unknown> = Promise.resolve();
  #news: { record: VerifiedRecord; from: PeerId }[] = [];

  constructor(options: GossipDirectoryOptions) {
    this.#options = options;
    this.node = options.node;
    this.clock = options.clock;
  }

  get isRunning(): boolean {
    return this.#abort !== null;
  }

  async start(): Promise<void> {
    if (this.#abort !== null) return;
    this.#abort = new AbortController();
    // Above every sequence of an earlier run of this identity.
    this.#sequence = Math.max(this.#sequence, this.#options.wallClock());
    if (!this.#isServing) {
      this.#isServing = true;
      await this.node.serve(directoryProtocol, directoryMessageSchema, answerExchanges(this));
    }
    this.#scheduleGossip();
  }

  async stop(): Promise<void> {
    this.#abort?.abort();
    this.#abort = null;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  records(): readonly VerifiedRecord[] {
    this.#expire();
    return this.table.visible();
  }

  get(peer: PeerId): VerifiedRecord | null {
    this.#expire();
    return this.table.get(peer);
  }

  onChange(listener: (change: DirectoryChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async refresh(options: { modelName?: string; signal?: AbortSignal }): Promise<number> {
    await findMembers({
      node: this.node,
      bootstrap: this.#options.bootstrap,
      bootstrapPeers: this.#bootstrapPeers,
      random: this.#options.random,
      members: () => this.#members(),
      hasModel: () => this.#hasModel(options.modelName),
      exchange: (remote, signal) => exchange(this, remote, { signal }),
      ...options,
    });
    return this.records().length;
  }

  publish(body: PublishedBody): Promise<VerifiedRecord> {
    const published = this.#publishing.then(() => this.#publish(body));
    this.#publishing = published.catch(() => undefined);
    return published;
  }

  async receive(records: readonly Uint8Array[], from: PeerId): Promise<void> {
    for (const bytes of records) {
      const record = await this.#verifyUnexpired(bytes);
      if (record === null) continue;
      if (record.peerId === this.node.peer) this.#receiveOwn(record);
      else this.#accept(record, from);
    }
  }

  /** Null for a record out of its time: clocks differ and messages are late. */
  async #verifyUnexpired(bytes: Uint8Array): Promise<VerifiedRecord | null> {
    try {
      return await this.#options.verify(bytes, { now: this.#options.wallClock() });
    } catch (error) {
      if (isSkeinError(error) && error.code === 'record-expired') return null;
      throw error;
    }
  }

  /** A record of an earlier run of this identity is overruled, or it would hide the current one. */
  #receiveOwn(record: VerifiedRecord): void {
    if (record.body.sequence <= this.#sequence) return;
    this.#sequence = record.body.sequence;
    if (this.#own !== null) void this.publish(this.#own);
  }

  #accept(record: VerifiedRecord, from: PeerId): void {
    const known = this.table.get(record.peerId);
    const change = this.table.offer(record);
    if (change === null) {
      this.#scheduleExpiry();
      return;
    }
    this.#emit(change);
    if (isNews(change, known)) this.#passOn(record, from);
    this.#scheduleExpiry();
  }

  async #publish(body: PublishedBody): Promise<VerifiedRecord> {
    const { privateKey, wallClock } = this.#options;
    if (privateKey === null) {
      throw new SkeinError('bad-argument', 'a directory without a private key is read-only');
    }
    this.#sequence += 1;
    const issuedAtMs = wallClock();
    const times = { issuedAtMs, expiresAtMs: issuedAtMs + limits.recordLifetimeMsMax };
    const unsigned = { ...body, sequence: this.#sequence, ...times };
    const bytes = await signRecord(unsigned, privateKey);
    const record = await this.#options.verify(bytes, { now: issuedAtMs });
    const isFirst = this.#own === null;
    this.#own = body.state === 'gone' ? null : body;
    const change = this.table.offer(record);
    if (change !== null) this.#emit(change);
    this.#scheduleExpiry();
    if (this.#abort === null) return record;
    await this.#spreadOwn(record, isFirst);
    return record;
  }

  async #spreadOwn(record: VerifiedRecord, isFirst: boolean): Promise<void> {
    const told = this.#tell([...this.#neighbours(ownNewsFanout), ...this.#clients()], [record]);
    if (record.body.state === 'gone') {
      this.#timers.get('reissue')?.();
      await Promise.race([told, this.#pause(goodbyeMsMax)]);
      return;
    }
    this.#schedule('reissue', reissueMs, () => {
      if (this.#own !== null) void this.publish(this.#own);
    });
    if (isFirst) this.#provide(record.body.modelName, provideAgainMs);
  }

  /** Leads newcomers who know nobody here, by way of the DHT. */
  #provide(modelName: string, againMs: number): void {
    const signal = abortAfter(provideMsMax);
    // A swarm of one has nobody to tell; the next time will do.
    this.node.provideTopic(modelName, { signal }).catch(() => undefined);
    this.#schedule('provide', againMs, () => {
      if (this.#own !== null) this.#provide(this.#own.modelName, provideEveryMs);
    });
  }

  #passOn(record: VerifiedRecord, from: PeerId): void {
    // A client that nobody can dial would only repeat what its neighbours know.
    if (this.node.multiaddrs.length === 0 || this.#news.length >= newsMax) return;
    this.#news.push({ record, from });
    if (this.#news.length > 1) return;
    this.#schedule('news', newsDelayMs, () => {
      const news = this.#news.splice(0);
      const senders = new Set<string>(news.map((item) => item.from));
      const members = this.#neighbours(newsFanout + senders.size)
        .filter((remote) => senders.size > 1 || !senders.has(remote.peer))
        .slice(0, newsFanout);
      const records = news.map((item) => item.record);
      void this.#tell([...members, ...this.#clients()], records);
    });
  }

  /** Those who cannot be told now learn it in the next exchange. */
  async #tell(remotes: readonly Remote[], records: readonly VerifiedRecord[]): Promise<void> {
    await Promise.allSettled(remotes.map((remote) => push(this, remote, records)));
  }

  #scheduleGossip(): void {
    this.#schedule('gossip', this.#options.gossipMs * (0.75 + this.#options.random() / 2), () => {
      void this.#gossip().finally(() => this.#scheduleGossip());
    });
  }

  async #gossip(): Promise<void> {
    const signal = this.#abort?.signal;
    if (signal === undefined) return;
    const count = this.#options.random() < 0.5 ? 1 : 2;
    const neighbours = this.#neighbours(count);
    // A neighbour that fails is nobody's problem here: its record runs out by itself.
    await Promise.allSettled(neighbours.map((remote) => exchange(this, remote, { signal })));
  }

  #neighbours(count: number): Remote[] {
    return chooseNeighbours({
      members: this.#members(),
      connected: new Set(this.node.connectedPeers),
      count,
      random: this.#options.random,
    });
  }

  /** Connected peers without a record. */
  #clients(): Remote[] {
    const members = new Set(this.#members().map((member) => member.peer));
    const others = this.node.connectedPeers.filter((peer) => !members.has(peer));
    const chosen = sample(others, clientsFanout, this.#options.random);
    return chosen.map((peer) => ({ peer, multiaddrs: [] }));
  }

  /** Everybody known to take part: who has a record, and the bootstrap nodes. */
  #members(): Remote[] {
    const members = new Map<PeerId, Remote>();
    for (const peer of this.#bootstrapPeers.values()) members.set(peer, { peer, multiaddrs: [] });
    for (const { peerId, body } of this.records()) {
      members.set(peerId, { peer: peerId, multiaddrs: body.multiaddrs });
    }
    members.delete(this.node.peer);
    // A swarm that has just begun: whoever is connected may know more.
    if (members.size === 0) {
      const strangers = sample(this.node.connectedPeers, ownNewsFanout, this.#options.random);
      return strangers.map((peer) => ({ peer, multiaddrs: [] }));
    }
    return [...members.values()];
  }

  #hasModel(modelName: string | undefined): boolean {
    const others = this.records().filter((record) => record.peerId !== this.node.peer);
    if (modelName === undefined) return others.length > 0;
    return others.some(({ body }) => body.modelName === modelName);
  }

  #expire(): void {
    for (const change of this.table.expire(this.#options.wallClock())) this.#emit(change);
  }

  #scheduleExpiry(): void {
    const atMs = this.table.nextExpiryAtMs();
    if (atMs === null) return;
    this.#schedule('expiry', Math.max(0, atMs - this.#options.wallClock()) + 1, () => {
      this.#expire();
      this.#scheduleExpiry();
    });
  }

  #emit(change: DirectoryChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** One timer per name; none after `stop`. */
  #schedule(name: string, delayMs: number, callback: () => void): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
    if (this.#abort === null) return;
    this.#timers.set(
      name,
      this.clock.schedule(delayMs, () => {
        this.#timers.delete(name);
        callback();
      }),
    );
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#schedule('pause', delayMs, resolve));
  }
}

/** Whether a change is worth telling at once; mere figures wait for the next exchange. */
function isNews(change: DirectoryChange, known: VerifiedRecord | null): boolean {
  if (change.kind !== 'updated' || known === null) return true;
  const [before, after]: [RecordBody, RecordBody] = [known.body, change.record.body];
  return (
    before.state !== after.state ||
    before.span.start !== after.span.start ||
    before.span.end !== after.span.end ||
    before.nextSpan?.start !== after.nextSpan?.start ||
    before.nextSpan?.end !== after.nextSpan?.end ||
    before.multiaddrs.join() !== after.multiaddrs.join()
  );
}
