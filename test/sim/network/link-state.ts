import type { SeededRandom } from '../world/seeded-random.js';

/** Linux waits so long, and a round trip, before it sends again what nobody acknowledged. */
const resendMs = 200;
/** Times that one parcel is lost in a row at most: the connection holds. */
const resendsMax = 4;

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
  /** Share of what is sent that is lost, and sent again after a while. */
  lossRatio = 0;

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
    return this.latencyMs * (1 + this.#jitter * this.#random.next()) + this.#drawResendMs();
  }

  /** TCP hides losses: what is lost comes late. Each loss in a row doubles the wait. */
  #drawResendMs(): number {
    if (this.lossRatio === 0) return 0;
    let waitMs = 0;
    for (let again = 0; again < resendsMax && this.#random.chance(this.lossRatio); again += 1) {
      waitMs += (resendMs + 2 * this.latencyMs) * 2 ** again;
    }
    return waitMs;
  }
}
