import {
  createSessionId,
  type PeerId,
  type Priority,
  type SessionId,
  SkeinError,
  toSkeinError,
  type WireType,
} from '@skein/protocol';
import type { NoRoute, RouteHop } from '../routing/snapshot.js';
import { checkEdges } from './check-edges.js';
import { handOver, type OpenOptions } from './hand-over.js';
import { Hop, type HopTarget } from './hop.js';
import { type Failure, type HopChain, RouteBroken } from './hop-chain.js';
import { HopPlanner } from './hop-planner.js';
import { noRouteError } from './no-route-error.js';
import type { OutgoingMessage } from './outgoing.js';
import type { HopsPlan } from './plan-hops.js';
import { rebuildCaches } from './rebuild-caches.js';
import { type Departure, departureEvents, rerouteEvents, toRouteHop } from './reroute-events.js';
import { sessionLimits } from './session-limits.js';
import type { SessionEnvironment, SessionEvent, SessionModel } from './session-types.js';
import { StandbyKeeper } from './standby-keeper.js';
import { SwarmWatch } from './swarm-watch.js';
import type { TokenBuffer } from './token-buffer.js';

/** What a {@link RouteKeeper} needs to know of its session, defaults filled in. */
export interface RouteKeeperOptions {
  readonly environment: SessionEnvironment;
  readonly model: SessionModel;
  readonly chain: HopChain;
  readonly tokensMax: number;
  readonly wireType: WireType;
  readonly priority: Priority;
  readonly acceptMixedNumerics: boolean;
  readonly openWaitMs: number;
  readonly returnWaitMs: number;
  readonly excludedPeers: ReadonlySet<PeerId>;
  /** What standbys are fed from; null without standbys. */
  readonly standby: { readonly tokens: TokenBuffer; readonly committed: () => number } | null;
  readonly emit: (event: SessionEvent) => void;
  /** Tokens that a hop has to compute before the next one is generated. */
  readonly promptRows: () => number;
}

/** One call of {@link RouteKeeper.makeWhole}: what piles up over its attempts. */
interface Mending {
  readonly committed: number;
  readonly startedAtMs: number;
  readonly failures: Failure[];
  /** Hops that left in good order. */
  readonly departures: Departure[];
  readonly waitUntilMs: number;
  /** The hops before a move, still open: the way back when the move fails. */
  previous: readonly Hop[] | null;
  rebuildMs: number;
  rebuiltTokens: number;
  /** Hops that had stood by. */
  readonly promoted: Set<Hop>;
  areHopsChanged: boolean;
}

/**
 * Makes the route of a session whole: opens it in the first place, and after a failure replaces
 * lost hops, brings every hop to the committed tokens, and leaves it ready for the next step. Hops
 * whose peers are about to leave are replaced while they still work.
 */
export class RouteKeeper {
  readonly #options: RouteKeeperOptions;
  readonly #chain: HopChain;
  readonly #watch: SwarmWatch;
  #session: SessionId = createSessionId();
  readonly #planner: HopPlanner;
  #hasOpened = false;
  readonly #standbys: StandbyKeeper | null;
  /** Hops that leave are left alone until then: nobody could take over. */
  #moveAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: RouteKeeperOptions) {
    this.#options = options;
    this.#chain = options.chain;
    this.#watch = new SwarmWatch(options.environment, options.model);
    const standbyPeers = () => this.#standbys?.peers ?? [];
    this.#planner = new HopPlanner({ ...options, standbyPeers });
    options.chain.onSlow = (hop) => this.#onSlow(hop);
    this.#standbys = this.#createStandbys();
  }

  /**
   * Opens or mends the route, so that all hops hold exactly `committed` tokens in a new epoch.
   * Failures on the way start it again, without the peers that failed.
   *
   * @param options.previous hops that were exchanged for others, and are still open
   * @throws SkeinError `no-route` when there is none, or attempts and time ran out; `aborted`
   */
  async makeWhole(
    committed: number,
    signal: AbortSignal | undefined,
    options: { readonly previous?: readonly Hop[] } = {},
  ): Promise<void> {
    const { environment, openWaitMs, returnWaitMs } = this.#options;
    const startedAtMs = environment.clock.now();
    const waitMs = this.#hasOpened ? returnWaitMs : openWaitMs;
    this.#standbys?.pause();
    const mending: Mending = {
      committed,
      startedAtMs,
      failures: [],
      departures: [],
      waitUntilMs: startedAtMs + waitMs,
      previous: options.previous ?? null,
      rebuildMs: 0,
      rebuiltTokens: 0,
      promoted: new Set(),
      areHopsChanged: false,
    };
    for (let attempt = 0; attempt < sessionLimits.recoveryAttemptsMax; attempt += 1) {
      const failures = this.#chain.takeFailures();
      mending.failures.push(...failures);
      for (const { kind, hop, isBlamed } of failures) {
        if (kind === 'lost' && !isBlamed) this.#planner.refuse(hop.peer);
      }
      // From here on, what the broken route still says is of an older epoch, and is dropped.
      this.#chain.epoch += 1;
      try {
        signal?.throwIfAborted();
        await checkEdges(this.#chain, failures, (peer) => this.#planner.refuse(peer));
        await this.#attempt(mending);
        this.#report(mending);
        this.#hasOpened = true;
        this.#standbys?.resume();
        return;
      } catch (error) {
        if (!(error instanceof RouteBroken)) throw toSkeinError(error);
      }
    }
    const last = this.#chain.failures.at(-1)?.error;
    const { recoveryAttemptsMax } = sessionLimits;
    throw new SkeinError('no-route', `gave up on a route after ${recoveryAttemptsMax} attempts`, {
      cause: last,
      details: { lastError: last?.message },
    });
  }

  /** The context changed under the standbys: they rest until the route is made whole. */
  suspend(): void {
    this.#standbys?.pause();
  }

  /** Peers not to be asked: those that the caller named, that stand by, or that refused just now. */
  unwantedPeers(): Set<PeerId> {
    return this.#planner.unwantedPeers();
  }

  /** Whether some hop is about to leave, and others could take over: {@link makeWhole} does it. */
  canMove(committed: number): boolean {
    const { hops } = this.#chain;
    const leaving = hops.filter((hop) => hop.leavesAtMs !== null && !hop.isLost);
    if (leaving.length === 0) return false;
    if (leaving.some((hop) => this.#standbys?.canReplace(hop))) return true;
    if (this.#now() < this.#moveAtMs) return false;
    if (this.#planner.plan(hops, committed, { withoutLeaving: true }).kind !== 'no-route')
      return true;
    this.#moveAtMs = this.#now() + sessionLimits.leavingRetryMs;
    return false;
  }

  /** Frees the timers of a wait, and the standbys. Whoever waits was interrupted on the chain. */
  async stop(): Promise<void> {
    this.#watch.stop();
    await this.#standbys?.stop();
  }

  #createStandbys(): StandbyKeeper | null {
    const { chain, standby } = this.#options;
    if (standby === null) return null;
    const standbys = new StandbyKeeper({
      ...this.#options,
      ...standby,
      excluded: () => this.unwantedPeers(),
      open: (hop, successor) => this.#open(hop, { session: this.#session, successor }),
    });
    chain.onProgress = () => standbys.onProgress();
    chain.onErrorAbout = (message, reporter) => standbys.onErrorAbout(message, reporter);
    return standbys;
  }

  /** Lets standbys take over, where there are some. */
  #promote(mending: Mending): void {
    const startedAtMs = this.#now();
    const change = this.#standbys?.promote();
    if (change === undefined || change.promoted.size === 0) return;
    for (const hop of change.promoted) mending.promoted.add(hop);
    for (const hop of change.left) mending.departures.push({ hop, moved: null, startedAtMs });
    mending.areHopsChanged = true;
  }

  async #attempt(mending: Mending): Promise<void> {
    const chain = this.#chain;
    if (mending.previous !== null && chain.hops.some((hop) => hop.isLost)) {
      await this.#goBack(mending.previous);
      mending.previous = null;
    }
    this.#promote(mending);
    if (chain.hops.length === 0 || chain.hops.some((hop) => hop.isLost)) {
      const plan = await this.#planOrWait(mending);
      this.#adopt(plan);
      mending.areHopsChanged = true;
    }
    await this.#fill(mending);
    if (!this.canMove(mending.committed)) return;
    await this.#replaceLeaving(mending);
    await this.#fill(mending);
  }

  /** Brings all hops into the epoch and to the committed tokens. */
  async #fill(mending: Mending): Promise<void> {
    await this.#synchronise(mending.committed);
    await this.#linkAll();
    const rebuildAtMs = this.#now();
    mending.rebuiltTokens += await rebuildCaches(
      {
        chain: this.#chain,
        synchronise: (committed) => this.#synchronise(committed),
        onHopError: (hop, error) => this.#onHopError(hop, error),
      },
      mending.committed,
    );
    mending.rebuildMs += this.#now() - rebuildAtMs;
  }

  /** Puts others in the place of hops that leave; where it cannot be done they stay for now. */
  async #replaceLeaving(mending: Mending): Promise<void> {
    const { environment } = this.#options;
    const chain = this.#chain;
    for (let attempt = 0; attempt < sessionLimits.handOverAttemptsMax; attempt += 1) {
      const plan = this.#planner.plan(chain.hops, mending.committed, { withoutLeaving: true });
      if (plan.kind === 'no-route') break;
      const route = await handOver(plan, {
        environment,
        chain,
        committed: mending.committed,
        session: this.#session,
        open: (hop, options) => this.#open(hop, options),
        onUnusable: (hop, { blame }) => {
          if (blame === 'peer') environment.view.bans.blame(hop.peer);
          else this.#planner.refuse(hop.peer);
        },
      });
      if (route === null) continue;
      mending.departures.push(...route.departures);
      // Its record may not say yet that it leaves.
      for (const { hop } of route.departures)
        this.#planner.refuse(hop.peer, hop.leavesAtMs ?? undefined);
      mending.areHopsChanged = true;
      this.#install(route.hops, route.session);
      return;
    }
    this.#moveAtMs = this.#now() + sessionLimits.leavingRetryMs;
  }

  /** A move failed: the hops before it take over again, unless one of them is lost as well. */
  async #goBack(previous: readonly Hop[]): Promise<void> {
    const chain = this.#chain;
    if (previous.every((hop) => !hop.isLost)) {
      for (const hop of previous) hop.needsRelay = false;
      chain.setHops(previous);
      return;
    }
    // Their peers may be chosen again, and must not find the session open then.
    const left = previous.filter((hop) => !chain.hops.includes(hop));
    await chain.unlessBroken(Promise.all(left.map((hop) => hop.close())));
  }

  /** Plans hops; looks for members, then waits for peers to come back when there is no plan. */
  async #planOrWait(mending: Mending): Promise<Exclude<HopsPlan, NoRoute>> {
    const chain = this.#chain;
    let plan = this.#planner.plan(chain.hops, mending.committed);
    if (plan.kind === 'no-route' && this.#standbys !== null) {
      // Rather a route without standbys than none.
      await this.#chain.unlessBroken(this.#standbys.release());
      plan = this.#planner.plan(chain.hops, mending.committed);
    }
    let pollMs: number = sessionLimits.returnPollMs;
    let refreshAtMs = Number.NEGATIVE_INFINITY;
    for (let round = 0; plan.kind === 'no-route'; round += 1) {
      if (this.#now() >= refreshAtMs) {
        await this.#chain.unlessBroken(this.#watch.refresh());
        refreshAtMs = this.#now() + pollMs;
        pollMs = Math.min(2 * pollMs, sessionLimits.returnPollMsMax);
        plan = this.#planner.plan(chain.hops, mending.committed);
        if (plan.kind !== 'no-route') break;
      }
      const remainingMs = mending.waitUntilMs - this.#now();
      if (remainingMs <= 0) {
        throw noRouteError(this.#options.model.name, plan, {
          cause: mending.failures.at(-1)?.error,
          waitedMs: this.#now() - mending.startedAtMs,
        });
      }
      if (round === 0) {
        this.#options.emit({ type: 'waiting', missing: plan, waitMsMax: remainingMs });
      }
      const delayMs = Math.min(refreshAtMs - this.#now(), remainingMs);
      await this.#chain.unlessBroken(this.#watch.nextChange(Math.max(delayMs, 1)));
      plan = this.#planner.plan(chain.hops, mending.committed);
    }
    return plan;
  }

  /** A hop that became slow is replaced if another peer can take its place; else it has to do. */
  #onSlow(hop: Hop): void {
    const canReplace =
      this.#standbys?.canReplace(hop) === true || this.#planner.canReplace(hop, this.#chain.hops);
    if (!canReplace) {
      hop.slowSteps.accept();
      return;
    }
    const text = `${hop.name} (${hop.peer}) takes many times as long as it did`;
    const error = new SkeinError('timeout', text, { peer: hop.peer });
    this.#chain.lose(hop, error, { isBlamed: false });
  }

  /** Puts the planned hops into the chain. */
  #adopt(plan: Exclude<HopsPlan, NoRoute>): void {
    const { environment } = this.#options;
    const create = (hop: RouteHop) => new Hop(hop, this.#chain, environment.clock);
    const before = this.#chain.hops;
    const hops = plan.hops.map((hop) =>
      typeof hop === 'number' ? (before[hop] as Hop) : create(hop),
    );
    // Peers may serve both routes for a moment: another id keeps the sessions apart.
    this.#install(hops, plan.kind === 'fresh' ? createSessionId() : this.#session);
  }

  /** Goes on with these hops; those that are not among them are closed. */
  #install(hops: readonly Hop[], session: SessionId): void {
    const before = this.#chain.hops;
    for (const [index, hop] of hops.entries()) {
      // A new successor may well be within reach.
      if (hops[index + 1] !== before[before.indexOf(hop) + 1]) hop.needsRelay = false;
    }
    if (session !== this.#session) void this.#standbys?.release();
    this.#session = session;
    this.#chain.setHops(hops);
    for (const hop of before) if (!hops.includes(hop)) void hop.close();
    for (const hop of hops) {
      // It ended while it was not yet part of the route, and nobody took notice.
      if (hop.isOver && !hop.isLost) this.#onHopError(hop, lostEarly(hop));
    }
  }

  /** Brings all hops into the epoch with at most `committed` tokens; opens those that are new. */
  async #synchronise(committed: number): Promise<void> {
    const chain = this.#chain;
    const { epoch } = chain;
    const work = chain.hops.map(async (hop, index) => {
      try {
        const successor = chain.hops[index + 1] ?? null;
        if (!hop.isReady) await this.#open(hop, { session: this.#session, successor });
        if (hop.epoch < epoch) await hop.truncate(epoch, committed);
      } catch (error) {
        this.#onHopError(hop, toSkeinError(error));
      }
    });
    await chain.unlessBroken(Promise.all(work));
  }

  /**
   * Opens a hop of this session that is not part of its route yet.
   * @throws SkeinError as {@link Hop.open}
   */
  open(hop: Hop, successor: Hop | null): Promise<void> {
    return this.#open(hop, { session: this.#session, successor });
  }

  /** Opens a hop, or waits for the opening that an attempt before began. */
  async #open(hop: Hop, options: OpenOptions): Promise<void> {
    const { session, successor, takesOverFrom } = options;
    const { environment, model, tokensMax, wireType, priority } = this.#options;
    const message: Extract<OutgoingMessage, { type: 'open' }> = {
      type: 'open',
      session,
      model: model.hash,
      numericKind: hop.numericKind,
      span: hop.span,
      ends: hop.ends,
      tokensMax,
      wireType,
      ...(priority !== 'interactive' && { priority }),
      epoch: this.#chain.epoch,
      successor: successor?.asSuccessor ?? null,
      ...(takesOverFrom !== undefined && { takesOverFrom }),
    };
    const { kvTokensFree, queuedRows } = await hop.open(environment.node, message, successor);
    // Nobody waits for this one: it only measures.
    const { measurements } = environment.view;
    void hop.probe().then(() => {
      if (hop.roundTripMs !== null) measurements.addRoundTrip(hop.peer, hop.roundTripMs);
    });
    measurements.addLoad(hop.peer, { kvTokensFree, queuedRows });
    measurements.addSession(hop.peer, 1);
    void hop.ended.then(() => measurements.addSession(hop.peer, -1));
  }

  /** Tells hops whose successor changed. */
  async #linkAll(): Promise<void> {
    const { hops, epoch } = this.#chain;
    const work = hops.map(async (hop, index) => {
      const successor = hops[index + 1] ?? null;
      const target: HopTarget = hop.needsRelay && successor !== null ? 'client' : successor;
      if (hop.target === target) return;
      try {
        await hop.link(epoch, target);
      } catch (error) {
        this.#onHopError(hop, toSkeinError(error));
      }
    });
    await this.#chain.unlessBroken(Promise.all(work));
  }

  /** A question to a hop failed. */
  #onHopError(hop: Hop, error: SkeinError): void {
    // Ended by us, or taken care of when the stream closed.
    if (error.code === 'aborted') return;
    const isBlamed = error.blame === 'peer';
    if (!isBlamed) this.#planner.refuse(hop.peer);
    this.#chain.lose(hop, error, { isBlamed });
  }

  /** Tells the owner what was mended. */
  #report(mending: Mending): void {
    const { emit } = this.#options;
    const { hops } = this.#chain;
    if (mending.areHopsChanged) emit({ type: 'route', hops: hops.map(toRouteHop) });
    // Peers that failed before the route stood are banned, but nothing was rerouted.
    if (!this.#hasOpened) return;
    const repair = { ...mending, nowMs: this.#now() };
    for (const event of rerouteEvents(mending.failures, hops, repair)) emit(event);
    for (const event of departureEvents(mending.departures, hops, repair)) emit(event);
  }

  #now(): number {
    return this.#options.environment.clock.now();
  }
}

function lostEarly({ name, peer }: Hop): SkeinError {
  return new SkeinError('stream-closed', `${name} (${peer}): ended the stream`, { peer });
}
