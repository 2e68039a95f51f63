/** Time as the client uses it, injected so that tests and the simulator run without waiting. */
export interface Clock {
  /** Milliseconds on a steady clock; only differences mean something. */
  now(): number;
  /** Calls back after `delayMs`; the returned function cancels. */
  schedule(delayMs: number, callback: () => void): () => void;
}

/** A source of uniform numbers in `[0, 1)`. */
export type Random = () => number;

/** The platform's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  schedule(delayMs, callback) {
    const handle = setTimeout(callback, delayMs);
    return () => clearTimeout(handle);
  },
};

/**
 * Waits on a clock. Resolves early, without an error, when `signal` aborts: the caller checks it.
 */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.schedule(delayMs, finish);
    signal?.addEventListener('abort', finish);
  });
}
