import * as z from 'zod';
import { eventSchema } from './events.js';
import { httpApiLimits } from './http-api-limits.js';
import {
  amount,
  apiSpanSchema,
  count,
  modelNameSchema,
  peerIdText,
  percentilesSchema,
  text,
  timeSchema,
} from './shared.js';

/**
 * How the observing node reaches a peer.
 * - `direct`: over a connection of its own; `relayed`: by way of another node.
 * - `reported`: not from here; another peer passed on what it signed just now. `reason` says what went wrong
 *   when it was tried from here; null when it was not.
 * - `unreachable`: it was tried, and `reason` says what went wrong. Others may reach it all the same.
 * - `unknown`: not tried yet.
 * - `self`: it is the observing node.
 */
export const reachabilitySchema = z.object({
  kind: z.enum(['self', 'direct', 'relayed', 'reported', 'unreachable', 'unknown']),
  reason: text.nullable(),
  /** There and back, without any computing. */
  roundTripMs: amount.nullable(),
  checkedAtMs: timeSchema.nullable(),
});
export type Reachability = z.infer<typeof reachabilitySchema>;

/**
 * `lost`: its record has not expired, but its connection ended or it keeps silent. It does not count
 * for coverage until it shows itself again.
 */
export const peerStateSchema = z.enum(['joining', 'serving', 'draining', 'lost']);
export type ApiPeerState = z.infer<typeof peerStateSchema>;

/** Figures that a peer tells only when it is asked are null as long as it was not, or could not be. */
export const peerSummarySchema = z.object({
  id: peerIdText,
  /** What its operator calls it; may be empty. */
  name: text,
  state: peerStateSchema,
  model: modelNameSchema,
  span: apiSpanSchema,
  /** Where it is about to move; null when it stays. */
  nextSpan: apiSpanSchema.nullable(),
  ends: z.object({ embedding: z.boolean(), head: z.boolean() }),
  /** Weights and KV cache, `q8_0/f16`. Only peers of one kind are chained. Empty while it loads. */
  numericKind: text,
  version: text.nullable(),
  /** `ggml 0.25.1 CPU`. */
  engine: text.nullable(),
  device: text.nullable(),
  memory: z
    .object({
      weightBytes: count,
      /** The KV cache when it is full. */
      kvBytesMax: count,
      /** Of the device, or of the machine where it computes on a CPU. */
      deviceBytes: count.nullable(),
    })
    .nullable(),
  throughput: z.object({
    /** Single-token steps a second over one block. */
    decodeBlocksPerSecond: amount,
    /** Rows of prefill a second over one block. */
    prefillBlockRowsPerSecond: amount,
    /** Bytes a second, now; null as long as two looks are not done. */
    network: z.object({ receivedBytesPerSecond: amount, sentBytesPerSecond: amount }).nullable(),
  }),
  kv: z.object({ freeTokens: count, maxTokens: count }),
  /** Rows that wait for the engine, or are on it. */
  queuedRows: count,
  sessions: count,
  uptimeMs: amount.nullable(),
  contribution: z.object({
    /** Tokens times blocks computed since it started. */
    tokenBlocks: count.nullable(),
    /** The same per second, now. */
    tokenBlocksPerSecond: amount.nullable(),
  }),
  reachability: reachabilitySchema,
  /** When its record or its answer came last. */
  seenAtMs: timeSchema,
});
export type PeerSummary = z.infer<typeof peerSummarySchema>;

/** What `GET /api/v1/peers/{id}` answers; 404 for a peer that is not known. */
export const peerAnswerSchema = peerSummarySchema.extend({
  /** Why it hosts these blocks, in a sentence of its own; null when it was not asked yet. */
  spanReason: text.nullable(),
  /** Addresses to dial; null where they are not shown. */
  multiaddrs: z.array(z.string().max(512)).nullable(),
  counters: z
    .object({
      sessionsOpened: count,
      stepsComputed: count,
      rowsComputed: count,
      /** Successors that were replaced while a session ran. */
      relinks: count,
      failedSteps: count,
      engineRestarts: count,
      moves: count,
      receivedBytes: count,
      sentBytes: count,
    })
    .nullable(),
  /** Milliseconds of a single-token step, as far back as the observer asked, at most an hour. */
  step: z.object({ queueMs: percentilesSchema, computeMs: percentilesSchema }),
  /** Peers that it has a connection to, and how far they are as it sees it. */
  neighbours: z
    .array(z.object({ peer: peerIdText, name: text, roundTripMs: amount }))
    .max(httpApiLimits.neighboursMax),
  /** Newest first. */
  events: z.array(eventSchema).max(httpApiLimits.peerEventsMax),
});
export type PeerAnswer = z.infer<typeof peerAnswerSchema>;

/** What `GET /api/v1/reachable/{id}` answers: the node dials the peer now. */
export const reachableAnswerSchema = z.object({
  id: peerIdText,
  reachability: reachabilitySchema,
  /** In words: what was tried, and what to do if it failed. */
  text,
});
export type ReachableAnswer = z.infer<typeof reachableAnswerSchema>;
