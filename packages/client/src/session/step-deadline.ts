import type { Clock } from '../clock.js';
import { scheduleFairly } from './fair-timer.js';

/**
 * Notices that steps stopped coming. One timer serves many steps: it is moved only when it fires,
 * so that a step costs two reads of the clock.
 */
export class StepDeadline {
  readonly #clock: Clock;
  readonly #onLate: () => void;
  #cancel: (() => void) | null = null;
  #progressAtMs = 0;
  #lateMs = 0;
  #isWatching = false;

  constructor(clock: Clock, onLate: () => void) {
    this.#clock = clock;
    this.#onLate = onLate;
  }

  /** When a step was last sent into an idle route, or a result came. */
  get progressAtMs(): number {
    return this.#progressAtMs;
  }

  /** Expects the next result within `lateMs` of now. */
  restart(lateMs: number): void {
    this.#progressAtMs = this.#clock.now();
    this.#lateMs = lateMs;
    this.#isWatching = true;
    this.#cancel ??= scheduleFairly(this.#clock, lateMs, () => this.#onTimer());
  }

  /** Looks again in a while, though nothing came since. */
  extend(byMs: number): void {
    this.#lateMs = this.#clock.now() - this.#progressAtMs + byMs;
    this.#isWatching = true;
    this.#cancel ??= scheduleFairly(this.#clock, byMs, () => this.#onTimer());
  }

  /** Expects nothing for now. The timer may stay, to serve the next step. */
  pause(): void {
    this.#isWatching = false;
  }

  /** Frees the timer. */
  stop(): void {
    this.#isWatching = false;
    this.#cancel?.();
    this.#cancel = null;
  }

  #onTimer(): void {
    this.#cancel = null;
    if (!this.#isWatching) return;
    const remainingMs = this.#progressAtMs + this.#lateMs - this.#clock.now();
    if (remainingMs > 0) {
      this.#cancel = scheduleFairly(this.#clock, remainingMs, () => this.#onTimer());
      return;
    }
    this.#isWatching = false;
    this.#onLate();
  }
}
