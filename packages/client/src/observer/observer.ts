import {
  abortAfter,
  formatSpan,
  type PeerId,
  type RecordBody,
  SkeinError,
  type StatusMessage,
} from '@skein/protocol';
import {
  type HistoryAnswer,
  type HistoryRange,
  httpApiLimits,
  type ModelsAnswer,
  type PeerAnswer,
  type PeerSummary,
  type ReachableAnswer,
  type SessionsAnswer,
  type SwarmAnswer,
  type SwarmEvent,
  type SwarmHead,
} from '@skein/protocol/http-api';
import { type Clock, delay, systemClock } from '../clock.js';
import type { Directory, DirectoryChange, SkeinNode } from '../network/contracts.js';
import { type DescribedModel, describeModels } from './describe/describe-models.js';
import { describePeer, summarizePeer } from './describe/describe-peers.js';
import { describeSessions } from './describe/describe-sessions.js';
import { describeHead } from './describe/describe-swarm.js';
import { type JoinedSession, joinSessions } from './describe/join-sessions.js';
import { History } from './history/history.js';
import type { HistoryStore } from './history/history-store.js';
import { observerLimits } from './observer-limits.js';
import { StatusAsker } from './watch/ask-status.js';
import { EventLog } from './watch/event-log.js';
import type { ObservedPeer } from './watch/observed-peer.js';
import { PeerBook } from './watch/peer-book.js';
import { Rounds } from './watch/rounds.js';
import { SessionBook } from './watch/session-book.js';

/** Options of {@link createObserver}. */
export interface ObserverOptions {
  /** The caller starts and stops both. */
  readonly node: SkeinNode;
  readonly directory: Directory;
  /** What runs the observer: `dashboard` asks always, the others while somebody looks. */
  readonly kind: SwarmAnswer['observer']['kind'];
  readonly version: string;
  /** Addresses to tell those who want to join. */
  readonly bootstrap?: () => readonly string[];
  /** Joining takes a secret. Default: false. */
  readonly isPrivate?: boolean;
  /** Addresses of all peers are shown. Default: those of this node only. */
  readonly showsAddresses?: boolean;
  /** What this process says of itself, where it is a peer. */
  readonly own?: () => Omit<StatusMessage, 'type'> | null;
  /** Keeps history between runs. Default: memory only. */
  readonly store?: HistoryStore;
  /**
   * Peers that stay connected, and are asked in every round; in a swarm of more, some of them tell of the
   * others. Default: 256, beside other work 128.
   */
  readonly linesMax?: number;
  /** Something that the operator should know. */
  readonly onWarning?: (message: string) => void;
  /** Default: the platform's. */
  readonly clock?: Clock;
  /** Milliseconds since 1970. */
  readonly wallClock?: () => number;
}

/** Watches a swarm, and tells how it is. */
export interface Observer {
  /**
   * Begins to watch.
   * @param options.waitMs settles when all were asked once, or after so long. Default: at once
   */
  start(options?: { readonly waitMs?: number }): Promise<void>;
  /** Asks all peers once more, some time after they were asked before: rates take two looks. */
  askAgain(options: { readonly afterMs: number }): Promise<void>;
  /** Idempotent. */
  stop(): Promise<void>;
  swarm(): SwarmAnswer;
  head(): SwarmHead;
  peers(): PeerSummary[];
  models(): ModelsAnswer;
  /** Null for a peer that is not known. */
  peer(id: string): PeerAnswer | null;
  sessions(): SessionsAnswer;
  /** @param options.model hash or name; null: all together. Null for a model that is not known. */
  history(options: { model: string | null; range: HistoryRange }): HistoryAnswer | null;
  /** @throws SkeinError `busy` when others are being dialled already. Null: not known. */
  reachable(id: string, options: { signal?: AbortSignal }): Promise<ReachableAnswer | null>;
  /** Events after an id; all that are kept without one. */
  eventsAfter(id: number | null): readonly SwarmEvent[];
  onEvent(listener: (event: SwarmEvent) => void): () => void;
  /** This node's client avoids a peer for a while. */
  noteBan(peer: PeerId, banMs: number): void;
  /** Somebody looks: a node that does other work asks more often for a while. */
  attend(): void;
}

/** Makes an observer. It does no I/O until `start()`. */
export function createObserver(options: ObserverOptions): Observer {
  return new SwarmObserver(options);
}

/** What is derived of all peers at one moment. */
interface View {
  readonly peers: readonly ObservedPeer[];
  readonly sessions: readonly JoinedSession[];
  readonly models: readonly DescribedModel[];
}

class SwarmObserver implements Observer {
  readonly #options: ObserverOptions;
  readonly #clock: Clock;
  readonly #wallClock: () => number;
  readonly #log = new EventLog();
  readonly #book: PeerBook;
  readonly #asker: StatusAsker;
  readonly #rounds: Rounds;
  readonly #sessionBook = new SessionBook();
  readonly #history: History;
  readonly #startedAtMs: number;
  /** Health of each model as it was told last. */
  readonly #health = new Map<string, string>();
  #unsubscribe: (() => void)[] = [];
  #attendedAtMs = Number.NEGATIVE_INFINITY;
  #dialled = 0;
  /** Derived state; null when something has changed since. */
  #view: View | null = null;

  constructor(options: ObserverOptions) {
    const { node, kind, clock = systemClock, wallClock = Date.now } = options;
    this.#options = options;
    this.#clock = clock;
    this.#wallClock = wallClock;
    this.#startedAtMs = clock.now();
    this.#book = new PeerBook(this.#log, { now: () => clock.now(), wallNow: wallClock });
    // A peer is lost, or back, in the middle of a round: counts and health must say the same of it.
    this.#log.onEvent(() => {
      this.#view = null;
    });
    this.#asker = new StatusAsker(node, clock);
    const isAlone = kind === 'dashboard';
    const linesMax = isAlone ? observerLimits.linesMax : observerLimits.linesMaxBeside;
    this.#history = new History({
      clock,
      wallClock,
      ...(options.store === undefined ? {} : { store: options.store }),
      onWarning: (message) => options.onWarning?.(message),
    });
    this.#rounds = new Rounds({
      node,
      clock,
      wallClock,
      book: this.#book,
      asker: this.#asker,
      linesMax: options.linesMax ?? linesMax,
      isRotating: isAlone,
      own: () => options.own?.() ?? null,
      isWatched: () => isAlone || this.#isAttended(),
      onProgress: (peer, progress) => this.#history.addProgress(peer.record.model, progress),
      onRound: () => this.#onRound(),
    });
  }

  async start({ waitMs = 0 }: { readonly waitMs?: number } = {}): Promise<void> {
    const { directory, node } = this.#options;
    await this.#history.start();
    this.#book.begin(directory.records());
    this.#unsubscribe = [
      directory.onChange((change) => this.#onChange(change)),
      node.onDisconnect((peer) => this.#onDisconnect(peer)),
    ];
    const first = this.#rounds.start();
    if (waitMs > 0) await Promise.race([first, delay(this.#clock, waitMs)]);
  }

  async askAgain({ afterMs }: { readonly afterMs: number }): Promise<void> {
    await delay(this.#clock, afterMs);
    await this.#rounds.once(abortAfter(observerLimits.refreshMsMax));
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    await this.#rounds.stop();
    this.#asker.stop();
    await this.#history.stop();
  }

  swarm(): SwarmAnswer {
    const { models } = this.#look();
    return {
      ...this.head(),
      apiVersion: 1,
      observer: {
        kind: this.#options.kind,
        peer: this.#options.node.peer,
        version: this.#options.version,
        uptimeMs: Math.round(this.#clock.now() - this.#startedAtMs),
        refreshMs: this.#rounds.refreshMs,
        refreshedAtMs: this.#rounds.completedAtMs,
      },
      modelStates: models.map(({ state }) => state),
      peerSummaries: this.peers(),
    };
  }

  head(): SwarmHead {
    const { models, peers } = this.#look();
    return describeHead(models, peers, {
      atMs: this.#wallClock(),
      bootstrap: this.#options.bootstrap?.() ?? [],
      isPrivate: this.#options.isPrivate ?? false,
    });
  }

  peers(): PeerSummary[] {
    return this.#look().peers.slice(0, httpApiLimits.peersMax).map(summarizePeer);
  }

  models(): ModelsAnswer {
    return { models: this.#look().models.map(({ state }) => state) };
  }

  peer(id: string): PeerAnswer | null {
    const peer = this.#book.get(id);
    if (peer === null) return null;
    const { showsAddresses = false, node } = this.#options;
    return describePeer(peer, {
      events: this.#log.ofPeer(id),
      showsAddresses: showsAddresses || peer.id === node.peer,
      nameOf: (other) => this.#book.get(other)?.name ?? other.slice(-8),
    });
  }

  sessions(): SessionsAnswer {
    const { sessions, peers } = this.#look();
    return describeSessions(sessions, peers, (id) => this.#sessionBook.reroutes(id));
  }

  history({ model, range }: { model: string | null; range: HistoryRange }): HistoryAnswer | null {
    if (model === null) return this.#history.answer(null, range);
    const named = this.#look().models.find(({ state }) => state.name === model);
    return this.#history.answer(named?.state.hash ?? model, range);
  }

  async reachable(id: string, options: { signal?: AbortSignal }): Promise<ReachableAnswer | null> {
    const peer = this.#book.get(id);
    if (peer === null) return null;
    if (id !== this.#options.node.peer) {
      if (this.#dialled >= observerLimits.reachableAtOnceMax) {
        throw new SkeinError('busy', 'other peers are being dialled: ask again in some seconds');
      }
      this.#dialled += 1;
      try {
        await this.#rounds.ask(peer, { ...options, isFresh: true });
      } finally {
        this.#dialled -= 1;
      }
      this.#view = null;
    }
    return { id, reachability: peer.reachability, text: describeReach(peer) };
  }

  eventsAfter(id: number | null): readonly SwarmEvent[] {
    return this.#log.after(id);
  }

  onEvent(listener: (event: SwarmEvent) => void): () => void {
    return this.#log.onEvent(listener);
  }

  noteBan(id: PeerId, banMs: number): void {
    const peer = this.#book.get(id);
    if (peer === null) return;
    const { record } = peer;
    this.#log.add({
      atMs: this.#wallClock(),
      kind: 'banned',
      peer: id,
      name: peer.name,
      model: { hash: record.model, name: record.modelName },
      span: record.span,
      text: `${peer.name} is avoided for ${Math.ceil(banMs / 1000)} s: it failed this client`,
      cause: null,
    });
  }

  attend(): void {
    const wasAttended = this.#isAttended();
    this.#attendedAtMs = this.#clock.now();
    if (!wasAttended && this.#options.kind !== 'dashboard') this.#rounds.hurry();
  }

  #isAttended(): boolean {
    return this.#clock.now() - this.#attendedAtMs < observerLimits.attentionMs;
  }

  #look(): View {
    if (this.#view !== null) return this.#view;
    const peers = this.#book.peers();
    const sessions = joinSessions(peers);
    this.#view = { peers, sessions, models: describeModels(peers, sessions) };
    return this.#view;
  }

  #onChange(change: DirectoryChange): void {
    const known = this.#book.get(change.record.peerId);
    const [before, wasLost] = [known?.record, known?.lostAtMs != null];
    const moved = this.#book.change(change);
    if (change.kind === 'left' || change.kind === 'expired') {
      this.#rounds.hangUp(change.record.peerId);
    }
    // Of a thousand peers 33 renew their records each second: mere figures wait for whoever looks.
    if (wasLost || before === undefined || isVital(change, before)) this.#onNews();
    else this.#view = null;
    if (moved === null || before === undefined) return;
    // It can say why; where it does not, the move is told all the same.
    void this.#rounds.ask(moved, { isFresh: true }).then(() => {
      this.#book.tellMove(moved, before.span);
      this.#onNews();
    });
  }

  /** A connection that ends is the first sign of a peer that died. */
  #onDisconnect(id: PeerId): void {
    const peer = this.#book.get(id);
    // Whoever was let go has not gone.
    if (peer === null || !peer.isKept || !peer.hasAnswered || peer.lostAtMs !== null) return;
    void this.#rounds.ask(peer, { isFresh: true, isCut: true }).then(() => this.#onNews());
  }

  #onRound(): void {
    this.#view = null;
    const { sessions, models } = this.#look();
    this.#sessionBook.look(sessions);
    this.#history.addRound(models.map(({ state }) => state));
    this.#tellHealth();
  }

  /** Something changed between two rounds. */
  #onNews(): void {
    this.#view = null;
    this.#tellHealth();
  }

  #tellHealth(): void {
    for (const { state } of this.#look().models) {
      const before = this.#health.get(state.hash);
      this.#health.set(state.hash, state.health);
      if (before === undefined || before === state.health) continue;
      this.#log.add({
        atMs: this.#wallClock(),
        kind: 'health',
        peer: null,
        name: '',
        model: { hash: state.hash, name: state.name },
        span: null,
        text: `${state.name} is ${state.health}: ${state.headline}`,
        cause: state.headline,
      });
    }
  }
}

/** Whether a change can make a model healthy, or ill. */
function isVital({ kind, record: { body } }: DirectoryChange, before: RecordBody): boolean {
  return (
    kind !== 'updated' ||
    body.state !== before.state ||
    body.numericKind !== before.numericKind ||
    body.model !== before.model ||
    formatSpan(body.span) !== formatSpan(before.span) ||
    body.ends.embedding !== before.ends.embedding ||
    body.ends.head !== before.ends.head
  );
}

function describeReach({ name, reachability }: ObservedPeer): string {
  const { kind, reason, roundTripMs } = reachability;
  const away =
    roundTripMs === null ? '' : `, ${Math.round(roundTripMs * 10) / 10} ms there and back`;
  switch (kind) {
    case 'self':
      return `${name} is the node that answers`;
    case 'direct':
      return `${name} is reached directly${away}`;
    case 'relayed':
      return `${name} is reached by way of another node${away}`;
    case 'reported':
      return (
        `${name} is seen through another peer, and was not reached from here` +
        (reason === null ? '' : `: ${reason}`)
      );
    case 'unreachable':
      return (
        `${name} is not reached from here: ${reason ?? 'no reason is known'}. ` +
        'Its operator should look whether it runs, and whether its port is open to the outside.'
      );
    case 'unknown':
      return `${name} was not tried yet`;
  }
}
