import * as z from 'zod';
import { durationBucketCount } from '../durations.js';
import { limits } from '../limits.js';
import {
  count,
  errorMessageSchema,
  isCount,
  listOf,
  modelHashSchema,
  peerIdSchema,
  spanSchema,
  textSchema,
} from './common.js';

/**
 * How are you, in detail? Asked by observers, for the dashboard; routing asks for `info`. A stream
 * stays open for more than one question, one after the other. docs/protocol.md, "Status".
 */
export const statusProtocol = '/skein/status/1.0.0';

export const statusRequestSchema = z.strictObject({ type: z.literal('status-request') });
export type StatusRequest = z.infer<typeof statusRequestSchema>;

const total = count(Number.MAX_SAFE_INTEGER);

/**
 * A distribution of durations since the start of the peer: how many fell into each bucket. Trailing
 * empty buckets are left out. Of two answers, the difference is the distribution of the time between.
 */
export const durationsSchema = listOf(
  (value): value is number => isCount(value, Number.MAX_SAFE_INTEGER),
  { countMax: durationBucketCount },
  'counts of durations',
);

/** A session on the peer. Nothing in it tells who asked, or what. */
const statusSessionSchema = z.strictObject({
  /** See `anonymousSessionId`. */
  id: z.string().regex(/^[0-9a-f]{16}$/, '16 lower-case hex digits'),
  span: spanSchema,
  /** Where its outputs go: a peer; null for the client. */
  next: peerIdSchema.nullable(),
  /** Tokens in its cache. */
  tokens: count(limits.contextLengthMax),
  /** Steps of a single token so far: what was generated, in the main. */
  decoded: total,
  ageMs: total,
  /** Since the last step that was computed. */
  idleMs: total,
});
export type StatusSession = z.infer<typeof statusSessionSchema>;

const isStatusSession = (value: unknown): value is StatusSession =>
  statusSessionSchema.safeParse(value).success;

const statusNeighbourSchema = z.strictObject({
  peer: peerIdSchema,
  roundTripMs: z.number().min(0).max(3_600_000),
});
export type StatusNeighbour = z.infer<typeof statusNeighbourSchema>;

const isStatusNeighbour = (value: unknown): value is StatusNeighbour =>
  statusNeighbourSchema.safeParse(value).success;

/** What happens on a peer that others may want to know. */
export const statusEventKinds = [
  'ready',
  'moving',
  'moved',
  'stayed',
  'engine-failed',
  'engine-restarted',
  'successor-lost',
  'draining',
] as const;

const statusEventSchema = z.strictObject({
  /** Counts up in one run of the peer. */
  id: count(Number.MAX_SAFE_INTEGER),
  agoMs: total,
  kind: z.enum(statusEventKinds),
  text: textSchema(limits.statusTextCharactersMax),
});
export type StatusEvent = z.infer<typeof statusEventSchema>;

const isStatusEvent = (value: unknown): value is StatusEvent =>
  statusEventSchema.safeParse(value).success;

export const statusSchema = z.strictObject({
  type: z.literal('status'),
  version: textSchema(32),
  engine: textSchema(limits.nameCharactersMax),
  device: textSchema(limits.nameCharactersMax),
  uptimeMs: total,
  state: z.enum(['joining', 'serving', 'draining']),
  model: modelHashSchema,
  span: spanSchema,
  /** Why these blocks, for people. */
  spanReason: textSchema(limits.statusTextCharactersMax),
  weightBytes: total,
  kvBytesMax: total,
  /** Of the device, or of the machine; 0: not known. */
  deviceBytes: total,
  kvTokensFree: count(0x7fff_ffff),
  kvTokensMax: count(0x7fff_ffff),
  queuedRows: count(0x7fff_ffff),
  /** Of all sessions; `sessionList` holds the newest. */
  sessions: count(limits.sessionsPerPeerMax),
  /** As in the record. */
  throughput: z.strictObject({
    decodeBlocksPerSecond: z.number().min(0).max(1e9),
    prefillBlockRowsPerSecond: z.number().min(0).max(1e12),
  }),
  /** Since the start. */
  counters: z.strictObject({
    /** Tokens times blocks. */
    tokenBlocks: total,
    /** Logits sent for a token to be chosen from: zero at a peer without the head. */
    tokens: total,
    steps: total,
    rows: total,
    failedSteps: total,
    sessionsOpened: total,
    /** Sessions whose outputs were led to another peer than before. */
    relinks: total,
    engineRestarts: total,
    moves: total,
    receivedBytes: total,
    sentBytes: total,
  }),
  durations: z.strictObject({
    /** Of single-token steps. */
    queue: durationsSchema,
    compute: durationsSchema,
    /** From one token of a session to the next, at the peer with the head. */
    step: durationsSchema,
    /** From the opening of a session to its first logits, at the peer with the head. */
    firstToken: durationsSchema,
  }),
  sessionList: listOf(isStatusSession, { countMax: limits.statusSessionsMax }, 'sessions'),
  /** Those with a connection, successors of sessions first. */
  neighbours: listOf(isStatusNeighbour, { countMax: limits.statusNeighboursMax }, 'neighbours'),
  /** Newest first. */
  events: listOf(isStatusEvent, { countMax: limits.statusEventsMax }, 'events'),
});
export type StatusMessage = z.infer<typeof statusSchema>;

export const statusAnswerSchema = z.discriminatedUnion('type', [statusSchema, errorMessageSchema]);
