import { toSkeinError } from '@skein/protocol';
import { Hop } from './hop.js';
import type { HopChain } from './hop-chain.js';
import { type Move, planMove } from './plan-move.js';
import { toRouteHop } from './reroute-events.js';
import type { RouteKeeper } from './route-keeper.js';
import { sessionLimits } from './session-limits.js';
import type { SessionEnvironment, SessionEvent, SessionModel } from './session-types.js';

/** What a {@link RouteImprover} works with. */
export interface RouteImproverOptions {
  readonly environment: SessionEnvironment;
  readonly model: SessionModel;
  readonly chain: HopChain;
  readonly keeper: RouteKeeper;
  readonly tokensMax: number;
  readonly acceptMixedNumerics: boolean;
  readonly emit: (event: SessionEvent) => void;
}

/** A move whose new hops are being opened, or are open. */
interface Preparation {
  readonly move: Move;
  readonly replaced: readonly Hop[];
  readonly hops: readonly Hop[];
  state: 'opening' | 'ready' | 'failed';
}

/**
 * Moves a running session to clearly better hops. Every so often it looks for some; it opens them
 * while tokens go on, and between two steps puts them in the place of the old ones, which are
 * closed only when the caches of the new ones are filled.
 */
export class RouteImprover {
  readonly #options: RouteImproverOptions;
  #lookAtMs: number;
  #preparation: Preparation | null = null;
  /** Single-token steps so far. */
  #steps = 0;
  #moves = 0;
  #isStopped = false;

  constructor(options: RouteImproverOptions) {
    this.#options = options;
    this.#lookAtMs = this.#now() + sessionLimits.improveEveryMs;
  }

  /**
   * Called between two single-token steps, while the route is whole. Mostly it returns at once.
   * @throws SkeinError as {@link RouteKeeper.makeWhole}
   */
  async betweenSteps(committed: number, signal: AbortSignal | undefined): Promise<void> {
    this.#steps += 1;
    const preparation = this.#preparation;
    if (preparation === null) this.#look(committed);
    else if (preparation.state !== 'opening') {
      this.#preparation = null;
      if (this.#isStillRight(preparation)) await this.#carryOut(preparation, committed, signal);
      else this.#drop(preparation);
    }
  }

  /** Gives up what is being prepared. */
  stop(): void {
    this.#isStopped = true;
    if (this.#preparation !== null) this.#drop(this.#preparation);
    this.#preparation = null;
  }

  #look(committed: number): void {
    const { environment, model, chain, keeper, tokensMax, acceptMixedNumerics } = this.#options;
    if (this.#now() < this.#lookAtMs || this.#moves >= sessionLimits.movesMax) return;
    this.#lookAtMs = this.#now() + sessionLimits.improveEveryMs;
    const [first] = chain.hops;
    if (first === undefined) return;
    const move = planMove(
      environment.view.snapshot(model.hash),
      chain.hops.map(toRouteHop),
      {
        model: model.hash,
        blockCount: model.blockCount,
        tokensMax,
        acceptMixedNumerics,
        numericKind: first.numericKind,
        excluded: keeper.unwantedPeers(),
        committed,
        // Nobody knows when the text ends: what lasted so far will last as long again.
        remainingTokens: Math.min(this.#steps, tokensMax - committed),
      },
      environment.random,
    );
    if (move !== null) void this.#prepare(move);
  }

  async #prepare(move: Move): Promise<void> {
    const { environment, chain, keeper } = this.#options;
    const hops = move.hops.map((hop) => new Hop(hop, chain, environment.clock));
    const replaced = chain.hops.slice(move.first, move.last + 1);
    const preparation: Preparation = { move, replaced, hops, state: 'opening' };
    this.#preparation = preparation;
    const after = chain.hops[move.last + 1] ?? null;
    try {
      await Promise.all(hops.map((hop, index) => keeper.open(hop, hops[index + 1] ?? after)));
      preparation.state = 'ready';
      for (const hop of hops) {
        void hop.ended.then(() => {
          preparation.state = 'failed';
        });
      }
    } catch {
      // The old hops do their work: nothing is lost but the attempt.
      preparation.state = 'failed';
    }
    if (this.#isStopped) this.#drop(preparation);
  }

  /** The hops to be replaced are still in their places, and the new ones open. */
  #isStillRight({ state, move, replaced }: Preparation): boolean {
    const { hops, failures } = this.#options.chain;
    const isUnchanged = replaced.every((hop, index) => hops[move.first + index] === hop);
    return state === 'ready' && isUnchanged && failures.length === 0;
  }

  async #carryOut(
    preparation: Preparation,
    committed: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { chain, keeper } = this.#options;
    const { move, replaced, hops } = preparation;
    const startedAtMs = this.#now();
    this.#moves += 1;
    const before = chain.hops[move.first - 1];
    if (before !== undefined) before.needsRelay = false;
    const previous = chain.hops;
    chain.setHops([...previous.slice(0, move.first), ...hops, ...previous.slice(move.last + 1)]);
    try {
      await keeper.makeWhole(committed, signal, { previous });
    } finally {
      // Whichever side is not in use now; all of it, where the route was given up.
      for (const hop of [...replaced, ...hops]) if (!chain.hops.includes(hop)) void hop.close();
    }
    if (hops.every((hop) => chain.hops.includes(hop))) {
      this.#report(preparation, { committed, elapsedMs: this.#now() - startedAtMs });
    }
  }

  #report(
    { move, replaced, hops }: Preparation,
    { committed, elapsedMs }: { committed: number; elapsedMs: number },
  ): void {
    const { chain, emit } = this.#options;
    const [first] = replaced as [Hop, ...Hop[]];
    const ms = (value: number) => `${value.toFixed(1)} ms`;
    emit({ type: 'route', hops: chain.hops.map(toRouteHop) });
    emit({
      type: 'reroute',
      kind: 'improved',
      reason: 'improved',
      message: `a step takes ${ms(move.candidateMs)} there instead of ${ms(move.currentMs)}`,
      lostPeer: first.peer,
      span: { start: first.span.start, end: (replaced.at(-1) as Hop).span.end },
      newPeers: hops.map(({ peer }) => peer),
      detectionMs: 0,
      rebuiltTokens: committed,
      rebuildMs: elapsedMs,
      recoveryMs: elapsedMs,
    });
  }

  #drop({ hops }: Preparation): void {
    for (const hop of hops) {
      void hop.close().catch((error: unknown) => hop.abort(toSkeinError(error)));
    }
  }

  #now(): number {
    return this.#options.environment.clock.now();
  }
}
