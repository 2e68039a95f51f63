import { type PeerId, SkeinError, type Standby as StandbyTarget } from '@skein/protocol';
import type { Hop } from './hop.js';
import { sessionLimits } from './session-limits.js';
import type { TokenBuffer } from './token-buffer.js';

/**
 * One peer, or several in a row, kept in step with a hop of the route. The hop's predecessor sends
 * it what it sends to the hop; for the first hop that is the client. It decides nothing.
 */
export class Standby {
  /** The hop whose place it can take. */
  readonly guarded: Hop;
  readonly hops: readonly Hop[];
  /** Tokens that it has confirmed. */
  length = 0;
  /** It is fed in the epoch that lasts. */
  isFed = false;
  /** The owner was told that it is in step. */
  isReady = false;
  /** It was silent for too long, and is being asked. */
  isSuspect = false;
  /** When it last confirmed something, or began to be fed. */
  heardAtMs = 0;
  /** The least that it was behind since it was fed: it catches up before it keeps up. */
  #lagMin = Number.POSITIVE_INFINITY;
  #fedTo = 0;
  /** Ends of the steps that the client sent and that are not confirmed. */
  readonly #inFlight: number[] = [];

  constructor(guarded: Hop, hops: readonly Hop[]) {
    this.guarded = guarded;
    this.hops = hops;
  }

  get peers(): PeerId[] {
    return this.hops.map(({ peer }) => peer);
  }

  /** Every hop of it is open: it can take over, however much it lacks. */
  get isOpen(): boolean {
    return this.hops.every((hop) => hop.isReady && !hop.isLost);
  }

  get #last(): Hop {
    return this.hops.at(-1) as Hop;
  }

  /** How a predecessor is told of it. */
  get asTarget(): StandbyTarget {
    const { peer, multiaddrs } = this.hops[0] as Hop;
    const { end } = this.guarded.span;
    return { peer, multiaddrs: [...multiaddrs], from: this.length, until: end };
  }

  /** From now on it is fed, from what it has. */
  startFeed(length: number, nowMs: number): void {
    this.length = length;
    this.heardAtMs = nowMs;
    this.isFed = true;
    this.#lagMin = Number.POSITIVE_INFINITY;
    this.#fedTo = length;
    this.#inFlight.length = 0;
  }

  /**
   * Books a result.
   * @throws SkeinError `protocol-violation`
   */
  confirm(hop: Hop, position: number, sentTo: number, nowMs: number): void {
    if (hop !== this.#last || position <= this.length || position > sentTo) {
      const text = `a standby's length ${position} after ${this.length} of ${sentTo}`;
      throw new SkeinError('protocol-violation', text, { peer: hop.peer });
    }
    this.length = position;
    this.heardAtMs = nowMs;
    while ((this.#inFlight[0] ?? Number.POSITIVE_INFINITY) <= position) this.#inFlight.shift();
  }

  /** True when it fell behind by too much since it was closest. */
  isLagging(committed: number): boolean {
    const lag = Math.max(0, committed - this.length);
    this.#lagMin = Math.min(this.#lagMin, lag);
    return lag > this.#lagMin + sessionLimits.standbyLagRowsMax;
  }

  /**
   * Sends tokens that the route was sent, cut into the same steps, as far as the window goes.
   * @throws SkeinError `stream-closed`
   */
  feedTokens(tokens: TokenBuffer, epoch: number, nextStep: () => number): void {
    const first = this.hops[0] as Hop;
    while (this.#inFlight.length < sessionLimits.standbyStepsInFlightMax) {
      const position = this.#fedTo;
      const end = tokens.stepEndAfter(position);
      if (end === null) return;
      const rows = Math.min(end - position, sessionLimits.standbyRowsMax);
      const { end: until } = this.guarded.span;
      this.#fedTo = position + rows;
      this.#inFlight.push(this.#fedTo);
      void first.send({ type: 'step', step: nextStep(), epoch, position, rows, until, trace: [] }, [
        tokens.tensor(position, position + rows),
      ]);
    }
  }
}
