import type { SessionEvent } from '../session/session-types.js';

/** Events of a session that wait to be yielded, beside the work that the generation waits for. */
export class EventQueue {
  #events: SessionEvent[] = [];
  #wake: (() => void) | null = null;

  /** Bound, to be passed as a session's listener. */
  readonly push = (event: SessionEvent): void => {
    this.#events.push(event);
    this.#wake?.();
  };

  /** Takes all events that came so far. */
  take(): readonly SessionEvent[] {
    if (this.#events.length === 0) return this.#events;
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Resolves when the work has settled (true), or an event came (false). */
  async settled(work: { isSettled: boolean; readonly done: Promise<void> }): Promise<boolean> {
    if (work.isSettled || this.#events.length > 0) return work.isSettled;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      void work.done.then(resolve);
    });
    this.#wake = null;
    return work.isSettled;
  }
}
