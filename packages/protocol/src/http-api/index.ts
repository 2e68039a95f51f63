/**
 * @module @skein/protocol/http-api
 *
 * What a node tells of its swarm over HTTP: the contract between whoever serves it (`skein dashboard`,
 * `skein peer --http`, `skein serve`) and whoever reads it. Types and schemas only; loads nothing of
 * libp2p. `docs/http-api.md` has examples.
 *
 * ```ts
 * import { swarmAnswerSchema } from '@skein/protocol/http-api';
 *
 * const response = await fetch('/api/v1/swarm');
 * const swarm = swarmAnswerSchema.parse(await response.json());
 * console.log(swarm.headline); // all 32 blocks served; weakest is block 17 with 1 peer
 * ```
 */
export * from './events.js';
export * from './history.js';
export * from './http-api-limits.js';
export * from './live.js';
export * from './models.js';
export * from './peers.js';
export * from './sessions.js';
export {
  type ApiFailure,
  type ApiModelName,
  type ApiSpan,
  apiFailureSchema,
  type Health,
  type Percentiles,
} from './shared.js';
export * from './swarm.js';

/** Where everything is, relative to the server. */
export const httpApiPaths = {
  swarm: '/api/v1/swarm',
  models: '/api/v1/models',
  /** Followed by a peer id. */
  peers: '/api/v1/peers/',
  sessions: '/api/v1/sessions',
  /** With `model` (hash or name; all models without it) and `range` as parameters. */
  history: '/api/v1/history',
  /** Followed by a peer id. */
  reachable: '/api/v1/reachable/',
  events: '/api/v1/events',
} as const;
