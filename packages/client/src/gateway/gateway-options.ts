import type { Registry } from 'prom-client';
import type { SkeinClient } from '../client/client.js';
import type { Clock, Random } from '../clock.js';
import type { Pages } from '../pages/pages.js';
import type { ApiKey } from './admission/api-keys.js';
import type { ModelAlias } from './models/model-aliases.js';

/** What a gateway tells its owner. */
export type GatewayEvent =
  /** A request has been answered, or its stream has begun. */
  | {
      readonly type: 'request';
      readonly requestId: string;
      readonly method: string;
      readonly path: string;
      /** The key's name; null before a key was found. */
      readonly key: string | null;
      readonly status: number;
      readonly elapsedMs: number;
    }
  /** A failure that is not the caller's: its text goes to the owner only. */
  | { readonly type: 'failure'; readonly requestId: string; readonly error: unknown };

/** Options of {@link createGateway}. */
export interface GatewayOptions {
  /** The caller starts and stops it. */
  readonly client: SkeinClient;
  /** Names to serve. Default: every model of the swarm under its own name. */
  readonly models?: readonly ModelAlias[];
  /** Who may ask. Default: nobody needs a key, and only requests to localhost are answered. */
  readonly keys?: readonly ApiKey[];
  /** Generations at once. Default: 64. */
  readonly concurrency?: number;
  /** Idle sessions kept for their prefixes; 0: none. Default: 16. */
  readonly keptSessions?: number;
  /** Answers to greedy and seeded requests are kept. Default: they are not. */
  readonly responseCache?: {
    readonly bytesMax: number;
    /** Default: an hour. */
    readonly ageMsMax?: number;
  };
  /** Origins whose pages may ask; `*` is any. Default: none. */
  readonly corsOrigins?: readonly string[];
  /** Web pages, as `loadPages` of `@skein/client/pages` reads them. Default: none. */
  readonly pages?: Pages;
  /** Path of a page beside the gateway that shows the swarm: `/healthz` names it. Default: none. */
  readonly dashboardPath?: string;
  /**
   * Where the gateway counts; `/metrics` answers all that is in it. Default: one of its own. Of the gateways
   * of one process each needs another.
   */
  readonly registry?: Registry;
  readonly onEvent?: (event: GatewayEvent) => void;
  /** Default: the platform's. */
  readonly clock?: Clock;
  readonly random?: Random;
  /** Milliseconds since 1970. */
  readonly nowMs?: () => number;
}
