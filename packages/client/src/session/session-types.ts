import type { ErrorCode, ModelHash, PeerId, Priority, Span, WireType } from '@skein/protocol';
import type { Clock, Random } from '../clock.js';
import type { SkeinNode } from '../network/contracts.js';
import type { NoRoute, RouteHop } from '../routing/snapshot.js';
import type { SwarmView } from '../routing/swarm-view.js';

/** The facts of a model that a session depends on. */
export interface SessionModel {
  readonly hash: ModelHash;
  /** For messages to people. */
  readonly name: string;
  readonly blockCount: number;
  readonly hiddenSize: number;
  readonly vocabSize: number;
  readonly contextLength: number;
  /** Element type of hidden rows that the model wants. Default: `f16`. */
  readonly wireType?: WireType;
}

/** Collaborators of a session. */
export interface SessionEnvironment {
  readonly node: SkeinNode;
  readonly view: SwarmView;
  readonly clock: Clock;
  readonly random: Random;
}

/** Options of a session. */
export interface SessionOptions {
  /** Longest context, in tokens. Default: the model's. */
  readonly tokensMax?: number;
  /** Element type of hidden rows between hops. Default: what the model wants. */
  readonly wireType?: WireType;
  /** Whose steps go first at a hop: `background` ones wait for all others. Default: `interactive`. */
  readonly priority?: Priority;
  /** Hops may differ in numeric kind. Default: false. */
  readonly acceptMixedNumerics?: boolean;
  /** Rows of a prefill chunk. Default: `sessionLimits.chunkRows`. */
  readonly chunkRows?: number;
  /**
   * Rows of a step within the first chunk. Fewer let an exact reuse of a short prefix begin earlier,
   * and cost some steps. Default: the chunk's.
   */
  readonly firstRows?: number;
  /** Wait for a first route when there is none now. Default: 0, fail at once. */
  readonly openWaitMs?: number;
  /** Wait for peers to come back when a running session has no route. Default: 30 s. */
  readonly returnWaitMs?: number;
  /** A second peer is kept in step with each hop, where there is one. Default: false. */
  readonly standby?: boolean;
  /** Peers never to use. */
  readonly excludedPeers?: Iterable<PeerId>;
  readonly onEvent?: (event: SessionEvent) => void;
}

/** What happens to a session's route. */
export type SessionEvent = RouteEvent | RerouteEvent | WaitingEvent | StandbyEvent;

/** The route stands: after opening, and after every change of it. */
export interface RouteEvent {
  readonly type: 'route';
  readonly hops: readonly RouteHop[];
}

/** The route changed while it was used; tokens go on as if nothing had happened. */
export interface RerouteEvent {
  readonly type: 'reroute';
  /**
   * `replaced`: other peers took over, and rebuilt what was lost. `standby`: peers did that had stood
   * by. `relayed`: the client passes outputs on over an edge. `handed-over`: the peer leaves, and
   * gave all it had cached to others. `improved`: nothing had failed, other peers are faster.
   */
  readonly kind: 'replaced' | 'standby' | 'relayed' | 'handed-over' | 'improved';
  readonly reason: ErrorCode | 'improved';
  readonly message: string;
  /** The peer that failed, leaves or was left, or the one whose successor is out of its reach. */
  readonly lostPeer: PeerId;
  readonly span: Span;
  /** The peers that cover the span now. */
  readonly newPeers: readonly PeerId[];
  /** From the last sign of progress to the notice of the failure. */
  readonly detectionMs: number;
  /** Tokens that the new peers lacked, and the time to fill their caches with them. */
  readonly rebuiltTokens: number;
  readonly rebuildMs: number;
  /** From the notice until the session could go on; the rebuild is part of it. */
  readonly recoveryMs: number;
  /** What a hand-over moved. */
  readonly moved?: MovedCache;
}

/** Keys and values that went from one peer to another instead of being computed again. */
export interface MovedCache {
  readonly tokens: number;
  readonly bytes: number;
  readonly transferMs: number;
  /** `direct`: from peer to peer. `client`: through this client. */
  readonly path: 'direct' | 'client';
}

/** Something about the peers that stand by for the hops of a route. */
export interface StandbyEvent {
  readonly type: 'standby';
  /** `ready`: in step. `none`: no peer is left for the span. `dropped`: of no use any more. */
  readonly kind: 'ready' | 'none' | 'dropped';
  /** The blocks of the hop that they stand by for. */
  readonly span: Span;
  readonly peers: readonly PeerId[];
  /** Why it was dropped. */
  readonly reason?: ErrorCode;
  readonly message?: string;
}

/** There is no route; the session waits for peers to come back. */
export interface WaitingEvent {
  readonly type: 'waiting';
  readonly missing: NoRoute;
  readonly waitMsMax: number;
}
