import * as z from 'zod';
import { httpApiLimits } from './http-api-limits.js';
import { amount, count, modelHashText, timeSchema } from './shared.js';

/** `hour`: points of 10 seconds; `day`: of 2 minutes; `week`: of 15 minutes. */
export const historyRanges = ['hour', 'day', 'week'] as const;
export const historyRangeSchema = z.enum(historyRanges);
export type HistoryRange = z.infer<typeof historyRangeSchema>;

/** Time from one point to the next. */
export const historyResolutionMs = {
  hour: 10_000,
  day: 120_000,
  week: 900_000,
} as const satisfies Record<HistoryRange, number>;

/** How far each range reaches back. */
export const historyReachMs = {
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
} as const satisfies Record<HistoryRange, number>;

/** The name of each series, and what a point of it says of its stretch of time. */
export const historySeriesNames = [
  /** Mean of tokens a second. */
  'tokensPerSecond',
  /** Least number of peers that the weakest block had. */
  'coverageMin',
  /** Mean of the sessions that were open. */
  'sessions',
  /** Least number of peers that served. */
  'peers',
  /** Reroutes that happened. */
  'reroutes',
  /** From the opening of a session to its first token, milliseconds. */
  'firstTokenMsP50',
  'firstTokenMsP99',
  /** From one token of a session to the next, milliseconds. */
  'stepMsP50',
  'stepMsP99',
] as const;
export type HistorySeriesName = (typeof historySeriesNames)[number];

const seriesSchema = z.array(amount.nullable()).max(httpApiLimits.historyPointsMax);

/** What `GET /api/v1/history?model=<hash or name>&range=hour` answers. */
export const historyAnswerSchema = z.object({
  /** Null: of all models together; `coverageMin` is then that of the weakest. */
  model: modelHashText.nullable(),
  range: historyRangeSchema,
  resolutionMs: count,
  /** The beginning of each point's stretch of time, evenly apart, oldest first. */
  atMs: z.array(timeSchema).max(httpApiLimits.historyPointsMax),
  /** As long as `atMs`; null where nothing is known: nobody watched, or nothing happened. */
  series: z.object(
    Object.fromEntries(historySeriesNames.map((name) => [name, seriesSchema])) as Record<
      HistorySeriesName,
      typeof seriesSchema
    >,
  ),
});
export type HistoryAnswer = z.infer<typeof historyAnswerSchema>;
