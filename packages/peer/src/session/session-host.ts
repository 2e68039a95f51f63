import type { Clock, SkeinNode } from '@skein/client/network';
import {
  type Engine,
  type EngineFailure,
  limits,
  type ModelHash,
  type PeerId,
  type SessionId,
  SkeinError,
  type StepOutcome,
  type Successor,
} from '@skein/protocol';
import { type BatchReport, Scheduler, type StepTimes } from '../schedule/scheduler.js';
import { deliverOutput } from './deliver-output.js';
import { type DrainOptions, drainSessions } from './drain-sessions.js';
import type { HopSession, LinkTarget, PendingStep, SessionHostServices } from './hop-session.js';
import { HistoryBudget } from './output-history.js';
import { reportStep, type StepReport } from './report-step.js';
import { sessionLimits } from './session-limits.js';
import { SuccessorLink } from './successor-link.js';

/** What the owner of a {@link SessionHost} hears of. */
export interface SessionHostEvents {
  onSessionOpened?(session: { id: SessionId; client: PeerId }): void;
  onSessionClosed?(session: { id: SessionId; client: PeerId; tokens: number }): void;
  onBatch?(report: BatchReport): void;
  onStep?(report: StepReport): void;
  /** A session's outputs go to another successor than before. */
  onRelinked?(): void;
  /** Outputs do not reach a successor any more. */
  onSuccessorLost?(loss: { successor: PeerId; error: SkeinError }): void;
}

/** Options of {@link SessionHost}. */
export interface SessionHostOptions {
  readonly node: SkeinNode;
  readonly engine: Engine;
  readonly model: ModelHash;
  readonly numericKind: string;
  readonly clock: Clock;
  readonly events?: SessionHostEvents;
}

/** All sessions on one engine: takes them in, runs their steps, and lets them go. */
export class SessionHost implements SessionHostServices {
  readonly engine: Engine;
  readonly model: ModelHash;
  readonly numericKind: string;
  readonly clock: Clock;
  readonly historyBudget = new HistoryBudget(limits.historyBytesMax);
  isDraining = false;
  /** False between a native failure and the engine's restart. */
  isEngineUp = true;

  readonly #options: SessionHostOptions;
  readonly #events: SessionHostEvents;
  readonly #sessions = new Map<SessionId, HopSession>();
  readonly #countByRemote = new Map<PeerId, number>();
  readonly #scheduler: Scheduler<PendingStep>;
  /** Predecessors whose session is not open yet. */
  readonly #waiting = new Map<SessionId, Set<(session: HopSession | null) => void>>();
  #waitingCount = 0;
  #tokenBlocks = 0;
  #onRemoved = () => {};

  constructor(options: SessionHostOptions) {
    this.#options = options;
    this.#events = options.events ?? {};
    this.engine = options.engine;
    this.clock = options.clock;
    this.model = options.model;
    this.numericKind = options.numericKind;
    this.#scheduler = new Scheduler({
      engine: options.engine,
      clock: options.clock,
      onBatch: (report) => this.#events.onBatch?.(report),
    });
    options.engine.onFailure((event) => this.#onEngineFailure(event));
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  get node(): SkeinNode {
    return this.#options.node;
  }

  /** Milliseconds on the clock that steps are timed by. */
  now(): number {
    return this.#options.clock.now();
  }

  /** Rows that wait or run now, of all sessions. */
  get queuedRows(): number {
    let rows = this.#scheduler.runningRows;
    for (const session of this.#sessions.values()) rows += session.queuedRows;
    return rows;
  }

  /** How long the rows that wait will take, as far as rows before them tell. */
  get queueMs(): number {
    return this.#scheduler.computeMsOf(this.queuedRows);
  }

  /** Tokens times blocks computed since the start. */
  get tokenBlocks(): number {
    return this.#tokenBlocks;
  }

  /**
   * Refuses new sessions from now on, tells the clients, and serves their sessions until they have
   * moved elsewhere or ended, or until time is over. Returns how many are left.
   */
  async drain(options: DrainOptions = {}): Promise<number> {
    this.isDraining = true;
    const left = await drainSessions(this.#sessions, {
      clock: this.clock,
      onRemoved: (listener) => {
        this.#onRemoved = listener;
      },
      options,
    });
    if (left > 0) await this.#within(sessionLimits.lastStepsMs, this.#scheduler.idle());
    return this.sessionCount;
  }

  /** Ends every session. Settles when the clients know why, or do not listen. */
  async endAll(error: SkeinError): Promise<void> {
    const told = [...this.#sessions.values()].map((session) => session.fail(error));
    await this.#within(sessionLimits.goodbyeMs, Promise.allSettled(told));
  }

  /** All sessions, the oldest first. */
  get sessions(): Iterable<HopSession> {
    return this.#sessions.values();
  }

  find(id: SessionId): HopSession | null {
    return this.#sessions.get(id) ?? null;
  }

  sessionsOf(remote: PeerId): number {
    return this.#countByRemote.get(remote) ?? 0;
  }

  /**
   * The session, once its client has opened it.
   * @throws SkeinError `session-unknown` when that takes too long, `busy` when too many wait
   */
  async waitFor(id: SessionId): Promise<HopSession> {
    if (this.#waitingCount >= sessionLimits.attachesWaitingMax) {
      throw new SkeinError('busy', 'too many predecessors wait for their sessions');
    }
    const session = await this.#wait(id);
    if (session === null) {
      const waitedMs = sessionLimits.attachWaitMs;
      throw new SkeinError('session-unknown', `session ${id} was not opened within ${waitedMs} ms`);
    }
    return session;
  }

  add(session: HopSession): void {
    this.#sessions.set(session.id, session);
    this.#countByRemote.set(session.client, this.sessionsOf(session.client) + 1);
    for (const resolve of this.#waiting.get(session.id) ?? []) resolve(session);
    this.#events.onSessionOpened?.({ id: session.id, client: session.client });
  }

  /** Frees a session. Idempotent. */
  remove(session: HopSession): void {
    if (this.#sessions.get(session.id) !== session) return;
    this.#sessions.delete(session.id);
    const remaining = this.sessionsOf(session.client) - 1;
    if (remaining > 0) this.#countByRemote.set(session.client, remaining);
    else this.#countByRemote.delete(session.client);
    this.#scheduler.remove(session);
    session.close();
    const { id, client, length: tokens } = session;
    this.#events.onSessionClosed?.({ id, client, tokens });
    this.#onRemoved();
  }

  /** Directs a session's outputs; an open stream to the same successor is kept. */
  linkTo(session: HopSession, successor: Successor | null): void {
    if (!isSame(session.successor, successor)) this.#events.onRelinked?.();
    session.successor = successor;
    const { link } = session;
    if (successor?.kind !== 'peer') {
      link?.close();
      session.link = null;
      return;
    }
    if (link?.isUsable && link.leadsTo(successor)) return;
    link?.close();
    session.link = session.feeds.take(successor) ?? this.createLink(session, successor);
  }

  /** A way to a session's first hop, for tokens that its last hop draws; an open stream is kept. */
  loopTo(session: HopSession, first: LinkTarget): SuccessorLink {
    const { loop } = session;
    if (loop?.isUsable && loop.leadsTo(first)) return loop;
    loop?.close();
    session.loop = this.createLink(session, first);
    session.loop.prepare();
    return session.loop;
  }

  createLink(session: HopSession, { peer, multiaddrs }: LinkTarget): SuccessorLink {
    const { node, clock } = this.#options;
    const { id, epoch } = session;
    const link: SuccessorLink = new SuccessorLink({
      node,
      clock,
      session: id,
      epoch,
      peer,
      multiaddrs,
      onFailure: (error) => this.#onLinkFailure(session, link, error),
    });
    return link;
  }

  wake(session: HopSession): void {
    this.#scheduler.wake(session);
  }

  deliver(session: HopSession, step: PendingStep, outcome: StepOutcome, times: StepTimes): void {
    if (outcome.ok) {
      const { span } = session.open;
      this.#tokenBlocks += step.item.rows * (span.end - span.start);
    }
    this.#events.onStep?.(reportStep(session, { step, outcome, times, nowMs: this.now() }));
    try {
      deliverOutput(session, step, {
        outcome,
        times,
        config: this.engine.info.config,
        nowMs: this.now(),
      });
    } catch (error) {
      const { step: number, epoch } = step.message;
      session.sendError(error, { step: number, epoch });
    }
  }

  /** The client decides what follows; until then the session keeps its cache and history. */
  #onLinkFailure(session: HopSession, link: SuccessorLink, error: SkeinError): void {
    if (session.link !== link && session.loop !== link && !session.feeds.uses(link)) return;
    this.#events.onSuccessorLost?.({ successor: link.peer, error });
    const isUnreachable = error.code === 'peer-unreachable';
    const code = isUnreachable ? 'peer-unreachable' : 'stream-closed';
    session.sendError(new SkeinError(code, error.message, { cause: error }), {
      step: session.completed ?? session.received ?? 0,
      epoch: session.epoch,
      about: link.peer,
    });
  }

  #onEngineFailure(event: EngineFailure): void {
    this.isEngineUp = event.kind === 'restarted';
    if (event.kind === 'restarted') return;
    const text = `the engine failed: ${event.error.message}`;
    void this.endAll(new SkeinError('engine-failed', text, { cause: event.error }));
  }

  /** Settles with `work`, or when the time is over. */
  async #within(timeMs: number, work: Promise<unknown>): Promise<void> {
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.clock.schedule(timeMs, resolve);
    });
    await Promise.race([work, late]);
    cancel();
  }

  #wait(id: SessionId): Promise<HopSession | null> {
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(id) ?? new Set();
      this.#waiting.set(id, waiters);
      this.#waitingCount += 1;
      const finish = (session: HopSession | null) => {
        if (!waiters.delete(finish)) return;
        cancel();
        this.#waitingCount -= 1;
        if (waiters.size === 0) this.#waiting.delete(id);
        resolve(session);
      };
      const cancel = this.#options.clock.schedule(sessionLimits.attachWaitMs, () => finish(null));
      waiters.add(finish);
    });
  }
}

function isSame(left: Successor | null, right: Successor | null): boolean {
  if (left?.kind === 'peer' && right?.kind === 'peer') return left.peer === right.peer;
  return left?.kind === right?.kind;
}
