/** Numbers of {@link gatherUntil}. Times are milliseconds. */
const gatherLimits = {
  /** Share of a batch's fixed cost that may be spent on waiting for more rows. */
  share: 0.5,
  /** A wait is no shorter than what timers can do, and no longer than people would notice. */
  waitMsMin: 1,
  waitMsMax: 50,
  /** Sessions that were computed together arrive within this share of a fixed cost… */
  burstShare: 0.05,
  /** …or this time. */
  burstMsMax: 3,
  /** A session that is later than expected by this share of its absence is not waited for. */
  lateShare: 0.25,
  lateMsMin: 1,
  /** Work in the background leaves the engine to a decoding step that is due so soon. */
  yieldMs: 5,
} as const;

/** A session that decodes and is elsewhere: when it is expected, after how long an absence. */
export interface Expected {
  readonly atMs: number;
  readonly awayMs: number;
}

/**
 * Until when a decoding batch waits for sessions on their way; null when it begins now.
 *
 * Without a wait, sessions of a single hop fall into two groups that take turns, and each batch pays
 * for reading the weights: 8 sessions over a batch time of 20 ms would get 200 tokens a second of
 * 390. Two batches cost their fixed part twice, so waiting for less than that gains for all.
 *
 * @param options.sinceMs when the batch could have begun
 * @param options.room sessions that it would take besides those that are ready
 * @param options.fixedMs what it costs with however few rows
 */
export function gatherUntil(options: {
  readonly nowMs: number;
  readonly sinceMs: number;
  readonly room: number;
  readonly fixedMs: number;
  readonly expected: readonly Expected[];
}): number | null {
  const { nowMs, sinceMs, room, fixedMs, expected } = options;
  const { share, waitMsMin, waitMsMax, lateShare, lateMsMin } = gatherLimits;
  const endMs = sinceMs + Math.min(share * fixedMs, waitMsMax);
  if (room < 1 || endMs - nowMs < waitMsMin) return null;
  // Nobody knows for sure when the others come, but what left the hop before together comes now.
  const burstEndMs = sinceMs + Math.min(gatherLimits.burstShare * fixedMs, gatherLimits.burstMsMax);
  const isBurst = expected.length > 0 && burstEndMs - nowMs >= waitMsMin;
  let untilMs = isBurst ? burstEndMs : null;
  const byTime = expected.toSorted((left, right) => left.atMs - right.atMs);
  for (const { atMs, awayMs } of byTime.slice(0, room)) {
    if (atMs > endMs) break;
    const latestMs = atMs + Math.max(lateShare * awayMs, lateMsMin);
    if (latestMs > nowMs) untilMs = Math.min(Math.max(untilMs ?? 0, latestMs), endMs);
  }
  return untilMs;
}

/**
 * Until when work in the background holds back, because somebody's next token is due; null when it
 * begins now.
 */
export function yieldUntil(nowMs: number, expected: readonly Expected[]): number | null {
  const { yieldMs, lateMsMin } = gatherLimits;
  const dueMs = expected.map(({ atMs }) => atMs).filter((atMs) => atMs > nowMs - lateMsMin);
  const firstMs = Math.min(...dueMs);
  return firstMs - nowMs < yieldMs ? Math.max(firstMs, nowMs) + lateMsMin : null;
}
