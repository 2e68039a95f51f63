import * as z from 'zod';
import { httpApiLimits } from './http-api-limits.js';

/** Schemas of fields that several answers share. Unknown fields are dropped: readers may be older. */

const count = z.number().int().min(0);
const amount = z.number().min(0);
export const text = z.string().max(httpApiLimits.textCharactersMax);
/** Milliseconds since 1970. */
export const timeSchema = count;
/** A peer id in base58. */
export const peerIdText = z.string().max(64);
/** A model hash: 64 hex digits. */
export const modelHashText = z.string().max(64);
export { amount, count };

/** Blocks from `start` up to and without `end`. */
export const apiSpanSchema = z.object({ start: count, end: count });
export type ApiSpan = z.infer<typeof apiSpanSchema>;

/**
 * - `healthy`: every block and both ends are served, each by two peers or more.
 * - `degraded`: complete, but some part hangs on one peer; or (of a swarm) one model of several is
 *   not complete.
 * - `broken`: nobody can generate: a block or an end has no host, or no numeric kind has them all.
 */
export const healthSchema = z.enum(['healthy', 'degraded', 'broken']);
export type Health = z.infer<typeof healthSchema>;

export const modelNameSchema = z.object({ hash: modelHashText, name: text });
/** A model as it is named beside other things. */
export type ApiModelName = z.infer<typeof modelNameSchema>;

/** A distribution in milliseconds; null where nothing was measured. */
export const percentilesSchema = z.object({ p50: amount, p90: amount, p99: amount }).nullable();
export type Percentiles = z.infer<typeof percentilesSchema>;

/** Why a request was refused: the body of every answer that is no success. */
export const apiFailureSchema = z.object({
  error: z.object({ code: z.string().max(64), message: text }),
});
export type ApiFailure = z.infer<typeof apiFailureSchema>;
