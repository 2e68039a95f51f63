import type { PlacementPeer, PlacementSwarm } from '@skein/peer';
import { formatSpan, type Span } from '@skein/protocol';
import type { Random } from '../support/seeded-random.js';
import { blockCount, type Machine } from './graphics-cards.js';
import type { PlacementRule } from './placement-rule.js';
import { between, exponential } from './random.js';

/** Seconds by which a view of the swarm is old. */
const viewAge = { least: 30, most: 60 };
/** A move is announced for this long before anything else is done: longer than a view is old. */
const announceSeconds = 90;
/** A record outlives a peer that crashed by up to this much. */
const recordSeconds = 90;
/** A peer that comes back to a span so soon should have stayed. */
const returnSeconds = 1800;
/** A block of 0.45 GB over 200 Mbit/s, or from the disk. */
const secondsPerBlock = 18;

interface SimulatedPeer {
  readonly machine: Machine;
  /** Its records, oldest first; null once it is gone from all views. */
  readonly history: { readonly at: number; readonly record: PlacementPeer | null }[];
  /** Spans that it left, and when. */
  readonly left: Map<string, number>;
  record: PlacementPeer;
  isAlive: boolean;
}

/** What happened, for the table. */
export interface SwarmCounts {
  /** Moves whose loading began. */
  moves: number;
  /** Announced moves that were withdrawn. */
  withdrawn: number;
  /** Moves back to a span that the peer had left within the last half hour. */
  returns: number;
  /** Blocks that lost their last host by a move. */
  lostByMoves: number;
  blocksLoaded: number;
}

/**
 * A swarm in simulated time: peers come, ask themselves whether to move, load, and crash. Every
 * decision is made on a view that is 30 to 60 seconds old, apart from the peer's own record.
 */
export class SimulatedSwarm {
  readonly counts: SwarmCounts = {
    moves: 0,
    withdrawn: 0,
    returns: 0,
    lostByMoves: 0,
    blocksLoaded: 0,
  };
  readonly #rule: PlacementRule;
  readonly #random: Random;
  readonly #worldRandom: Random;
  readonly #peers = new Map<string, SimulatedPeer>();
  readonly #events: { at: number; run: () => void }[] = [];
  #now = 0;
  #nextId = 0;
  #lastMoveAt = 0;
  /** When records changed, or will be gone from all views; ascending. */
  readonly #changes: number[] = [];
  /** How many changes were forgotten, since no view is so old. */
  #forgottenChanges = 0;
  /** Views by the number of changes that they show: peers that see the same share one. */
  readonly #views = new Map<number, PlacementSwarm>();

  /**
   * @param random of decisions, and of the age of views
   * @param worldRandom of arrivals, machines and lives: apart, so that two rules meet the same fate
   */
  constructor(rule: PlacementRule, random: Random, worldRandom: Random) {
    this.#rule = rule;
    this.#random = random;
    this.#worldRandom = worldRandom;
  }

  /** Seconds without a move. */
  get quietSeconds(): number {
    return this.#now - this.#lastMoveAt;
  }

  get now(): number {
    return this.#now;
  }

  /** Peers that serve, as they are. */
  serving(): PlacementPeer[] {
    return this.#alive()
      .map(({ record }) => record)
      .filter(({ isServing, span }) => isServing !== false && span.end > span.start);
  }

  /** Lets a machine join at once: fresh view, nothing to load. */
  joinNow(machine: Machine): void {
    const view = { blockCount, peers: this.#alive().map(({ record }) => record) };
    this.#add(machine, this.#rule.join(view, machine, this.#random), true);
  }

  /** Lets a machine join with a stale view; it serves once its span is loaded. */
  join(machine: Machine): string {
    const span = this.#rule.join(this.#view(), machine, this.#random);
    const id = this.#add(machine, span, false);
    this.#after((span.end - span.start) * secondsPerBlock, () => {
      this.#update(id, (record) => ({ ...record, isServing: true }));
    });
    return id;
  }

  /** Makes all peers look for better spans from now on. */
  startRebalancing(): void {
    for (const id of this.#peers.keys()) this.#scheduleCheck(id);
    this.#lastMoveAt = this.#now;
  }

  /** Peers arrive and crash for ever, such that there are `peerCount` of them in the mean. */
  startChurn(peerCount: number, meanLifeSeconds: number, draw: (random: Random) => Machine): void {
    for (const id of this.#peers.keys()) this.#scheduleCrash(id, meanLifeSeconds);
    const arrive = () => {
      const id = this.join(draw(this.#worldRandom));
      this.#scheduleCheck(id);
      this.#scheduleCrash(id, meanLifeSeconds);
      this.#after(exponential(this.#worldRandom, meanLifeSeconds / peerCount), arrive);
    };
    this.#after(exponential(this.#worldRandom, meanLifeSeconds / peerCount), arrive);
  }

  /** Runs all events up to a time. */
  runUntil(time: number): void {
    for (;;) {
      const next = this.#events[0];
      if (next === undefined || next.at > time) break;
      this.#events.shift();
      this.#now = next.at;
      next.run();
    }
    this.#now = time;
  }

  #alive(): SimulatedPeer[] {
    return [...this.#peers.values()].filter(({ isAlive }) => isAlive);
  }

  #add(machine: Machine, span: Span, isServing: boolean): string {
    const id = `peer-${String(this.#nextId++).padStart(6, '0')}`;
    const { capacityBlocks, blocksPerSecond } = machine;
    const record = { id, span, isServing, capacityBlocks, blocksPerSecond };
    const history = [{ at: this.#now, record }];
    this.#noteChange(this.#now);
    this.#peers.set(id, { machine, record, history, isAlive: true, left: new Map() });
    return id;
  }

  /** What a peer knows now: others as they were, itself as it is. */
  #view(selfId?: string): PlacementSwarm {
    const at = this.#now - between(this.#random, viewAge.least, viewAge.most);
    const shared = this.#sharedView(at);
    const own = selfId === undefined ? undefined : this.#peers.get(selfId)?.record;
    if (own === undefined || shared.peers.includes(own)) return shared;
    const others = shared.peers.filter(({ id }) => id !== selfId);
    return { blockCount, peers: [...others, own] };
  }

  /** What everybody could know at a time. One object as long as nothing changes. */
  #sharedView(at: number): PlacementSwarm {
    const oldest = this.#now - 2 * viewAge.most;
    while ((this.#changes[1] ?? Number.POSITIVE_INFINITY) < oldest) {
      this.#changes.shift();
      this.#views.delete(this.#forgottenChanges++);
    }
    const after = this.#changes.findIndex((change) => change > at);
    const version = this.#forgottenChanges + (after === -1 ? this.#changes.length : after);
    const known = this.#views.get(version);
    if (known !== undefined) return known;
    const seen = [...this.#peers.values()].map(
      ({ history }) => history.findLast((entry) => entry.at <= at)?.record,
    );
    const peers = seen.filter((record) => record != null && record.span.end > record.span.start);
    const view = { blockCount, peers: peers as PlacementPeer[] };
    this.#views.set(version, view);
    return view;
  }

  #update(id: string, change: (record: PlacementPeer) => PlacementPeer): void {
    const peer = this.#peers.get(id);
    if (peer === undefined || !peer.isAlive) return;
    this.#noteChange(this.#now);
    peer.record = change(peer.record);
    peer.history.push({ at: this.#now, record: peer.record });
    while (peer.history.length > 2 && (peer.history[1]?.at ?? 0) < this.#now - 2 * viewAge.most) {
      peer.history.shift();
    }
  }

  /** Views show the past, and changes are of now or later, so no view that is kept is wrong. */
  #noteChange(at: number): void {
    const later = this.#changes.findIndex((change) => change > at);
    this.#changes.splice(later === -1 ? this.#changes.length : later, 0, at);
  }

  #scheduleCheck(id: string): void {
    this.#after(this.#rule.secondsToNextCheck(this.#random), () => this.#check(id));
  }

  #check(id: string): void {
    const peer = this.#peers.get(id);
    if (peer === undefined || !peer.isAlive) return;
    const isBusy = peer.record.isServing === false || peer.record.nextSpan !== undefined;
    const span = isBusy ? null : this.#rule.move(this.#view(id), id, this.#random);
    if (span === null) this.#scheduleCheck(id);
    else if (this.#rule.makeBeforeBreak === null) this.#tearDown(peer, span);
    else this.#announce(peer, span);
  }

  /** Petals' way: gone, then loading, then back. */
  #tearDown(peer: SimulatedPeer, span: Span): void {
    const { id } = peer.record;
    const download = this.#countMove(peer, span);
    this.#countLost(peer, { start: 0, end: 0 });
    this.#update(id, (record) => ({ ...record, span, isServing: false }));
    this.#after(download, () => {
      this.#update(id, (record) => ({ ...record, isServing: true }));
      this.#scheduleCheck(id);
    });
  }

  /** Ours: announced, reviewed, loaded, asked, swapped. */
  #announce(peer: SimulatedPeer, span: Span): void {
    const { id } = peer.record;
    const rule = this.#rule.makeBeforeBreak;
    this.#update(id, (record) => ({ ...record, nextSpan: span }));
    const withdraw = () => {
      this.counts.withdrawn++;
      this.#update(id, ({ nextSpan: _, ...record }) => record);
      this.#scheduleCheck(id);
    };
    const swap = () => {
      if (rule?.mayLeave(this.#checkedView(id), id, span) !== true) return withdraw();
      this.#countLost(peer, span);
      this.#update(id, ({ nextSpan: _, ...record }) => ({ ...record, span }));
      this.#scheduleCheck(id);
    };
    this.#after(announceSeconds, () => {
      if (!peer.isAlive) return;
      if (rule?.review(this.#view(id), id) !== true) return withdraw();
      this.#after(this.#countMove(peer, span), () => {
        if (peer.isAlive) swap();
      });
    });
  }

  /** A stale view, less the peers that do not answer: before it lets go, a peer asks its co-hosts. */
  #checkedView(selfId: string): PlacementSwarm {
    const { peers } = this.#view(selfId);
    return { blockCount, peers: peers.filter(({ id }) => this.#peers.get(id)?.isAlive === true) };
  }

  /** Returns the seconds that the move loads for. */
  #countMove(peer: SimulatedPeer, span: Span): number {
    const from = peer.record.span;
    const kept = Math.min(from.end, span.end) - Math.max(from.start, span.start);
    const blocks = span.end - span.start - Math.max(0, kept);
    this.counts.moves++;
    this.counts.blocksLoaded += blocks;
    const leftAt = peer.left.get(formatSpan(span)) ?? Number.NEGATIVE_INFINITY;
    if (this.#now - leftAt < returnSeconds) this.counts.returns++;
    peer.left.set(formatSpan(from), this.#now);
    this.#lastMoveAt = this.#now;
    return blocks * secondsPerBlock;
  }

  #countLost(peer: SimulatedPeer, next: Span): void {
    const { span, id } = peer.record;
    const others = this.serving().filter((other) => other.id !== id);
    for (let block = span.start; block < span.end; block++) {
      const isHeld = (held: Span) => held.start <= block && block < held.end;
      if (!isHeld(next) && !others.some((other) => isHeld(other.span))) this.counts.lostByMoves++;
    }
  }

  #scheduleCrash(id: string, meanLifeSeconds: number): void {
    this.#after(exponential(this.#worldRandom, meanLifeSeconds), () => {
      const peer = this.#peers.get(id);
      if (peer === undefined) return;
      peer.isAlive = false;
      // Views go on showing its last record until that expires.
      const expiry = between(this.#random, recordSeconds / 3, recordSeconds);
      peer.history.push({ at: this.#now + expiry, record: null });
      this.#noteChange(this.#now + expiry);
      this.#after(expiry + viewAge.most, () => this.#peers.delete(id));
    });
  }

  #after(seconds: number, run: () => void): void {
    const at = this.#now + seconds;
    const index = this.#events.findIndex((event) => event.at > at);
    this.#events.splice(index === -1 ? this.#events.length : index, 0, { at, run });
  }
}
