import type { Ends, ModelHash, PeerId, RecordBody, Span } from '@skein/protocol';
import type { PeerMeasurements } from './measurements.js';

/** The fields of a peer record that routing looks at. */
export type RoutedRecord = Pick<
  RecordBody,
  | 'state'
  | 'name'
  | 'model'
  | 'blockCount'
  | 'hiddenSize'
  | 'span'
  | 'ends'
  | 'numericKind'
  | 'decodeBlocksPerSecond'
  | 'prefillBlockRowsPerSecond'
  | 'kvTokensFree'
  | 'kvTokensMax'
  | 'queuedRows'
  | 'sessions'
  | 'multiaddrs'
>;

/** One peer as this client sees it: what it announces, and what was measured. */
export interface PeerView extends PeerMeasurements {
  readonly peer: PeerId;
  readonly record: RoutedRecord;
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
  /** Prompt rows to be computed for each token that is generated: 0 (default) is decode alone. */
  readonly promptRowsPerToken?: number;
  /** Bytes of one hidden row on the wire. Default: two a value. */
  readonly rowBytes?: number;
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
  /** Estimated time of a single-token step, with its share of the prompt's rows. */
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
