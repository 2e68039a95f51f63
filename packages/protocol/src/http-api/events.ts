import * as z from 'zod';
import { apiSpanSchema, count, modelNameSchema, peerIdText, text, timeSchema } from './shared.js';

/**
 * - `joined`: a peer's first record, or its first after it was gone.
 * - `left`: it said goodbye; `draining`: it is about to.
 * - `lost`: it went without a word; `cause` says how that was noticed. `returned`: it is back.
 * - `moving`: it will host other blocks; `moved`: it does now. `cause` is its reason.
 * - `failed`: something of it failed, such as its engine.
 * - `banned`: this node's client avoids it for a while.
 * - `health`: a model became healthy, degraded or broken.
 */
export const eventKinds = [
  'joined',
  'left',
  'draining',
  'lost',
  'returned',
  'moving',
  'moved',
  'failed',
  'banned',
  'health',
] as const;

/** Something that happened in the swarm. */
export const eventSchema = z.object({
  /** Counts up in one run of the observer. */
  id: count,
  atMs: timeSchema,
  kind: z.enum(eventKinds),
  /** Null for what concerns a model as a whole. */
  peer: peerIdText.nullable(),
  /** The peer's name at that time. */
  name: text,
  model: modelNameSchema.nullable(),
  /** The blocks in question: what it hosted, or hosts now. */
  span: apiSpanSchema.nullable(),
  /** One sentence that says it all: `brant moved from 0:4 to 4:8: block 5 had no host`. */
  text,
  /** Why, where that is known. */
  cause: text.nullable(),
});
export type SwarmEvent = z.infer<typeof eventSchema>;
export type SwarmEventKind = SwarmEvent['kind'];
