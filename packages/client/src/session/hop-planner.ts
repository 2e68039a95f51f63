import type { PeerId } from '@skein/protocol';
import type { Hop } from './hop.js';
import { type CurrentHop, type HopsPlan, planHops } from './plan-hops.js';
import { toRouteHop } from './reroute-events.js';
import { sessionLimits } from './session-limits.js';
import type { SessionEnvironment, SessionModel } from './session-types.js';

/** What a {@link HopPlanner} needs to know of its session. */
export interface HopPlannerOptions {
  readonly environment: SessionEnvironment;
  readonly model: SessionModel;
  readonly tokensMax: number;
  readonly acceptMixedNumerics: boolean;
  /** Peers that the caller does not want. */
  readonly excludedPeers: ReadonlySet<PeerId>;
  /** Peers that stand by now. */
  readonly standbyPeers: () => Iterable<PeerId>;
  /** Tokens that a hop has to compute before the next one is generated. */
  readonly promptRows: () => number;
}

/** Plans the hops of one session, and remembers which peers it had better not ask now. */
export class HopPlanner {
  readonly #options: HopPlannerOptions;
  /** Peers that refused without being at fault, and until when they are not asked again. */
  readonly #refused = new Map<PeerId, number>();

  constructor(options: HopPlannerOptions) {
    this.#options = options;
  }

  /** Does not plan with a peer for a while. Nobody else hears of it. */
  refuse(peer: PeerId, untilMs = this.#now() + sessionLimits.refusedMs): void {
    this.#refused.set(peer, untilMs);
  }

  /** Peers not to be asked: those that the caller named, that stand by, or that refused just now. */
  unwantedPeers(): Set<PeerId> {
    const unwanted = new Set(this.#options.excludedPeers);
    for (const peer of this.#options.standbyPeers()) unwanted.add(peer);
    for (const [peer, untilMs] of this.#refused) {
      if (this.#now() < untilMs) unwanted.add(peer);
      else this.#refused.delete(peer);
    }
    return unwanted;
  }

  /**
   * Hops that cover the model, of which as many as possible are the present ones.
   * @param options.withoutLeaving treats hops whose peers are about to leave as lost
   */
  plan(
    hops: readonly Hop[],
    committed: number,
    options: { readonly withoutLeaving?: boolean } = {},
  ): HopsPlan {
    const excluded = this.unwantedPeers();
    const current = hops.map((hop) => {
      const isLeaving = options.withoutLeaving === true && hop.leavesAtMs !== null;
      if (isLeaving) excluded.add(hop.peer);
      return { ...toRouteHop(hop), isLost: hop.isLost || isLeaving };
    });
    const [first] = current;
    // Before the first token any kind will do; then the tokens must go on as they began.
    const numericKind = committed > 0 && first !== undefined ? first.numericKind : null;
    return this.#planFor(current, numericKind, excluded);
  }

  /** Whether other peers could take the place of a hop that still works. */
  canReplace(hop: Hop, hops: readonly Hop[]): boolean {
    const current = hops.map((other) => ({
      ...toRouteHop(other),
      isLost: other.isLost || other === hop,
    }));
    const others = this.unwantedPeers().add(hop.peer);
    return this.#planFor(current, hop.numericKind, others).kind === 'repair';
  }

  #planFor(
    current: readonly CurrentHop[],
    numericKind: string | null,
    excluded: ReadonlySet<PeerId>,
  ): HopsPlan {
    const { environment, model, tokensMax, acceptMixedNumerics } = this.#options;
    return planHops(
      environment.view.snapshot(model.hash),
      current,
      {
        model: model.hash,
        blockCount: model.blockCount,
        tokensMax,
        acceptMixedNumerics,
        numericKind: acceptMixedNumerics ? null : numericKind,
        promptRowsPerToken: this.#promptRowsPerToken(),
        excluded,
      },
      environment.random,
    );
  }

  /** What a new hop is going to do: all tokens so far in chunks, and the rest one by one. */
  #promptRowsPerToken(): number {
    const { tokensMax, promptRows } = this.#options;
    const rows = promptRows();
    const expected = Math.min(tokensMax - rows, sessionLimits.expectedTokensMax);
    return rows / Math.max(expected, 1);
  }

  #now(): number {
    return this.#options.environment.clock.now();
  }
}
