import type { SeededRandom } from '../world/seeded-random.js';

/** The way between two machines: what it is like, and what is wrong with it now. */
export class LinkState {
  readonly #random: SeededRandom;
  readonly #latencyMs: number;
  readonly #jitter: number;
  readonly #bytesPerMs: number;
  /** Nothing gets through, and nobody is told. */
  isCut = false;
  /** Latency is multiplied by this. */
  delayFactor = 1;
  /** Bandwidth is divided by this. */
  clogFactor = 1;

  constructor(
    options: { latencyMs: number; jitter: number; bytesPerMs: number },
    random: SeededRandom,
  ) {
    this.#latencyMs = options.latencyMs;
    this.#jitter = options.jitter;
    this.#bytesPerMs = options.bytesPerMs;
    this.#random = random;
  }

  get latencyMs(): number {
    return this.#latencyMs * this.delayFactor;
  }

  get bytesPerMs(): number {
    return this.#bytesPerMs / this.clogFactor;
  }

  drawLatencyMs(): number {
    return this.latencyMs * (1 + this.#jitter * this.#random.next());
  }
}
