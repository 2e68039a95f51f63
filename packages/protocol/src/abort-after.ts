/**
 * A signal that aborts after a time with a `TimeoutError`, or before that with `signal`.
 *
 * Use it instead of `AbortSignal.timeout`: a timeout that only `AbortSignal.any` refers to is
 * garbage-collected on Node 20, and then the signal never aborts. Here the timer holds on to it. As
 * there, a timer that runs keeps no process alive.
 */
export function abortAfter(timeoutMs: number, signal?: AbortSignal): AbortSignal {
  const timeout = new AbortController();
  const timer: unknown = setTimeout(() => {
    timeout.abort(new DOMException(`not done within ${timeoutMs} ms`, 'TimeoutError'));
  }, timeoutMs);
  if (isNodeTimer(timer)) timer.unref();
  return signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]);
}

/** Browsers number their timers. */
function isNodeTimer(timer: unknown): timer is { unref(): void } {
  return typeof timer === 'object' && timer !== null && 'unref' in timer;
}
