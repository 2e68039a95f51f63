import type { Context } from 'hono';
import type { SkeinClient } from '../../client/client.js';
import type { Clock } from '../../clock.js';
import type { Caller } from '../generation/generation-request.js';
import type { Generations } from '../generation/generations.js';
import type { GatewayMetrics } from '../metrics.js';
import type { ModelAlias } from '../models/model-aliases.js';

/** What the handlers of all endpoints work with. */
export interface GatewayServices {
  readonly client: SkeinClient;
  readonly clock: Clock;
  /** Null: every model of the swarm under its own name. */
  readonly aliases: ReadonlyMap<string, ModelAlias> | null;
  readonly generations: Generations;
  readonly metrics: GatewayMetrics;
  /** Seconds since 1970, as the API dates things. */
  readonly nowSeconds: () => number;
  readonly startedAtSeconds: number;
  /** Tells the owner of a failure, unless it is the caller's. */
  readonly onFailure: (error: unknown, requestId: string) => void;
}

/** Hono's types for this app: what middleware leaves for the handlers. */
export interface GatewayEnvironment {
  Variables: { requestId: string; caller: Caller };
}

export type GatewayContext = Context<GatewayEnvironment>;
