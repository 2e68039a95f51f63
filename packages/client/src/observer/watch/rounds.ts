import type { PeerId, StatusMessage } from '@skein/protocol';
import { type Clock, delay } from '../../clock.js';
import type { SkeinNode } from '../../network/contracts.js';
import { observerLimits } from '../observer-limits.js';
import type { StatusAnswer, StatusAsker } from './ask-status.js';
import { DialBudget } from './dial-budget.js';
import type { ObservedPeer, PeerProgress } from './observed-peer.js';
import type { PeerBook } from './peer-book.js';
import { planRound } from './plan-round.js';

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
  readonly #dials: DialBudget;
  /** Dials on their way; no others meanwhile. */
  #dialling: Promise<unknown> | null = null;

  constructor(options: RoundsOptions) {
    this.#options = options;
    this.#dials = new DialBudget(() => options.clock.now());
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
  }

  /** Begins the next round now: somebody came to look. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** One round over all peers that are due. */
  async once(signal: AbortSignal): Promise<void> {
    const { book, asker, clock, wallClock, node, linesMax, isRotating } = this.#options;
    if (signal.aborted) return;
    this.#hearSelf();
    const { open, dialled } = planRound(
      book.peers().filter(({ id }) => id !== node.peer),
      {
        keptMax: linesMax,
        isRotating,
        nowMs: clock.now(),
        hasLine: ({ id }) => asker.hasLine(id),
        takeDials: (wanted) => (this.#dialling === null ? this.#dials.take(wanted) : 0),
      },
    );
    const relayed = this.#relayedPeers();
    const silent: Silence[] = [];
    const askAll = async (peers: Iterator<ObservedPeer>) => {
      for (let next = peers.next(); !next.done && !signal.aborted; next = peers.next()) {
        const peer = next.value;
        await this.ask(peer, { signal, isRelayed: relayed.has(peer.id), silent });
      }
    };
    const dialAll = async (peers: Iterator<ObservedPeer>) => {
      for (let next = peers.next(); !next.done && !signal.aborted; next = peers.next()) {
        await this.ask(next.value, { signal });
      }
    };
    const { questionsMax, dialsParallelMax } = observerLimits;
    const [overLines, byDial] = [open.values(), dialled.values()];
    this.#dialling ??= Promise.all(
      Array.from({ length: dialsParallelMax }, () => dialAll(byDial)),
    ).finally(() => {
      this.#dialling = null;
    });
    // The first round has nobody but those who are dialled; later ones do not wait for them.
    if (this.#completedAtMs === null) await this.#dialling;
    await Promise.all(Array.from({ length: questionsMax }, () => askAll(overLines)));
    if (signal.aborted) return;
    this.#bookSilences(silent, open.length);
    this.#completedAtMs = wallClock();
    this.#options.onRound();
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
    const answer = await asker.ask({ peer: peer.id, multiaddrs }, { signal });
    // Of a peer that has gone meanwhile nobody wants to know.
    if (signal.aborted || book.get(peer.id) !== peer) {
      asker.hangUp(peer.id);
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
    if (this.#options.isRotating && !peer.isKept) await this.#letGo(peer);
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

  /** Its connection goes as well: a thousand of them would fill the memory. */
  async #letGo({ id }: ObservedPeer): Promise<void> {
    const { asker, node } = this.#options;
    asker.hangUp(id);
    await node.diagnostics?.disconnect(id).catch(() => undefined);
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
