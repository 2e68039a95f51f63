import type { Clock } from '../clock.js';
import { sessionLimits } from './session-limits.js';

/**
 * Calls back after a time in which this program could run. A timer that fires much too late means
 * that we were paused (a laptop that slept, a blocked event loop): whatever came in meanwhile is
 * still unread, so that nobody may be blamed for silence before it had its time again.
 */
export function scheduleFairly(clock: Clock, delayMs: number, callback: () => void): () => void {
  let pauses = 0;
  let cancel = () => {};
  const wait = () => {
    const dueAtMs = clock.now() + delayMs;
    cancel = clock.schedule(delayMs, () => {
      const wasPaused = clock.now() - dueAtMs > sessionLimits.ownPauseMs;
      pauses += 1;
      if (wasPaused && pauses <= sessionLimits.ownPausesMax) wait();
      else callback();
    });
  };
  wait();
  return () => cancel();
}
