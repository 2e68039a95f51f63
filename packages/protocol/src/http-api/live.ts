import * as z from 'zod';
import { eventSchema } from './events.js';
import { httpApiLimits } from './http-api-limits.js';
import { modelStateSchema } from './models.js';
import { peerSummarySchema } from './peers.js';
import { sessionsAnswerSchema } from './sessions.js';
import { peerIdText } from './shared.js';
import { swarmHeadSchema } from './swarm.js';

/**
 * `GET /api/v1/events` is a stream of server-sent events. `data` of each is one JSON object of these,
 * and `event` is its `type`. What happened before a reader came, up to `eventsMax` events, comes
 * first as `event`s; a reader who comes back with `Last-Event-ID` gets what it missed. State comes
 * whole at first (`swarm`, `models`, `peers` with `isWhole`, `sessions`), then what has changed, at
 * most once a second. A comment comes every 15 seconds when there is nothing else. A reader who does
 * not keep up is cut off, and may come again.
 */
export const liveMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('swarm'), head: swarmHeadSchema }),
  /** The models that changed; `gone` names those that nobody hosts any more. */
  z.object({
    type: z.literal('models'),
    models: z.array(modelStateSchema).max(httpApiLimits.modelsMax),
    gone: z.array(z.string().max(64)).max(httpApiLimits.modelsMax),
  }),
  /** The peers that changed and that went. `isWhole`: forget all others. */
  z.object({
    type: z.literal('peers'),
    isWhole: z.boolean(),
    peers: z.array(peerSummarySchema).max(httpApiLimits.peersMax),
    gone: z.array(peerIdText).max(httpApiLimits.peersMax),
  }),
  /** All sessions and edges, as `GET /api/v1/sessions` answers. */
  sessionsAnswerSchema.extend({ type: z.literal('sessions') }),
  z.object({ type: z.literal('event'), event: eventSchema }),
]);
export type LiveMessage = z.infer<typeof liveMessageSchema>;
