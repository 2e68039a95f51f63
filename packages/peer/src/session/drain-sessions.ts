import type { Clock } from '@skein/client/network';
import { SkeinError } from '@skein/protocol';
import type { HopSession } from './hop-session.js';
import { sessionLimits } from './session-limits.js';

/** How far a drain is. */
interface DrainProgress {
  /** Sessions that are still here. */
  readonly sessions: number;
  readonly remainingMs: number;
}

/** Options of a drain. */
export interface DrainOptions {
  /** Sessions may stay so long. Default: `sessionLimits.drainMsDefault`. */
  readonly timeoutMs?: number;
  /** Ends the drain early; it is no error. */
  readonly signal?: AbortSignal;
  /** Called when it begins, when a session leaves, and every few seconds. */
  readonly onProgress?: (progress: DrainProgress) => void;
}

/** @throws SkeinError `bad-argument` for what is no time, or more than a day */
export function checkDrainTimeout(timeoutMs: number | undefined): void {
  const { drainMsMax } = sessionLimits;
  if (timeoutMs === undefined || (timeoutMs >= 0 && timeoutMs <= drainMsMax)) return;
  throw new SkeinError(
    'bad-argument',
    `a drain takes 0 to ${drainMsMax} ms, and cannot take ${timeoutMs}`,
  );
}

/**
 * Tells the clients of all sessions that the peer is about to leave, and settles when none is left
 * or time is over. Returns how many are left.
 *
 * @throws SkeinError `bad-argument`, see {@link checkDrainTimeout}
 */
export function drainSessions(
  sessions: ReadonlyMap<unknown, HopSession>,
  context: {
    readonly clock: Clock;
    /** Sets who is called after a session has left. */
    readonly onRemoved: (listener: () => void) => void;
    readonly options: DrainOptions;
  },
): Promise<number> {
  const { clock, onRemoved, options } = context;
  checkDrainTimeout(options.timeoutMs);
  const timeoutMs = Math.round(options.timeoutMs ?? sessionLimits.drainMsDefault);
  const endsAtMs = clock.now() + timeoutMs;
  for (const session of sessions.values()) {
    void session.reply({ type: 'draining', remainingMs: timeoutMs });
  }
  return new Promise((resolve) => {
    let cancel = () => {};
    const finish = () => {
      cancel();
      onRemoved(() => {});
      options.signal?.removeEventListener('abort', finish);
      resolve(sessions.size);
    };
    const look = () => {
      cancel();
      const remainingMs = Math.max(0, endsAtMs - clock.now());
      options.onProgress?.({ sessions: sessions.size, remainingMs: Math.round(remainingMs) });
      if (sessions.size === 0 || remainingMs === 0 || options.signal?.aborted) finish();
      else cancel = clock.schedule(Math.min(remainingMs, sessionLimits.drainReportMs), look);
    };
    onRemoved(look);
    options.signal?.addEventListener('abort', finish);
    look();
  });
}
