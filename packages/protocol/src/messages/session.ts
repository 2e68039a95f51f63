import * as z from 'zod';
import { limits } from '../limits.js';
import {
  blockIndexSchema,
  count,
  counterSchema,
  endsSchema,
  errorMessageSchema,
  exactTensorsSchema,
  modelHashSchema,
  multiaddrsSchema,
  peerIdSchema,
  positionSchema,
  priorities,
  rowsSchema,
  sessionIdSchema,
  spanSchema,
  tensorsSchema,
  textSchema,
  traceSchema,
  wireTypeSchema,
} from './common.js';

/**
 * Messages of `/skein/session/1.0.0` (client and hop) and `/skein/push/1.0.0` (hop and successor).
 *
 * Every hop has a stream to the client; each hop but the last has a push stream to its successor.
 * The `epoch` of a session counts the reroutes and truncations: a frame of an older epoch is
 * dropped, so that a late frame of a dead route can do no harm.
 */
export const sessionProtocol = '/skein/session/1.0.0';
export const pushProtocol = '/skein/push/1.0.0';

/** Where a hop sends its outputs: to a peer, or back over the client's stream ("relay"). */
const successorSchema = z.union([
  z.strictObject({
    kind: z.literal('peer'),
    peer: peerIdSchema,
    multiaddrs: multiaddrsSchema,
  }),
  z.strictObject({ kind: z.literal('client') }),
]);
export type Successor = z.infer<typeof successorSchema>;

/** Client to hop, first on the stream. Answered by `opened` or `error`. */
export const openSchema = z.strictObject({
  type: z.literal('open'),
  session: sessionIdSchema,
  model: modelHashSchema,
  /** The hop must serve exactly this, see `numericKind` of a peer record. */
  numericKind: textSchema(64),
  /** The part of the hop's span that the session uses. */
  span: spanSchema,
  ends: endsSchema,
  /** Longest context that the client intends; a hop refuses what it can never hold. */
  tokensMax: positionSchema,
  wireType: wireTypeSchema,
  /** Absent: `interactive`. */
  priority: z.enum(priorities).optional(),
  epoch: counterSchema,
  /** Null on the last hop. */
  successor: successorSchema.nullable(),
  /**
   * The peer whose cache this hop takes over: it alone may send `kv` on a push stream, and only as
   * long as the session has no tokens and is in its first epoch.
   */
  takesOverFrom: peerIdSchema.optional(),
});
export type OpenMessage = z.infer<typeof openSchema>;

export const openedSchema = z.strictObject({
  type: z.literal('opened'),
  /** Tokens that the hop can still cache over all sessions. */
  kvTokensFree: count(0x7fff_ffff),
  /** Rows that wait in the hop's queue now. */
  queuedRows: count(0x7fff_ffff),
});
export type OpenedMessage = z.infer<typeof openedSchema>;

const tokenSchema = count(limits.vocabSizeMax - 1);

/**
 * A step: `rows` tokens from `position`, as token ids (`i32 [rows]`, to a hop with the embedding)
 * or hidden rows (`[rows, hiddenSize]` in the session's wire type).
 */
export const stepSchema = z.strictObject({
  type: z.literal('step'),
  step: counterSchema,
  epoch: counterSchema,
  position: positionSchema,
  rows: rowsSchema,
  /** Rows that give logits; absent: none. */
  logits: z.enum(['last', 'all']).optional(),
  /** Candidates a row; 0 or absent: the whole vocabulary. */
  topK: count(limits.topKMax).optional(),
  /** With `logits: 'all'`, a token id for each row: the result tells its logit too. */
  targets: z.array(tokenSchema).min(1).max(limits.stepRowsMax).optional(),
  /**
   * A replay that ends before this block: the hop whose part ends there answers `result` and does
   * not forward, since its successor still holds these positions.
   */
  until: blockIndexSchema.optional(),
  /**
   * Each row is computed as a step of its own, with the bits that it would get alone: steps of one
   * row that are repeated together. Never with `logits`. Absent: the rows are a chunk.
   */
  rowByRow: z.literal(true).optional(),
  /** Of the hops so far. */
  trace: traceSchema,
  tensors: exactTensorsSchema(1),
});
export type StepMessage = z.infer<typeof stepSchema>;

/**
 * Last hop to client, for every step. With logits: `i32 [r, k]` ids (only when top-k),
 * `f32 [r, k or vocabulary]` logits, `f32 [r]` log-normalisers, `f32 [r]` logits of the targets
 * (only when there are any). Without: no tensors.
 */
export const resultSchema = z.strictObject({
  type: z.literal('result'),
  step: counterSchema,
  epoch: counterSchema,
  /** The session's length at the sender after the step. */
  position: positionSchema,
  /** The last hop went on with this token: it is input of the step that follows this one. */
  next: tokenSchema.optional(),
  trace: traceSchema,
  tensors: tensorsSchema,
});
export type ResultMessage = z.infer<typeof resultSchema>;

/** How the last hop draws a token, by the rules of the client's own sampler. */
export const aheadSamplingSchema = z.strictObject({
  temperature: z.number().min(0).max(limits.temperatureMax),
  /** 0 is no limit. */
  topK: count(limits.vocabSizeMax),
  topP: z.number().min(0).max(1),
  minP: z.number().min(0).max(1),
  seed: count(Number.MAX_SAFE_INTEGER),
});
export type AheadSampling = z.infer<typeof aheadSamplingSchema>;

/**
 * Client to the last hop: do not wait for me. After a step with `logits: 'last'` the hop draws the
 * next token itself and begins the next step with it, as long as that one's position is below `to`.
 * The result tells (`next`), so that the client can check the draw. Ends with the epoch.
 */
export const aheadSchema = z.strictObject({
  type: z.literal('ahead'),
  epoch: counterSchema,
  /** 0: begin no step any more. */
  to: positionSchema,
  /** Absent: as before in this epoch. */
  plan: z
    .strictObject({
      sampling: aheadSamplingSchema,
      /** The first hop, which takes the token over a push stream; null: this hop is the first. */
      first: z.strictObject({ peer: peerIdSchema, multiaddrs: multiaddrsSchema }).nullable(),
    })
    .optional(),
});
export type AheadMessage = z.infer<typeof aheadSchema>;

/** Client to hop: forget tokens from `position` on and move to `epoch`. */
export const truncateSchema = z.strictObject({
  type: z.literal('truncate'),
  epoch: counterSchema,
  position: positionSchema,
});
export type TruncateMessage = z.infer<typeof truncateSchema>;

/** `position` is the length now: at most the one asked for, less when the hop was behind. */
export const truncatedSchema = z.strictObject({
  type: z.literal('truncated'),
  epoch: counterSchema,
  position: positionSchema,
  /** The outputs for `[historyStart, position)` can be replayed. */
  historyStart: positionSchema,
});
export type TruncatedMessage = z.infer<typeof truncatedSchema>;

/**
 * A peer that is kept in step with the successor, to take its place without a rebuild. It gets the
 * outputs from position `from` on as steps with `until`, so that it answers and forwards nothing.
 */
const standbySchema = z.strictObject({
  peer: peerIdSchema,
  multiaddrs: multiaddrsSchema,
  from: positionSchema,
  until: blockIndexSchema,
});
export type Standby = z.infer<typeof standbySchema>;

/** Client to hop: send outputs to another successor from now on. Answered by `linked`. */
export const linkSchema = z.strictObject({
  type: z.literal('link'),
  epoch: counterSchema,
  successor: successorSchema.nullable(),
  /** Fed as long as the epoch lasts; absent: none. */
  standbys: z.array(standbySchema).max(limits.standbysPerHopMax).optional(),
});
export type LinkMessage = z.infer<typeof linkSchema>;

export const linkedSchema = z.strictObject({ type: z.literal('linked'), epoch: counterSchema });
export type LinkedMessage = z.infer<typeof linkedSchema>;

/**
 * Client to hop: send the stored outputs for `[from, to)` to the successor as steps numbered from
 * `step`, each with `until`. Answered by `replayed` once all were sent, or by `history-gone`.
 */
export const replaySchema = z.strictObject({
  type: z.literal('replay'),
  epoch: counterSchema,
  step: counterSchema,
  from: positionSchema,
  to: positionSchema,
  until: blockIndexSchema,
});
export type ReplayMessage = z.infer<typeof replaySchema>;

export const replayedSchema = z.strictObject({
  type: z.literal('replayed'),
  epoch: counterSchema,
  /** Steps sent: the last one's number is `step + steps - 1`. */
  steps: counterSchema,
});
export type ReplayedMessage = z.infer<typeof replayedSchema>;

/** Client to hop at any time: is it alive, and how far? Answered at once, past the queue. */
export const probeSchema = z.strictObject({ type: z.literal('probe'), probe: counterSchema });
export type ProbeMessage = z.infer<typeof probeSchema>;

export const probedSchema = z.strictObject({
  type: z.literal('probed'),
  probe: counterSchema,
  /** Newest step received and newest one completed; null before the first. */
  received: counterSchema.nullable(),
  completed: counterSchema.nullable(),
  queuedRows: count(0x7fff_ffff),
});
export type ProbedMessage = z.infer<typeof probedSchema>;

/** Asks for cached keys and values of `[from, to)` tokens in blocks `[span)`, as `kv` messages. */
export const kvExportSchema = z.strictObject({
  type: z.literal('kv-export'),
  span: spanSchema,
  from: positionSchema,
  to: positionSchema,
});
export type KvExportMessage = z.infer<typeof kvExportSchema>;

/**
 * A piece of KV cache, in either direction: keys and values, `[count, kvHeads * headDim]` each, of
 * `f32` or `f16`. As an import the last piece carries `length`, the session's new length.
 */
export const kvSchema = z.strictObject({
  type: z.literal('kv'),
  block: blockIndexSchema,
  position: positionSchema,
  count: positionSchema,
  /** Set on the last piece. */
  length: positionSchema.optional(),
  tensors: exactTensorsSchema(2),
});
export type KvMessage = z.infer<typeof kvSchema>;

/** Answers an import's last piece. */
export const kvImportedSchema = z.strictObject({
  type: z.literal('kv-imported'),
  position: positionSchema,
});
export type KvImportedMessage = z.infer<typeof kvImportedSchema>;

/**
 * Hop to client, unasked: the peer is about to leave. It serves the session for so long, unless the
 * client moves it elsewhere or ends it before.
 */
export const drainingSchema = z.strictObject({
  type: z.literal('draining'),
  remainingMs: count(0x7fff_ffff),
});
export type DrainingMessage = z.infer<typeof drainingSchema>;

/**
 * Client to hop: send the cache of tokens `[0, to)` in blocks `[span)` to a peer, over a push stream
 * into its session of this id, as `kv` messages. Answered by `handed-over`, and by the peer with
 * `kv-imported`.
 */
export const handOverSchema = z.strictObject({
  type: z.literal('hand-over'),
  epoch: counterSchema,
  span: spanSchema,
  to: positionSchema,
  peer: peerIdSchema,
  multiaddrs: multiaddrsSchema,
  session: sessionIdSchema,
});
export type HandOverMessage = z.infer<typeof handOverSchema>;

export const handedOverSchema = z.strictObject({
  type: z.literal('handed-over'),
  epoch: counterSchema,
  /** Keys and values that were sent. */
  bytes: count(Number.MAX_SAFE_INTEGER),
  /** An error code of `errors.ts`: why the rest was not sent. Absent when all was. */
  failure: z.string().max(64).optional(),
});
export type HandedOverMessage = z.infer<typeof handedOverSchema>;

/** Client to hop: frees the session. Answered by `closed`, then the stream ends. */
export const closeSchema = z.strictObject({ type: z.literal('close') });
export type CloseMessage = z.infer<typeof closeSchema>;

export const closedSchema = z.strictObject({ type: z.literal('closed') });
export type ClosedMessage = z.infer<typeof closedSchema>;

/** Predecessor to successor, first on a push stream. Answered by `attached` or `error`. */
export const attachSchema = z.strictObject({
  type: z.literal('attach'),
  session: sessionIdSchema,
  epoch: counterSchema,
});
export type AttachMessage = z.infer<typeof attachSchema>;

export const attachedSchema = z.strictObject({ type: z.literal('attached') });
export type AttachedMessage = z.infer<typeof attachedSchema>;

/** What a hop reads on a session stream. */
export const toHopSchema = z.discriminatedUnion('type', [
  openSchema,
  stepSchema,
  aheadSchema,
  truncateSchema,
  linkSchema,
  replaySchema,
  probeSchema,
  kvExportSchema,
  kvSchema,
  handOverSchema,
  closeSchema,
]);
export type ToHopMessage = z.infer<typeof toHopSchema>;

/** What a client reads on a session stream; `step` is an output to relay. */
export const toClientSchema = z.discriminatedUnion('type', [
  openedSchema,
  resultSchema,
  stepSchema,
  truncatedSchema,
  linkedSchema,
  replayedSchema,
  probedSchema,
  kvSchema,
  kvImportedSchema,
  drainingSchema,
  handedOverSchema,
  closedSchema,
  errorMessageSchema,
]);
export type ToClientMessage = z.infer<typeof toClientSchema>;

/** What a successor reads on a push stream. */
export const toSuccessorSchema = z.discriminatedUnion('type', [attachSchema, stepSchema, kvSchema]);
export type ToSuccessorMessage = z.infer<typeof toSuccessorSchema>;

/** What a predecessor reads on a push stream. */
export const toPredecessorSchema = z.discriminatedUnion('type', [
  attachedSchema,
  errorMessageSchema,
]);
export type ToPredecessorMessage = z.infer<typeof toPredecessorSchema>;
