import type { PeerId, StatusMessage } from '@skein/protocol';
import { type Clock, delay } from '../../clock.js';
import type { SkeinNode } from '../../network/contracts.js';
import { RateBudget } from '../../network/rate-budget.js';
import { observerLimits } from '../observer-limits.js';
import type { StatusAnswer, StatusAsker } from './ask-status.js';
import type { ObservedPeer, PeerProgress } from './observed-peer.js';
import type { PeerBook } from './peer-book.js';
import { planRound } from './plan-round.js';
import { Reports } from './reports.js';

/** What {@link Rounds} are made of. */
export interface RoundsOptions {
  readonly node: SkeinNode;
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly book: PeerBook;
  readonly asker: StatusAsker;
  /** Peers whose line stays open. */
  readonly linesMax: number;
  /** Whether peers beyond these are dialled in turn, and let go again. */
  readonly isRotating: boolean;
  /** What this process says of itself, where it is a peer. */
  readonly own: () => Omit<StatusMessage, 'type'> | null;
  /** Whether somebody wants to know now; else rounds are rare. */
  readonly isWatched: () => boolean;
  /** What came of a peer since its answer before. */
  onProgress(peer: ObservedPeer, progress: PeerProgress): void;
  onRound(): void;
}

/** Options of a question to one peer. */
interface QuestionOptions {
  readonly signal?: AbortSignal;
  /** Known for a whole round at once. */
  readonly isRelayed?: boolean;
  /** Its connection ended by itself: if it does not answer now, it is lost. */
  readonly isCut?: boolean;
  /** A question that began before does not count. */
  readonly isFresh?: boolean;
  /** Takes the silence of the peer, to be judged when the round is over. */
  readonly silent?: Silence[];
}

/** A question that nobody answered. */
interface Silence {
  readonly peer: ObservedPeer;
  readonly answer: StatusAnswer & { kind: 'silent' };
}

/** Asks all peers, round by round, a bounded number at a time. */
export class Rounds {
  readonly #options: RoundsOptions;
  #abort: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();
  /** Ends the pause before the next round. */
  #hurry = new AbortController();
  #completedAtMs: number | null = null;
  readonly #inFlight = new Map<PeerId, Promise<void>>();
  readonly #dials: RateBudget;
  readonly #reports: Reports;
  /** More peers than lines: some tell of the others. */
  #isLarge = false;
  /** Dials on their way; no others meanwhile. */
  #dialling: Promise<unknown> | null = null;

  constructor(options: RoundsOptions) {
    this.#options = options;
    const { dialsAtOnceMax, dialsPerSecond } = observerLimits;
    const now = () => options.clock.now();
    this.#dials = new RateBudget({ atOnceMax: dialsAtOnceMax, perSecond: dialsPerSecond, now });
    this.#reports = new Reports(options);
  }

  /** End of the newest complete round, milliseconds since 1970. */
  get completedAtMs(): number | null {
    return this.#completedAtMs;
  }

  /** Time between two rounds, as the swarm is now. */
  get refreshMs(): number {
    const { refreshMsMin, refreshMsPerPeer, refreshMsMax, idleRefreshMs } = observerLimits;
    if (!this.#options.isWatched()) return idleRefreshMs;
    const wantedMs = this.#options.book.size * refreshMsPerPeer;
    return Math.min(Math.max(refreshMsMin, wantedMs), refreshMsMax);
  }

  /** Begins. Settles with the first round. */
  start(): Promise<void> {
    if (this.#abort !== null) return Promise.resolve();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const first = this.once(signal);
    this.#running = first.then(() => this.#run(signal));
    return first;
  }

  async stop(): Promise<void> {
    this.#abort?.abort();
    this.#abort = null;
    await this.#running;
    await this.#dialling;
    this.#reports.stop();
  }

  /** Ends the lines to a peer. */
  hangUp(id: PeerId): void {
    this.#options.asker.hangUp(id);
    this.#reports.hangUp(id);
  }

  /** Begins the next round now: somebody came to look. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** One round over all peers that are due. */
  async once(signal: AbortSignal): Promise<void> {
    const { wallClock, node, book } = this.#options;
    if (signal.aborted) return;
    this.#hearSelf();
    const others = book.peers().filter(({ id }) => id !== node.peer);
    const { open, dialled, released } = this.#plan(others);
    for (const peer of released) {
      if (!this.#inFlight.has(peer.id)) void this.#letGo(peer);
    }
    this.#dropStrangers(others);
    this.#dial(dialled, signal);
    // The first round has nobody but those who are dialled; later ones do not wait for them.
    if (this.#completedAtMs === null) await this.#dialling;
    await this.#askOpen(open, signal);
    if (this.#isLarge) {
      await this.#reports.once(others, signal);
      this.#dialSuspects(others, signal);
    }
    if (signal.aborted) return;
    this.#completedAtMs = wallClock();
    this.#options.onRound();
  }

  #plan(others: readonly ObservedPeer[]) {
    const { linesMax, isRotating, asker, clock } = this.#options;
    const { smallFraction, reportersMax, untoldMs } = observerLimits;
    this.#isLarge = others.length > linesMax * (this.#isLarge ? smallFraction : 1);
    return planRound(others, {
      keptMax: linesMax,
      reportersMax: this.#isLarge ? Math.min(reportersMax, linesMax) : null,
      isRotating,
      untoldMs,
      nowMs: clock.now(),
      hasLine: ({ id }) => asker.hasLine(id),
      takeDials: (wanted) => (this.#dialling === null ? this.#dials.take(wanted) : 0),
    });
  }

  /** Whoever is said to keep silent is asked at once. */
  #dialSuspects(others: readonly ObservedPeer[], signal: AbortSignal): void {
    if (this.#dialling !== null) return;
    const nowMs = this.#options.clock.now();
    const suspects = others.filter(
      ({ isSuspect, lostAtMs, nextQuestionAtMs }) =>
        isSuspect && lostAtMs === null && nextQuestionAtMs <= nowMs,
    );
    this.#dial(suspects.slice(0, this.#dials.take(suspects.length)), signal);
  }

  #dial(peers: readonly ObservedPeer[], signal: AbortSignal): void {
    const queue = peers.values();
    const dialAll = async () => {
      for (let next = queue.next(); !next.done && !signal.aborted; next = queue.next()) {
        await this.ask(next.value, { signal });
        // Nobody listened, so that there was no handshake.
        if (next.value.lostAtMs !== null) this.#dials.giveBack(1);
      }
    };
    const { dialsParallelMax } = observerLimits;
    this.#dialling ??= Promise.all(Array.from({ length: dialsParallelMax }, dialAll)).finally(
      () => {
        this.#dialling = null;
      },
    );
  }

  async #askOpen(peers: readonly ObservedPeer[], signal: AbortSignal): Promise<void> {
    const relayed = this.#relayedPeers();
    const silent: Silence[] = [];
    const queue = peers.values();
    const askAll = async () => {
      for (let next = queue.next(); !next.done && !signal.aborted; next = queue.next()) {
        const peer = next.value;
        await this.ask(peer, { signal, isRelayed: relayed.has(peer.id), silent });
      }
    };
    await Promise.all(Array.from({ length: observerLimits.questionsMax }, askAll));
    if (!signal.aborted) this.#bookSilences(silent, peers.length);
  }

  /** Asks one peer. A question that is on its way already will do, unless it must be a fresh one. */
  async ask(peer: ObservedPeer, options: QuestionOptions = {}): Promise<void> {
    const pending = this.#inFlight.get(peer.id);
    await pending;
    if (pending !== undefined && options.isFresh !== true) return;
    // Somebody else may have begun meanwhile, later than this call: fresh enough.
    const later = this.#inFlight.get(peer.id);
    if (later !== undefined) return await later;
    const asked = this.#ask(peer, options).finally(() => this.#inFlight.delete(peer.id));
    this.#inFlight.set(peer.id, asked);
    await asked;
  }

  async #ask(peer: ObservedPeer, options: QuestionOptions): Promise<void> {
    const { book, asker, clock } = this.#options;
    peer.askedAtMs = clock.now();
    const signal = options.signal ?? this.#abort?.signal ?? AbortSignal.abort();
    const { multiaddrs } = peer.record;
    const hadLine = asker.hasLine(peer.id);
    const answer = await asker.ask({ peer: peer.id, multiaddrs }, { signal });
    // Of a peer that has gone meanwhile nobody wants to know.
    if (signal.aborted || book.get(peer.id) !== peer) {
      this.hangUp(peer.id);
      return;
    }
    if (answer.kind === 'silent') {
      const { silent, isCut = false } = options;
      if (silent === undefined) book.miss(peer, answer, { isCut });
      else silent.push({ peer, answer });
      return;
    }
    const isRelayed = options.isRelayed ?? this.#relayedPeers().has(peer.id);
    const progress = book.hear(peer, answer, isRelayed);
    if (progress !== null) this.#options.onProgress(peer, progress);
    // It may have been started anew, with another version.
    if (!hadLine && peer.reports === false) peer.reports = null;
    if (!peer.isKept) await this.#letGo(peer);
  }

  /** When most keep silent at once, it is this node that nobody hears, and no proof against them. */
  #bookSilences(silent: readonly Silence[], askedOverLines: number): void {
    const { massSilenceMin } = observerLimits;
    const late = silent.filter(({ answer }) => answer.error.code === 'timeout');
    const isOwnFault = late.length >= massSilenceMin && late.length > askedOverLines / 2;
    for (const { peer, answer } of silent) {
      // One that went meanwhile is not to be talked about.
      if (this.#options.book.get(peer.id) !== peer) continue;
      this.#options.book.miss(peer, answer, { isOwnFault });
    }
  }

  /**
   * Its connection goes as well: a thousand of them would fill the memory. Beside other work it may
   * serve that.
   */
  async #letGo({ id }: ObservedPeer): Promise<void> {
    const { isRotating, node } = this.#options;
    this.hangUp(id);
    if (!isRotating) return;
    await node.diagnostics?.disconnect(id).catch(() => undefined);
  }

  /** The directory meets somebody new now and then; over days that would be all. */
  #dropStrangers(others: readonly ObservedPeer[]): void {
    const { isRotating, node } = this.#options;
    if (!this.#isLarge || !isRotating) return;
    const free = new Set(others.filter(({ isKept }) => !isKept).map(({ id }) => id));
    const strangers = (node.diagnostics?.connections() ?? [])
      .map(({ peer }) => peer)
      .filter((peer) => free.has(peer) && !this.#inFlight.has(peer));
    // The oldest stay: the one through which this node joined is among them.
    for (const peer of strangers.slice(observerLimits.strangersMax)) {
      node.diagnostics?.disconnect(peer).catch(() => undefined);
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let elapsedMs = 0;
    while (!signal.aborted) {
      const pauseMs = Math.max(0, this.refreshMs - elapsedMs);
      this.#hurry = new AbortController();
      await delay(clock, pauseMs, AbortSignal.any([signal, this.#hurry.signal]));
      const startedAtMs = clock.now();
      await this.once(signal);
      elapsedMs = clock.now() - startedAtMs;
    }
  }

  #hearSelf(): void {
    const { own, book, node } = this.#options;
    const self = book.get(node.peer);
    const status = own();
    if (self === null || status === null) return;
    const progress = book.hearSelf(self, { type: 'status', ...status });
    if (progress !== null) this.#options.onProgress(self, progress);
  }

  #relayedPeers(): ReadonlySet<PeerId> {
    const connections = this.#options.node.diagnostics?.connections() ?? [];
    const direct = new Set(connections.filter(isDirect).map(({ peer }) => peer));
    const others = connections.filter(({ peer }) => !direct.has(peer));
    return new Set(others.map(({ peer }) => peer));
  }
}

function isDirect({ isRelayed }: { readonly isRelayed: boolean }): boolean {
  return !isRelayed;
}
