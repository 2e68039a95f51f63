import * as z from 'zod';
import { httpApiLimits } from './http-api-limits.js';
import { modelStateSchema } from './models.js';
import { peerSummarySchema } from './peers.js';
import {
  amount,
  apiSpanSchema,
  count,
  healthSchema,
  modelNameSchema,
  peerIdText,
  text,
  timeSchema,
} from './shared.js';

/** What to type to help: the parts of `skein peer --model … --blocks … --bootstrap …`. */
export const joinHelpSchema = z.object({
  /** Addresses to join through. Empty where none are shown. */
  bootstrap: z.array(z.string().max(512)).max(16),
  /** Joining takes a secret or an invitation, which is not shown here. */
  isPrivate: z.boolean(),
  /** What is needed most; null when no peer hosts anything yet. */
  weakest: z.object({ model: modelNameSchema, span: apiSpanSchema, peers: count }).nullable(),
});
export type JoinHelp = z.infer<typeof joinHelpSchema>;

/** The figures on top of the page. */
export const swarmHeadSchema = z.object({
  /** When these figures were put together. */
  atMs: timeSchema,
  health: healthSchema,
  /** One line: that of the only model, or of the worst of several, with its name. */
  headline: text,
  tokensPerSecond: amount,
  sessions: count,
  peers: z.object({ serving: count, joining: count, draining: count, lost: count }),
  models: count,
  join: joinHelpSchema,
});
export type SwarmHead = z.infer<typeof swarmHeadSchema>;

/** What `GET /api/v1/swarm` answers. */
export const swarmAnswerSchema = swarmHeadSchema.extend({
  /** Grows when a field changes its meaning; new fields come without notice. */
  apiVersion: z.literal(1),
  observer: z.object({
    /** The command that answers. */
    kind: z.enum(['dashboard', 'peer', 'serve']),
    peer: peerIdText,
    version: text,
    uptimeMs: amount,
    /** Time between two rounds of asking all peers. */
    refreshMs: amount,
    /** Newest round that is complete; null before the first. */
    refreshedAtMs: timeSchema.nullable(),
  }),
  modelStates: z.array(modelStateSchema).max(httpApiLimits.modelsMax),
  /** By first block, then by name. */
  peerSummaries: z.array(peerSummarySchema).max(httpApiLimits.peersMax),
});
export type SwarmAnswer = z.infer<typeof swarmAnswerSchema>;
