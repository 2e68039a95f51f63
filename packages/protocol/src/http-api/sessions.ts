import * as z from 'zod';
import { httpApiLimits } from './http-api-limits.js';
import { amount, apiSpanSchema, count, modelNameSchema, peerIdText, text } from './shared.js';

/**
 * A session as its hops tell of it. Nothing of what it says is in here: no prompt, no token, not
 * who asked. The id is a digest: it opens nothing.
 */
export const apiSessionSchema = z.object({
  id: z.string().max(32),
  model: modelNameSchema,
  /** In the order of the blocks. */
  route: z.array(z.object({ peer: peerIdText, name: text, span: apiSpanSchema })).max(128),
  /** The route covers the model; false when some of its hops were not heard. */
  isWhole: z.boolean(),
  /** Tokens in the context so far. */
  contextTokens: count,
  tokensPerSecond: amount,
  /** Times that its route changed, as far as it was watched. */
  reroutes: count,
  ageMs: amount,
  /** No step in the last ten seconds. */
  isIdle: z.boolean(),
});
export type ApiSession = z.infer<typeof apiSessionSchema>;

/** Two peers, and what goes from one to the other. A flow is an edge with sessions on it. */
export const edgeSchema = z.object({
  from: peerIdText,
  to: peerIdText,
  /** As `from` sees it; null when it does not know. */
  roundTripMs: amount.nullable(),
  /** Sessions whose activations take this edge now. */
  sessions: count,
  tokensPerSecond: amount,
});
export type ApiEdge = z.infer<typeof edgeSchema>;

/** What `GET /api/v1/sessions` answers. */
export const sessionsAnswerSchema = z.object({
  /** All of them; `sessions` holds the newest. */
  count,
  sessions: z.array(apiSessionSchema).max(httpApiLimits.sessionsMax),
  edges: z.array(edgeSchema).max(httpApiLimits.edgesMax),
});
export type SessionsAnswer = z.infer<typeof sessionsAnswerSchema>;
