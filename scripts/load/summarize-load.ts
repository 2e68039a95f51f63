import { percentile } from '../bench/bench-swarm.js';
import type { StreamOutcome } from './stream-once.js';

/** What a run comes to. */
export interface LoadSummary {
  readonly streams: number;
  /** Failures by their reason. */
  readonly errors: Readonly<Record<string, number>>;
  readonly tokensPerSecond: number;
  readonly firstTokenMsP50: number;
  readonly firstTokenMsP99: number;
  /** Time of the slowest stream over that of the median one; all ask for as many tokens. */
  readonly slowestOverMedian: number;
  /** Tokens of the one that got the fewest of those that ask again and again, over the median's. */
  readonly fewestOverMedian: number;
  /** Share of streams that found a part of their prompt computed. */
  readonly reusedShare: number;
}

/** Sums up the streams of a run that took `elapsedMs`. */
export function summarizeLoad(
  outcomes: readonly (StreamOutcome & { readonly stream: number })[],
  { elapsedMs }: { elapsedMs: number },
): LoadSummary {
  const errors: Record<string, number> = {};
  for (const outcome of outcomes) {
    if (outcome.kind === 'failed') errors[outcome.reason] = (errors[outcome.reason] ?? 0) + 1;
  }
  const done = outcomes.filter((outcome) => outcome.kind === 'done');
  const times = done.map((outcome) => outcome.elapsedMs);
  const firsts = done.map(({ firstTokenMs }) => firstTokenMs);
  const tokens = done.reduce((sum, outcome) => sum + outcome.tokens, 0);
  const perStream = new Map<number, number>();
  for (const { stream } of outcomes) perStream.set(stream, 0);
  for (const outcome of done) {
    perStream.set(outcome.stream, (perStream.get(outcome.stream) ?? 0) + outcome.tokens);
  }
  const shares = [...perStream.values()];
  return {
    streams: done.length,
    errors,
    tokensPerSecond: (tokens * 1000) / elapsedMs,
    firstTokenMsP50: percentile(firsts, 0.5),
    firstTokenMsP99: percentile(firsts, 0.99),
    slowestOverMedian: percentile(times, 1) / percentile(times, 0.5),
    fewestOverMedian: percentile(shares, 0) / percentile(shares, 0.5),
    reusedShare: done.filter(({ cachedTokens }) => cachedTokens > 0).length / done.length,
  };
}
