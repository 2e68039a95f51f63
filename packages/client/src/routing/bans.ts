import type { PeerId } from '@skein/protocol';
import { routingLimits } from './routing-limits.js';

/**
 * How a peer failed. `closed`: its connection ended, or could not be had. The peer may be well, and
 * if it is not, to ask it again costs a round trip. `other`: it kept silent, which costs a deadline
 * each time, or did wrong.
 */
export type FailureManner = 'closed' | 'other';

interface Ban {
  /** Failures since the last success. */
  failures: number;
  untilMs: number;
}

/**
 * Peers that failed this client lately. A ban lasts `banMsFirst`, or `banMsFirstClosed`, and doubles
 * with each failure up to `banMsMax`; one success wipes the slate. Only blamed peers are ever banned.
 */
export class Bans {
  /** Told of each ban. */
  onBan: (peer: PeerId, banMs: number) => void = () => {};
  readonly #bans = new Map<PeerId, Ban>();
  readonly #now: () => number;

  /** @param now milliseconds on a steady clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Records a failure that is the peer's fault. Returns the length of the ban. */
  blame(peer: PeerId, manner: FailureManner = 'other'): number {
    const { banMsFirst, banMsFirstClosed, banMsMax } = routingLimits;
    const failures = (this.#bans.get(peer)?.failures ?? 0) + 1;
    const firstMs = manner === 'closed' ? banMsFirstClosed : banMsFirst;
    const banMs = Math.min(firstMs * 2 ** (failures - 1), banMsMax);
    // Re-inserted, so that the map's order is by the latest failure.
    this.#bans.delete(peer);
    this.#bans.set(peer, { failures, untilMs: this.#now() + banMs });
    if (this.#bans.size > routingLimits.peersRememberedMax) this.#forgetOldest();
    this.onBan(peer, banMs);
    return banMs;
  }

  /** Records that the peer did its work. */
  forgive(peer: PeerId): void {
    this.#bans.delete(peer);
  }

  isBanned(peer: PeerId): boolean {
    const ban = this.#bans.get(peer);
    return ban !== undefined && this.#now() < ban.untilMs;
  }

  /** Milliseconds until the first of the current bans ends; null without one. */
  nextExpiryMs(): number | null {
    const remaining = [...this.#bans.values()]
      .map(({ untilMs }) => untilMs - this.#now())
      .filter((remainingMs) => remainingMs > 0);
    return remaining.length === 0 ? null : Math.min(...remaining);
  }

  #forgetOldest(): void {
    for (const peer of this.#bans.keys()) {
      this.#bans.delete(peer);
      return;
    }
  }
}
