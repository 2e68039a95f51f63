import type { Ends, ModelHash, PeerId, RecordBody, Span } from '@skein/protocol';

/** The fields of a peer record that routing looks at. */
export type RoutedRecord = Pick<
  RecordBody,
  | 'state'
  | 'name'
  | 'model'
  | 'blockCount'
  | 'span'
  | 'ends'
  | 'numericKind'
  | 'decodeBlocksPerSecond'
  | 'kvTokensFree'
  | 'kvTokensMax'
  | 'queuedRows'
  | 'multiaddrs'
>;

/** One peer as this client sees it: what it announces, and what was measured. */
export interface PeerView {
  readonly peer: PeerId;
  readonly record: RoutedRecord;
  /** One-way, from half of a round trip; null when never measured. */
  readonly latencyMs: number | null;
  /** Measured compute of one block for one token; null when this client never used the peer. */
  readonly blockMs: number | null;
  /** Measured wait in the peer's queue; null when there is no recent sample. */
  readonly queueMs: number | null;
  /** This client's own sessions on the peer, which its record does not know of yet. */
  readonly sessionsInFlight: number;
  readonly isBanned: boolean;
}

/** Everything that a routing decision depends on, apart from the random numbers. */
export interface SwarmSnapshot {
  readonly peers: readonly PeerView[];
}

/** A part of a model to be covered by hops, and what the hops must satisfy. */
export interface SegmentRequest {
  readonly model: ModelHash;
  readonly span: Span;
  /** Which ends the peers, not the client, must host. */
  readonly ends: Ends;
  /** Only peers of this kind; null lets the planner choose one kind for all hops. */
  readonly numericKind: string | null;
  /** Hops may differ in numeric kind. Default: false. */
  readonly acceptMixedNumerics?: boolean;
  /** Peers that must not be used, whatever else holds. */
  readonly excluded?: ReadonlySet<PeerId>;
  /** Tokens that each hop must be able to cache. Default: 0. */
  readonly tokensMax?: number;
  /** The peers between which the segment lies; null is the client itself. Default: null. */
  readonly before?: PeerId | null;
  readonly after?: PeerId | null;
}

/** One peer's part of a route. */
export interface RouteHop {
  readonly peer: PeerId;
  readonly name: string;
  readonly multiaddrs: readonly string[];
  /** The part of the peer's span that is used. */
  readonly span: Span;
  readonly ends: Ends;
  readonly numericKind: string;
}

/** Hops that cover the whole segment, in order. */
export interface Route {
  readonly kind: 'route';
  readonly hops: readonly RouteHop[];
  /** Estimated time of a single-token step, before the random tie-break. */
  readonly costMs: number;
}

/** Why there is no route: what nobody who may be used hosts. */
export interface NoRoute {
  readonly kind: 'no-route';
  /** Maximal runs of blocks without a host. */
  readonly missingBlocks: readonly Span[];
  readonly isEmbeddingMissing: boolean;
  readonly isHeadMissing: boolean;
  /** Every part is hosted, but by peers of different numeric kinds. */
  readonly needsMixedNumerics: boolean;
  /** Every part is hosted, but some by peers that cannot hold a context so long. */
  readonly needsShorterContext: boolean;
  /** Peers that host a missing part but are banned or excluded at the moment. */
  readonly unusablePeers: readonly PeerId[];
}
