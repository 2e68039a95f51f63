import type { Job } from '../jobs.js';

/** What a client process is told, one JSON object a line on its standard input. */
export type ClientCommand =
  | {
      readonly command: 'generate';
      readonly id: number;
      readonly job: Job;
      readonly excludedPeers: readonly string[];
    }
  /** Leave the generation that runs; it ends with `aborted`. */
  | { readonly command: 'abort' };

/** A hop as a client reports it. */
export interface ReportedHop {
  readonly peer: string;
  readonly name: string;
  readonly blocks: string;
}

/** A failure that a client's session mended. */
export interface ReportedReroute {
  readonly event: 'reroute';
  readonly kind: string;
  readonly reason: string;
  readonly message: string;
  readonly lostPeer: string;
  readonly detectionMs: number;
  readonly rebuildMs: number;
  readonly recoveryMs: number;
}

/** What a client process tells, one JSON object a line on its standard output. */
export type ClientReport = { readonly event: 'ready' } | ({ readonly id: number } & ClientEvent);

/** What happens in one generation. */
export type ClientEvent =
  | { readonly event: 'route'; readonly hops: readonly ReportedHop[] }
  | { readonly event: 'token'; readonly token: number }
  | ReportedReroute
  | { readonly event: 'waiting'; readonly missing: readonly string[] }
  | { readonly event: 'standby'; readonly kind: string; readonly peers: readonly string[] }
  | { readonly event: 'end'; readonly reason: string; readonly promptTokens: number }
  | { readonly event: 'failed'; readonly code: string; readonly message: string };
