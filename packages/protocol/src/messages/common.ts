import * as z from 'zod';
import { isModelHash, isSessionId, type ModelHash, type PeerId, type SessionId } from '../ids.js';
import { limits } from '../limits.js';
import { type TensorType, tensorTypes } from '../tensor.js';

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

// Control characters, and those that reorder text: a name must not be able to rewrite a terminal.
const unprintable = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;

/** Text for people, of at most `charactersMax` UTF-16 units, without control characters. */
export const textSchema = (charactersMax: number) =>
  z
    .string()
    .max(charactersMax)
    .refine((text) => !unprintable.test(text), 'text without control characters');

/**
 * An array of at most `countMax` entries that `isEntry` accepts. It stops at the first that is
 * wrong, where `z.array` words a complaint about each: 4 KiB of those would cost 30 ms.
 */
export const listOf = <Entry>(
  isEntry: (value: unknown) => value is Entry,
  range: { readonly countMin?: number; readonly countMax: number },
  what: string,
) => {
  const { countMin = 0, countMax } = range;
  return z.custom<Entry[]>(
    (value) =>
      Array.isArray(value) &&
      value.length >= countMin &&
      value.length <= countMax &&
      value.every(isEntry),
    `${countMin} to ${countMax} ${what}`,
  );
};

/** Tells whether a value is a whole number from 0 to `max`. */
export const isCount = (value: unknown, max: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;

/** Tells whether a value is text of at most `charactersMax`. */
export const isText = (value: unknown, charactersMax: number): value is string =>
  typeof value === 'string' && value.length <= charactersMax;

/** Capped at an hour: what hops report of their own time. */
const microsecondsMax = 3_600_000_000;

/** Per hop, microseconds in the queue and in compute: `[queue, compute, queue, compute…]`. */
export const traceSchema = listOf(
  (value) => isCount(value, microsecondsMax),
  { countMax: 2 * limits.hopsMax },
  'whole numbers of microseconds',
);

export const blockIndexSchema = count(limits.blockCountMax);
export const positionSchema = count(limits.contextLengthMax);
export const rowsSchema = z.int().min(1).max(limits.stepRowsMax);

/** Steps and epochs of a session count up from 0. */
export const counterSchema = count(0x7fff_ffff);

export const spanSchema = z
  .strictObject({ start: blockIndexSchema, end: blockIndexSchema })
  .refine((span) => span.start <= span.end, 'start must not exceed end');

export const endsSchema = z.strictObject({ embedding: z.boolean(), head: z.boolean() });

export const multiaddrsSchema = listOf(
  (value): value is string => isText(value, limits.multiaddrCharactersMax) && value.length > 0,
  { countMax: limits.multiaddrsMax },
  'multiaddrs',
);

/** Tensor layout in a header: `[type, ...shape]`; the body holds the bytes in the same order. */
export type TensorLayout = [TensorType, ...number[]];

function isTensorLayout(value: unknown): value is TensorLayout {
  if (!Array.isArray(value) || value.length > 1 + limits.tensorRankMax) return false;
  const [type, ...shape] = value as unknown[];
  const isKnown = (tensorTypes as readonly unknown[]).includes(type);
  return isKnown && shape.every((dimension) => isCount(dimension, 0x7fff_ffff));
}

export const tensorsSchema = tensorsOf({ countMax: limits.tensorsPerFrameMax });

/** The layouts of a message that always has this many tensors. */
export const exactTensorsSchema = (count: number) =>
  tensorsOf({ countMin: count, countMax: count });

function tensorsOf(range: { readonly countMin?: number; readonly countMax: number }) {
  return listOf(
    isTensorLayout,
    range,
    `tensor layouts of up to ${limits.tensorRankMax} dimensions`,
  );
}

/** Element type of hidden rows on the wire, agreed when a session opens. */
export const wireTypes = ['f32', 'f16', 'bf16', 'int8'] as const;
export type WireType = (typeof wireTypes)[number];
export const wireTypeSchema = z.enum(wireTypes);

/** Whose steps go first at a hop: `background` ones wait for all others, within limits. */
export const priorities = ['interactive', 'background'] as const;
export type Priority = (typeof priorities)[number];

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
  details: z
    .record(z.string().max(64), z.union([z.string().max(256), z.number(), z.boolean()]))
    .optional(),
});
/** A typed failure. After one without `step` the sender closes the stream. */
export type ErrorMessage = z.infer<typeof errorMessageSchema>;
