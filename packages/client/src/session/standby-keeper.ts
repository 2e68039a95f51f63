import {
  type ErrorMessage,
  type PeerId,
  type Received,
  type ResultMessage,
  SkeinError,
  toSkeinError,
} from '@skein/protocol';
import { scheduleFairly } from './fair-timer.js';
import { Hop, type HopEvents } from './hop.js';
import type { HopChain } from './hop-chain.js';
import { errorFromHop, judgeError, mannerOf } from './judge-error.js';
import { planStandbys } from './plan-standbys.js';
import { toRouteHop } from './reroute-events.js';
import { sessionLimits } from './session-limits.js';
import type { SessionEnvironment, SessionEvent, SessionModel } from './session-types.js';
import { Standby } from './standby.js';
import type { TokenBuffer } from './token-buffer.js';

/** What a {@link StandbyKeeper} needs to know of its session. */
export interface StandbyKeeperOptions {
  readonly environment: SessionEnvironment;
  readonly model: SessionModel;
  readonly chain: HopChain;
  readonly tokens: TokenBuffer;
  readonly tokensMax: number;
  readonly acceptMixedNumerics: boolean;
  /** Tokens that every hop of the route holds. */
  readonly committed: () => number;
  readonly excluded: () => ReadonlySet<PeerId>;
  /** Opens the session on a hop, in the chain's epoch. */
  readonly open: (hop: Hop, successor: Hop | null) => Promise<void>;
  readonly emit: (event: SessionEvent) => void;
}

/**
 * Keeps a standby in step with each hop of the route, as far as there are peers for it. All of its
 * work goes on beside the generation, and stops while the route is being mended.
 */
export class StandbyKeeper implements HopEvents {
  readonly #options: StandbyKeeperOptions;
  readonly #chain: HopChain;
  readonly #standbys = new Set<Standby>();
  /** Peers that did not do as standbys, and until when they are not asked again. */
  readonly #refused = new Map<PeerId, number>();
  /** Hops of which the owner knows that nobody can stand by for them. */
  #unguarded = new Set<Hop>();
  /** Counts the pauses: work of an earlier turn is of no use any more. */
  #turn = 0;
  #isPaused = true;
  #cancelSeek: (() => void) | null = null;

  constructor(options: StandbyKeeperOptions) {
    this.#options = options;
    this.#chain = options.chain;
  }

  /** Peers that a repair should leave alone. */
  get peers(): readonly PeerId[] {
    return [...this.#standbys].flatMap(({ peers }) => peers);
  }

  /** The route is about to change: nothing is sent or linked until {@link resume}. */
  pause(): void {
    this.#turn += 1;
    this.#isPaused = true;
    this.#stopSeeking();
    for (const standby of this.#standbys) standby.isFed = false;
  }

  /**
   * Puts standbys in the places of hops that were lost or are about to leave.
   * @returns the hops that took over, whose caches are brought up to date by the owner, and those
   *   that left in good order
   */
  promote(): { readonly promoted: ReadonlySet<Hop>; readonly left: readonly Hop[] } {
    const promoted = new Set<Hop>();
    const left: Hop[] = [];
    const hops = this.#chain.hops.flatMap((hop, index, before) => {
      const isLeaving = hop.leavesAtMs !== null && this.canReplace(hop);
      const standby = hop.isLost || isLeaving ? this.#of(hop) : null;
      if (standby === null || !standby.isOpen || standby.isSuspect) return [hop];
      this.#standbys.delete(standby);
      if (!hop.isLost) {
        left.push(hop);
        void hop.close();
      }
      // It reached the standby all the time.
      const predecessor = before[index - 1];
      if (predecessor !== undefined) predecessor.needsRelay = false;
      for (const next of standby.hops) {
        next.events = this.#chain;
        promoted.add(next);
      }
      return standby.hops;
    });
    if (promoted.size > 0) this.#chain.setHops(hops);
    return { promoted, left };
  }

  /** A standby that could take the hop's place at once. */
  canReplace(hop: Hop): boolean {
    return this.#of(hop)?.isReady === true;
  }

  /** The route stands, in a new epoch: standbys join it, and missing ones are looked for. */
  resume(): void {
    this.#isPaused = false;
    const { hops } = this.#chain;
    for (const standby of [...this.#standbys]) {
      if (!hops.includes(standby.guarded)) this.#close(standby);
    }
    this.#unguarded = new Set([...this.#unguarded].filter((hop) => hops.includes(hop)));
    void this.#joinAll();
  }

  /** The route moved on: the first hop's standby is fed, and those that cannot keep up are found. */
  onProgress(): void {
    if (this.#isPaused) return;
    const committed = this.#options.committed();
    for (const standby of [...this.#standbys]) {
      if (!standby.isFed) continue;
      if (standby.guarded === this.#chain.hops[0]) this.#feed(standby);
      if (standby.isLagging(committed)) {
        const text = `a standby fell ${committed - standby.length} tokens behind`;
        this.#drop(standby, new SkeinError('timeout', text), { blamed: null });
      } else if (standby.length < committed) void this.#checkSilence(standby);
    }
  }

  /** An error about a peer that stands by; false when it is about somebody else. */
  onErrorAbout(message: ErrorMessage, reporter: Hop): boolean {
    const standby = [...this.#standbys].find(({ peers }) => peers.some((p) => p === message.about));
    if (standby === undefined) return false;
    // The standby's own stream tells whether it is dead; this may be no more than a bad link.
    this.#drop(standby, errorFromHop(message, reporter.peer), { blamed: null });
    return true;
  }

  onResult(hop: Hop, { message }: Received<ResultMessage>): void {
    const standby = this.#holding(hop);
    if (standby === null || !standby.isFed || message.epoch !== this.#chain.epoch) return;
    const { committed } = this.#options;
    const { clock } = this.#options.environment;
    try {
      standby.confirm(hop, message.position, this.#chain.reach, clock.now());
    } catch (error) {
      this.#drop(standby, toSkeinError(error), { blamed: hop });
      return;
    }
    if (standby.guarded === this.#chain.hops[0]) this.#feed(standby);
    const isInStep = standby.length + sessionLimits.standbyReadyRows >= committed();
    if (standby.isReady || !isInStep) return;
    standby.isReady = true;
    this.#tell('ready', standby.guarded, standby.peers);
  }

  onRelay(): undefined {
    // A standby's hops are linked to each other, never to the client.
    return undefined;
  }

  onError(hop: Hop, message: ErrorMessage): void {
    const standby = this.#holding(hop);
    if (standby === null || (message.epoch !== undefined && message.epoch < hop.epoch)) return;
    const verdict = judgeError(message);
    const isBlamed = verdict.kind === 'lost' && verdict.isBlamed;
    this.#drop(standby, errorFromHop(message, hop.peer), { blamed: isBlamed ? hop : null });
  }

  onLeaving(hop: Hop): void {
    const standby = this.#holding(hop);
    if (standby === null) return;
    const error = new SkeinError('draining', 'a standby leaves the swarm', { peer: hop.peer });
    this.#drop(standby, error, { blamed: null });
  }

  onClosed(hop: Hop, error: SkeinError): void {
    const standby = this.#holding(hop);
    if (standby === null) return;
    this.#drop(standby, error, { blamed: error.blame === 'peer' ? hop : null });
  }

  /** Lets all standbys go: their peers are needed elsewhere, or the session ends. */
  async release(): Promise<void> {
    const standbys = [...this.#standbys];
    this.#standbys.clear();
    await Promise.all(standbys.flatMap(({ hops }) => hops.map((hop) => hop.close())));
  }

  /** Ends all work. */
  async stop(): Promise<void> {
    this.pause();
    await this.release();
  }

  async #joinAll(): Promise<void> {
    const turn = this.#turn;
    await Promise.all([...this.#standbys].map((standby) => this.#join(standby)));
    if (turn === this.#turn) this.#seek();
  }

  /** Brings a standby into the epoch, and has it fed from what it holds. */
  async #join(standby: Standby): Promise<void> {
    const turn = this.#turn;
    const { chain } = this.#options;
    const { epoch } = chain;
    const before = chain.hops[chain.hops.indexOf(standby.guarded) - 1];
    let current = standby.hops[0] as Hop;
    try {
      let length = this.#options.committed();
      // From the last on: nobody holds less than the one after it.
      for (const [index, hop] of [...standby.hops.entries()].reverse()) {
        current = hop;
        if (!hop.isReady) await this.#options.open(hop, standby.hops[index + 1] ?? null);
        if (turn !== this.#turn || !this.#standbys.has(standby)) return;
        if (hop.epoch < epoch) await hop.truncate(epoch, length);
        length = Math.min(length, hop.length);
      }
      if (turn !== this.#turn || !this.#standbys.has(standby)) return;
      const { clock } = this.#options.environment;
      standby.startFeed(length, clock.now());
      if (before === undefined) this.#feed(standby);
      else await before.link(epoch, before.target, [standby.asTarget]);
    } catch (error) {
      if (turn !== this.#turn || !this.#standbys.has(standby)) return;
      const known = toSkeinError(error);
      const isOurs = known.peer !== before?.peer && known.blame === 'peer';
      this.#drop(standby, known, { blamed: isOurs ? current : null });
    }
  }

  /** Looks for peers that could stand by for hops without a standby, now and again later. */
  #seek(): void {
    this.#stopSeeking();
    const { hops } = this.#chain;
    const lacking = [...hops.keys()].filter((index) => this.#of(hops[index] as Hop) === null);
    if (this.#isPaused || lacking.length === 0) return;
    const { environment, model, tokensMax, acceptMixedNumerics, excluded } = this.#options;
    const now = environment.clock.now();
    const unwanted = new Set([...excluded(), ...this.peers]);
    for (const [peer, untilMs] of this.#refused) {
      if (now < untilMs) unwanted.add(peer);
      else this.#refused.delete(peer);
    }
    const plans = planStandbys(
      environment.view.snapshot(model.hash),
      hops.map(toRouteHop),
      { model: model.hash, tokensMax, acceptMixedNumerics, lacking, excluded: unwanted },
      environment.random,
    );
    for (const plan of plans) {
      const guarded = hops[plan.index] as Hop;
      if (plan.hops !== null) {
        this.#unguarded.delete(guarded);
        const members = plan.hops.map((hop) => new Hop(hop, this, environment.clock));
        const standby = new Standby(guarded, members);
        this.#standbys.add(standby);
        void this.#join(standby);
      } else if (!this.#unguarded.has(guarded)) {
        this.#unguarded.add(guarded);
        this.#tell('none', guarded, []);
      }
    }
    if (plans.every((plan) => plan.hops !== null)) return;
    const again = () => this.#seek();
    this.#cancelSeek = scheduleFairly(environment.clock, sessionLimits.standbySeekMs, again);
  }

  #stopSeeking(): void {
    this.#cancelSeek?.();
    this.#cancelSeek = null;
  }

  #feed(standby: Standby): void {
    const { tokens, chain } = this.#options;
    try {
      standby.feedTokens(tokens, chain.epoch, () => chain.takeStepNumber());
    } catch (error) {
      this.#drop(standby, toSkeinError(error), { blamed: standby.hops[0] as Hop });
    }
  }

  /** A standby that is behind and says nothing is asked whether it is alive. */
  async #checkSilence(standby: Standby): Promise<void> {
    const { clock } = this.#options.environment;
    if (standby.isSuspect || clock.now() - standby.heardAtMs < sessionLimits.standbySilentMs)
      return;
    standby.isSuspect = true;
    const answers = await Promise.all(standby.hops.map((hop) => hop.probe()));
    const silent = standby.hops.find((_hop, index) => answers[index] === null);
    if (silent !== undefined) {
      const error = new SkeinError('timeout', 'a standby does not answer', { peer: silent.peer });
      this.#drop(standby, error, { blamed: silent });
      return;
    }
    standby.isSuspect = false;
    standby.heardAtMs = clock.now();
  }

  /** Lets a standby go that is of no use, tells so, and looks for another one. */
  #drop(standby: Standby, error: SkeinError, options: { blamed: Hop | null }): void {
    if (!this.#standbys.has(standby)) return;
    const { environment } = this.#options;
    const { blamed } = options;
    if (blamed !== null) environment.view.bans.blame(blamed.peer, mannerOf(error));
    const untilMs = environment.clock.now() + sessionLimits.standbyRefusedMs;
    for (const peer of standby.peers) this.#refused.set(peer, untilMs);
    this.#close(standby);
    this.#tell('dropped', standby.guarded, standby.peers, error);
    if (this.#isPaused) return;
    this.#unlink(standby.guarded);
    this.#seek();
  }

  /** The predecessor of a hop feeds nobody beside it any more. */
  #unlink(guarded: Hop): void {
    const { hops, epoch } = this.#chain;
    const before = hops[hops.indexOf(guarded) - 1];
    // When that fails the next thing that is asked of the hop fails as well.
    void before?.link(epoch, before.target).catch(() => {});
  }

  #close(standby: Standby): void {
    this.#standbys.delete(standby);
    for (const hop of standby.hops) void hop.close();
  }

  #of(hop: Hop): Standby | null {
    return [...this.#standbys].find(({ guarded }) => guarded === hop) ?? null;
  }

  #holding(hop: Hop): Standby | null {
    return [...this.#standbys].find(({ hops }) => hops.includes(hop)) ?? null;
  }

  #tell(
    kind: 'ready' | 'none' | 'dropped',
    { span }: Hop,
    peers: readonly PeerId[],
    error?: SkeinError,
  ): void {
    const why = error === undefined ? {} : { reason: error.code, message: error.message };
    this.#options.emit({ type: 'standby', kind, span, peers, ...why });
  }
}
