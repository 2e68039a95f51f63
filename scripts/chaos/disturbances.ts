import { setTimeout as delay } from 'node:timers/promises';
import { chaosLimits } from './chaos-limits.js';
import type { ChaosPeer } from './chaos-peer.js';
import { downMs } from './chaos-swarm.js';
import { chooseMove, drawHopFailure, nextDelayMs, possibleVictims } from './choose-victim.js';
import type { GenerationLedger, Ledger } from './ledger.js';

/** What can be done to a peer by the minute. */
export const rateKinds = ['kill', 'stop', 'leave', 'cut', 'move'] as const;
/** What a failure after a token can be. */
export const failureKinds = ['reset', 'kill'] as const;

export type RateKind = (typeof rateKinds)[number];
export type FailureKind = (typeof failureKinds)[number];
export type DisturbanceKind = RateKind | FailureKind;

/** Options of {@link Disturbances}. */
export interface DisturbancesOptions {
  readonly peers: readonly ChaosPeer[];
  readonly blockCount: number;
  readonly ledger: Ledger;
  readonly random: () => number;
  /** Ends waits and restarts. */
  readonly signal: AbortSignal;
}

/** Makes trouble, and puts things right again after a while. */
export class Disturbances {
  readonly #options: DisturbancesOptions;
  readonly #running = new Set<Promise<void>>();

  constructor(options: DisturbancesOptions) {
    this.#options = options;
  }

  /** Inflicts events at a rate until the signal aborts. */
  async atRate(ratePerMinute: number, kinds: readonly RateKind[], until: AbortSignal) {
    const { ledger, random } = this.#options;
    for (;;) {
      const waited = await sleep(nextDelayMs(ratePerMinute, random), until);
      if (!waited) return;
      const victims = this.#possibleVictims();
      const victim = victims[Math.floor(random() * victims.length)];
      const kind = kinds[Math.floor(random() * kinds.length)] as RateKind;
      if (victim === undefined) ledger.skippedCount += 1;
      else this.#start(kind, victim);
    }
  }

  /** After a token: fails a hop of its route, perhaps. */
  afterToken(
    generation: GenerationLedger,
    all: Iterable<GenerationLedger>,
    { perToken, kind }: { readonly perToken: number; readonly kind: FailureKind },
  ): void {
    const { peers, ledger, random } = this.#options;
    const routes = [...all].map(({ route }) => route);
    const hops = generation.route.map(({ peer }) => ({
      peer,
      clients: routes.filter((route) => route.some((hop) => hop.peer === peer)).length,
    }));
    const failed = drawHopFailure(hops, { perToken, random });
    const victim = peers.find(({ id }) => id === failed);
    if (victim === undefined) return;
    const isPossible = kind === 'reset' || this.#possibleVictims().includes(victim);
    if (isPossible) this.#start(kind, victim);
    else ledger.skippedCount += 1;
  }

  /** Settles when everything that was started is over, and the peers are up again. */
  async over(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #possibleVictims(): ChaosPeer[] {
    const { peers, blockCount } = this.#options;
    const hostsMin = chaosLimits.healthyHostsMin;
    return possibleVictims(peers, { blockCount, hostsMin }).map(
      (index) => peers[index] as ChaosPeer,
    );
  }

  #start(kind: DisturbanceKind, peer: ChaosPeer): void {
    this.#options.ledger.disturbed({ kind, peer: peer.id, name: peer.name });
    const work = this.#inflict(kind, peer).finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  async #inflict(kind: DisturbanceKind, peer: ChaosPeer): Promise<void> {
    const { random, signal } = this.#options;
    const pauseMs = downMs(random);
    switch (kind) {
      case 'reset':
        peer.proxy.reset();
        return;
      case 'kill':
        await peer.kill();
        await sleep(pauseMs, signal);
        return await this.#restart(peer);
      case 'stop':
        peer.freeze();
        await sleep(pauseMs, signal);
        return peer.thaw();
      case 'cut':
        peer.cut();
        await sleep(pauseMs, signal);
        return peer.mend();
      case 'leave':
        await peer.leave();
        return await this.#restart(peer);
      case 'move':
        await peer.leave();
        peer.span = this.#newSpan(peer) ?? peer.span;
        return await this.#restart(peer);
    }
  }

  /** A peer that does not come back is missed from then on; the run goes on without it. */
  async #restart(peer: ChaosPeer): Promise<void> {
    if (this.#options.signal.aborted) return;
    await peer.start(this.#options.signal).catch((error: unknown) => {
      if (!this.#options.signal.aborted) console.error(`${peer.name} did not come back: ${error}`);
    });
  }

  #newSpan(peer: ChaosPeer) {
    const { peers, blockCount, random } = this.#options;
    const spans = peers.map(({ span }) => span);
    const hostsMin = chaosLimits.hostsAfterMoveMin;
    return chooseMove(spans, peers.indexOf(peer), { blockCount, hostsMin, random });
  }
}

/** Whether the time passed before the signal aborted. */
async function sleep(timeMs: number, signal: AbortSignal): Promise<boolean> {
  return await delay(timeMs, true, { signal }).catch(() => false);
}
