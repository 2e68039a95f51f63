import * as z from 'zod';
import { limits } from '../limits.js';
import {
  count,
  endsSchema,
  errorMessageSchema,
  exactTensorsSchema,
  isCount,
  isText,
  listOf,
  modelHashSchema,
  multiaddrsSchema,
  spanSchema,
  textSchema,
} from './common.js';

/**
 * Messages of the control plane: each protocol is one request and one answer on a stream of its
 * own, apart from the directory exchange, which has three parts.
 */

/** Who are you, and how busy? Asked of short-listed peers. */
export const infoProtocol = '/skein/info/1.0.0';

export const infoRequestSchema = z.strictObject({ type: z.literal('info-request') });
export type InfoRequest = z.infer<typeof infoRequestSchema>;

export const infoSchema = z.strictObject({
  type: z.literal('info'),
  /** The peer's own current record, as signed bytes (u8 tensor). */
  tensors: exactTensorsSchema(1),
  version: textSchema(32),
  /** `ggml 0.25.1 on CPU`. */
  engine: textSchema(limits.nameCharactersMax),
  device: textSchema(limits.nameCharactersMax),
  uptimeMs: count(Number.MAX_SAFE_INTEGER),
  sessions: count(limits.sessionsPerPeerMax),
  queuedRows: count(0x7fff_ffff),
  kvTokensFree: count(0x7fff_ffff),
  kvTokensMax: count(0x7fff_ffff),
  /** Tokens times blocks computed since the start. */
  tokenBlocks: count(Number.MAX_SAFE_INTEGER),
  state: z.enum(['serving', 'draining']),
});
export type InfoMessage = z.infer<typeof infoSchema>;

/**
 * Push-pull anti-entropy of peer records. The asker sends what it has; the answerer sends the
 * records that the asker lacks and names those that it wants; the asker sends these.
 */
export const directoryProtocol = '/skein/directory/1.0.0';

const peerIdCharactersMax = 64;

function isDigestEntry(value: unknown): value is [peerId: string, sequence: number] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  return isText(value[0], peerIdCharactersMax) && isCount(value[1], Number.MAX_SAFE_INTEGER);
}

/** `[peer id, sequence]` pairs. A digest of nothing asks for a snapshot. */
export const digestSchema = z.strictObject({
  type: z.literal('digest'),
  entries: listOf(isDigestEntry, { countMax: limits.directoryRecordsMax }, 'digest entries'),
});
export type DigestMessage = z.infer<typeof digestSchema>;

/**
 * Signed records as opaque bytes: each is verified by itself. A sender stops at
 * `limits.recordsPerExchangeBytesMax` in all, or the header would be refused.
 */
export const recordsSchema = z.strictObject({
  type: z.literal('records'),
  records: listOf(
    (value) => value instanceof Uint8Array,
    { countMax: limits.recordsPerExchangeMax },
    'binaries',
  ),
  /** Peer ids whose newer records the sender asks for in return. */
  wanted: listOf(
    (value) => isText(value, peerIdCharactersMax),
    { countMax: limits.recordsPerExchangeMax },
    'peer ids',
  ),
});
export type RecordsMessage = z.infer<typeof recordsSchema>;

/** Models: the manifest, the tokenizer and the chat template of a model that the peer hosts. */
export const modelProtocol = '/skein/model/1.0.0';

export const modelParts = ['manifest', 'tokenizer', 'chat-template'] as const;

export const modelRequestSchema = z.strictObject({
  type: z.literal('model-request'),
  model: modelHashSchema,
  part: z.enum(modelParts),
});
export type ModelRequest = z.infer<typeof modelRequestSchema>;

/** UTF-8 bytes (u8 tensor), checked by the asker against the digest in the manifest. */
export const modelPartSchema = z.strictObject({
  type: z.literal('model-part'),
  part: z.enum(modelParts),
  tensors: exactTensorsSchema(1),
});
export type ModelPart = z.infer<typeof modelPartSchema>;

export const infoAnswerSchema = z.discriminatedUnion('type', [infoSchema, errorMessageSchema]);
export const modelAnswerSchema = z.discriminatedUnion('type', [
  modelPartSchema,
  errorMessageSchema,
]);
export const directoryMessageSchema = z.discriminatedUnion('type', [digestSchema, recordsSchema]);

/** The body of a signed peer record; see `record.ts` for the envelope. */
export const recordBodySchema = z.strictObject({
  version: z.literal(1),
  /** Ed25519 public key, protobuf-encoded as libp2p does; the peer id follows from it. */
  publicKey: z.instanceof(Uint8Array).refine((key) => key.byteLength <= 512),
  /** Counts up; among valid records of a peer the highest wins. Milliseconds since 1970 at start. */
  sequence: count(Number.MAX_SAFE_INTEGER),
  issuedAtMs: count(Number.MAX_SAFE_INTEGER),
  expiresAtMs: count(Number.MAX_SAFE_INTEGER),
  /** `gone` says goodbye: the peer is taken off every view at once. */
  state: z.enum(['joining', 'serving', 'draining', 'gone']),
  name: textSchema(limits.nameCharactersMax),
  model: modelHashSchema,
  /** The name under which people ask for the model. */
  modelName: textSchema(limits.nameCharactersMax),
  blockCount: count(limits.blockCountMax),
  hiddenSize: count(limits.hiddenSizeMax),
  contextLength: count(limits.contextLengthMax),
  span: spanSchema,
  ends: endsSchema,
  /** An announced move: what the peer is about to host in place of `span`. Others plan with it. */
  nextSpan: spanSchema.optional(),
  /** Blocks that the peer could host. Absent when it hosts what it was told to, and does not move. */
  capacityBlocks: count(limits.blockCountMax).optional(),
  /** What the numbers are computed in, `q8_0/f16`: weights / KV cache. Equal kinds may be chained. */
  numericKind: textSchema(64),
  /** Measured: single-token steps a second over one block, and rows of prefill a second. */
  decodeBlocksPerSecond: z.number().min(0).max(1e9),
  prefillBlockRowsPerSecond: z.number().min(0).max(1e12),
  kvTokensFree: count(0x7fff_ffff),
  kvTokensMax: count(0x7fff_ffff),
  queuedRows: count(0x7fff_ffff),
  sessions: count(limits.sessionsPerPeerMax),
  multiaddrs: multiaddrsSchema,
});
export type RecordBody = z.infer<typeof recordBodySchema>;
