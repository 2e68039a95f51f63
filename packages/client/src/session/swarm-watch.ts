import { delay } from '../clock.js';
import { sessionLimits } from './session-limits.js';
import type { SessionEnvironment, SessionModel } from './session-types.js';

/** Looks for peers of one model, and waits for their number to change. */
export class SwarmWatch {
  readonly #environment: SessionEnvironment;
  readonly #model: SessionModel;
  /** Ends a wait or a refresh early. */
  #wake: () => void = () => {};

  constructor(environment: SessionEnvironment, model: SessionModel) {
    this.#environment = environment;
    this.#model = model;
  }

  /** Looks for members once; that nobody answers is no error here. */
  async refresh(): Promise<void> {
    const { clock, view } = this.#environment;
    const controller = new AbortController();
    this.#wake = () => controller.abort();
    const cancel = clock.schedule(sessionLimits.refreshMs, this.#wake);
    try {
      await view.directory.refresh({ modelName: this.#model.name, signal: controller.signal });
    } catch {
      // What is known already will have to do.
    } finally {
      cancel();
    }
  }

  /** Until a record of the model changes, a ban ends, or the time is over. */
  async nextChange(delayMs: number): Promise<void> {
    const { clock, view } = this.#environment;
    const controller = new AbortController();
    this.#wake = () => controller.abort();
    const unsubscribe = view.directory.onChange(({ record }) => {
      if (record.body.model === this.#model.hash) controller.abort();
    });
    const banMs = view.bans.nextExpiryMs() ?? delayMs;
    await delay(clock, Math.min(delayMs, banMs), controller.signal);
    unsubscribe();
  }

  /** Ends what goes on, so that no timer is left. */
  stop(): void {
    this.#wake();
  }
}
