import type { Clock, Random } from '@skein/client/network';
import type { Span } from '@skein/protocol';
import { proposeMove } from '../placement/index.js';
import { type MoveEnvironment, moveSpan } from './move-span.js';
import { nextLookMs } from './next-look.js';
import { rebalanceLimits } from './rebalance-limits.js';

/** Options of {@link Rebalancer}. */
export interface RebalancerOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Mean time between two looks. */
  readonly intervalMs: number;
  /** Blocks that need not be downloaded. */
  readonly onDisk: readonly Span[];
  readonly move: MoveEnvironment;
  /** Takes note of the queues as they are. */
  sampleQueues(): void;
  /** A bug: the loop goes on, and so does the peer. */
  onError(error: unknown): void;
}

/**
 * Asks from time to time whether another span would serve the swarm better, and moves the peer
 * there. The decisions are those of `placement`; this loop only keeps the time.
 */
export class Rebalancer {
  readonly #options: RebalancerOptions;
  readonly #abort = new AbortController();
  #cancelLook: () => void = () => {};
  #cancelSample: () => void = () => {};
  #working: Promise<void> = Promise.resolve();
  /** Moves in a row that failed on this machine. */
  #failures = 0;
  #hasJustMoved = false;

  constructor(options: RebalancerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#scheduleLook();
    this.#scheduleSample();
  }

  /** Ends the loop, and a move under way. Settles when that is undone, or done. Idempotent. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#cancelLook();
    this.#cancelSample();
    await this.#working;
  }

  #scheduleSample(): void {
    const { clock, sampleQueues } = this.#options;
    this.#cancelSample = clock.schedule(rebalanceLimits.demandSampleMs, () => {
      sampleQueues();
      this.#scheduleSample();
    });
  }

  #scheduleLook(): void {
    if (this.#abort.signal.aborted) return;
    const { clock, random, intervalMs } = this.#options;
    const [failures, hasJustMoved] = [this.#failures, this.#hasJustMoved];
    const delayMs = nextLookMs({ intervalMs, random, failures, hasJustMoved });
    this.#cancelLook = clock.schedule(delayMs, () => {
      this.#working = this.#look()
        .catch((error: unknown) => this.#options.onError(error))
        .finally(() => this.#scheduleLook());
    });
  }

  async #look(): Promise<void> {
    const { move, random, onDisk } = this.#options;
    this.#hasJustMoved = false;
    if (move.announcer.state !== 'serving') return;
    const { swarm, demand } = move.view();
    const proposal = proposeMove(swarm, move.selfId, { random, demand, onDisk });
    if (proposal === null) return;
    const outcome = await moveSpan(move, proposal, this.#abort.signal);
    if (outcome === 'failed') this.#failures += 1;
    if (outcome === 'moved') this.#failures = 0;
    this.#hasJustMoved = outcome === 'moved';
  }
}
