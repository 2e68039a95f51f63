import { SkeinError } from '@skein/protocol';
import type { Clock } from '../../clock.js';

/** Sizes of a {@link FairQueue}. */
export interface FairQueueLimits {
  /** Places in all. */
  readonly places: number;
  readonly waitingMax: number;
  readonly waitingPerKeyMax: number;
  readonly waitMsMax: number;
}

interface Lane {
  running: number;
  /** Places that the key may hold at once. */
  placesMax: number;
  readonly waiting: Set<() => void>;
}

/**
 * Hands out places, one key after the other: who asks for a hundred waits for them while others get
 * theirs. Within a key it is first come, first served.
 */
export class FairQueue {
  readonly #limits: FairQueueLimits;
  readonly #clock: Clock;
  /** In the order of their next turn. */
  readonly #lanes = new Map<string, Lane>();
  #running = 0;
  #waiting = 0;

  constructor(clock: Clock, limits: FairQueueLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Waits for a place.
   * @returns gives the place back; further calls do nothing
   * @throws SkeinError `busy` when too many wait, or it took too long; `aborted`
   */
  async acquire(
    key: string,
    options: { readonly placesMax: number; readonly signal: AbortSignal },
  ): Promise<() => void> {
    if (options.signal.aborted) throw aborted(options.signal);
    const lane = this.#lane(key);
    lane.placesMax = options.placesMax;
    const mustWait =
      this.#running >= this.#limits.places ||
      lane.running >= lane.placesMax ||
      lane.waiting.size > 0;
    if (!mustWait) return this.#enter(key, lane);
    if (this.#waiting >= this.#limits.waitingMax) throw busy(`${this.#waiting} requests wait`);
    if (lane.waiting.size >= this.#limits.waitingPerKeyMax) {
      throw busy(`${lane.waiting.size} requests of this key wait`);
    }
    return await this.#wait(key, lane, options.signal);
  }

  #wait(key: string, lane: Lane, signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        lane.waiting.delete(enter);
        this.#waiting -= 1;
        cancel();
        signal.removeEventListener('abort', abort);
      };
      const enter = () => {
        leave();
        resolve(this.#enter(key, lane));
      };
      const abort = () => {
        leave();
        this.#forget(key, lane);
        reject(aborted(signal));
      };
      const cancel = this.#clock.schedule(this.#limits.waitMsMax, () => {
        leave();
        this.#forget(key, lane);
        reject(busy(`no place became free within ${this.#limits.waitMsMax / 1000} s`));
      });
      signal.addEventListener('abort', abort);
      lane.waiting.add(enter);
      this.#waiting += 1;
    });
  }

  #lane(key: string): Lane {
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const lane: Lane = { running: 0, placesMax: 0, waiting: new Set() };
    this.#lanes.set(key, lane);
    return lane;
  }

  #enter(key: string, lane: Lane): () => void {
    this.#running += 1;
    lane.running += 1;
    // Its next turn comes after everybody else's.
    this.#lanes.delete(key);
    this.#lanes.set(key, lane);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#running -= 1;
      lane.running -= 1;
      this.#forget(key, lane);
      this.#admitNext();
    };
  }

  #admitNext(): void {
    if (this.#running >= this.#limits.places) return;
    for (const lane of this.#lanes.values()) {
      const [next] = lane.waiting;
      if (next === undefined || lane.running >= lane.placesMax) continue;
      next();
      return;
    }
  }

  /** A key that neither runs nor waits leaves no trace. */
  #forget(key: string, lane: Lane): void {
    if (lane.running === 0 && lane.waiting.size === 0) this.#lanes.delete(key);
  }
}

function busy(why: string): SkeinError {
  return new SkeinError('busy', `the gateway is busy: ${why}`);
}

function aborted(signal: AbortSignal): SkeinError {
  return new SkeinError('aborted', 'aborted by the caller', { cause: signal.reason });
}
