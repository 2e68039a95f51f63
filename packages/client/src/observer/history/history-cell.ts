import { durationPercentile, mergeDurations } from '@skein/protocol';
import type { HistorySeriesName } from '@skein/protocol/http-api';
import * as z from 'zod';

const amount = z.number().min(0);
const counts = z.array(amount).max(64);

/**
 * One model in one stretch of time, as sums: two of them make one of a longer stretch, and models add
 * up to the swarm. Points of a series are derived of it.
 */
export const historyCellSchema = z.object({
  /** Time that was watched; less than the stretch where the observer came or went. */
  watchedMs: amount,
  tokens: amount,
  reroutes: amount,
  /** Sessions times milliseconds. */
  sessionMs: amount,
  coverageMin: amount.nullable(),
  peersMin: amount.nullable(),
  /** Distributions, as `durationBoundsMs` divides them. */
  step: counts,
  firstToken: counts,
});
export type HistoryCell = z.infer<typeof historyCellSchema>;

export const emptyCell: HistoryCell = {
  watchedMs: 0,
  tokens: 0,
  reroutes: 0,
  sessionMs: 0,
  coverageMin: null,
  peersMin: null,
  step: [],
  firstToken: [],
};

/** Two stretches of one model, one after the other. */
export function appendCell(left: HistoryCell, right: HistoryCell): HistoryCell {
  return {
    ...sums(left, right),
    watchedMs: left.watchedMs + right.watchedMs,
    peersMin: least(left.peersMin, right.peersMin),
  };
}

/** Two models in one stretch. */
export function mergeModels(left: HistoryCell, right: HistoryCell): HistoryCell {
  const { peersMin: one, watchedMs } = left;
  const { peersMin: other } = right;
  return {
    ...sums(left, right),
    watchedMs: Math.max(watchedMs, right.watchedMs),
    peersMin: one === null || other === null ? (one ?? other) : one + other,
  };
}

/** A point of each series. */
export function pointOf(cell: HistoryCell): Record<HistorySeriesName, number | null> {
  const { watchedMs, tokens, reroutes, sessionMs, coverageMin, peersMin, step, firstToken } = cell;
  const isWatched = watchedMs > 0;
  return {
    tokensPerSecond: isWatched ? rounded((1000 * tokens) / watchedMs) : null,
    coverageMin,
    sessions: isWatched ? rounded(sessionMs / watchedMs) : null,
    peers: peersMin,
    reroutes: isWatched ? reroutes : null,
    firstTokenMsP50: percentile(firstToken, 0.5),
    firstTokenMsP99: percentile(firstToken, 0.99),
    stepMsP50: percentile(step, 0.5),
    stepMsP99: percentile(step, 0.99),
  };
}

function sums(left: HistoryCell, right: HistoryCell) {
  return {
    tokens: left.tokens + right.tokens,
    reroutes: left.reroutes + right.reroutes,
    sessionMs: left.sessionMs + right.sessionMs,
    coverageMin: least(left.coverageMin, right.coverageMin),
    step: mergeDurations(left.step, right.step),
    firstToken: mergeDurations(left.firstToken, right.firstToken),
  };
}

function least(left: number | null, right: number | null): number | null {
  return left === null || right === null ? (left ?? right) : Math.min(left, right);
}

function percentile(distribution: readonly number[], share: number): number | null {
  const value = durationPercentile(distribution, share);
  return value === null ? null : rounded(value);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
