import * as z from 'zod';
import { isModelHash, isSessionId, type ModelHash, type PeerId, type SessionId } from '../ids.js';
import { limits } from '../limits.js';
import { tensorTypes } from '../tensor.js';

/** Schemas of the fields that several messages share. All objects are strict: unknown fields fail. */

export const sessionIdSchema = z.custom<SessionId>(
  (value) => typeof value === 'string' && isSessionId(value),
  'a session id of 32 lower-case hex digits',
);

export const modelHashSchema = z.custom<ModelHash>(
  (value) => typeof value === 'string' && isModelHash(value),
  'a model hash of 64 lower-case hex digits',
);

/** Base58 text of an Ed25519 (or RSA, secp256k1) peer id; libp2p checks the rest when dialling. */
export const peerIdSchema = z.custom<PeerId>(
  (value) => typeof value === 'string' && /^[1-9A-HJ-NP-Za-km-z]{46,64}$/.test(value),
  'a base58 peer id',
);

/** A whole number from 0 to `max`. */
export const count = (max: number) => z.int().min(0).max(max);

/** Microseconds, capped at an hour: what hops report of their own time. */
export const microseconds = count(3_600_000_000);

export const blockIndexSchema = count(limits.blockCountMax);
export const positionSchema = count(limits.contextLengthMax);
export const rowsSchema = z.int().min(1).max(limits.stepRowsMax);

/** Steps and epochs of a session count up from 0. */
export const counterSchema = count(0x7fff_ffff);

export const spanSchema = z
  .strictObject({ start: blockIndexSchema, end: blockIndexSchema })
  .refine((span) => span.start <= span.end, 'start must not exceed end');

export const endsSchema = z.strictObject({ embedding: z.boolean(), head: z.boolean() });

export const multiaddrsSchema = z
  .array(z.string().min(1).max(limits.multiaddrCharactersMax))
  .max(limits.multiaddrsMax);

/** Tensor layout in a header: `[type, ...shape]`; the body holds the bytes in the same order. */
export const tensorLayoutSchema = z
  .tuple([z.enum(tensorTypes)], count(0x7fff_ffff))
  .refine((layout) => layout.length - 1 <= limits.tensorRankMax, 'too many dimensions');

export const tensorsSchema = z.array(tensorLayoutSchema).max(limits.tensorsPerFrameMax);

/** Element type of hidden rows on the wire, agreed when a session opens. */
export const wireTypes = ['f32', 'f16', 'bf16', 'int8'] as const;
export type WireType = (typeof wireTypes)[number];
export const wireTypeSchema = z.enum(wireTypes);

export const errorMessageSchema = z.strictObject({
  type: z.literal('error'),
  /** An error code of `errors.ts`; one that this version does not know is read as `internal`. */
  code: z.string().max(64),
  message: z.string().max(limits.errorCharactersMax),
  /** The step that failed; absent when the session or the stream as a whole did. */
  step: counterSchema.optional(),
  epoch: counterSchema.optional(),
  /** The peer that is to blame when it is not the sender: a successor that could not be reached. */
  about: peerIdSchema.optional(),
  details: z.record(z.string().max(64), z.union([z.string().max(256), z.number(), z.boolean()])).optional(),
});
/** A typed failure. After one without `step` the sender closes the stream. */
export type ErrorMessage = z.infer<typeof errorMessageSchema>;
