import type { Ends, PeerId, SessionId, SkeinError, Span } from '@skein/protocol';
import type { PeerStatus } from './peer-options.js';
import type { MoveEvent } from './rebalance/move-events.js';

/** What happens on a peer, for people and for the CLI's `--json`. */
export type PeerEvent =
  /** The node listens; the model is still to be loaded. */
  | {
      readonly type: 'listening';
      readonly peerId: PeerId;
      readonly multiaddrs: readonly string[];
    }
  /** The blocks were chosen; `reason` is for people. */
  | { readonly type: 'placed'; readonly span: Span; readonly ends: Ends; readonly reason: string }
  | { readonly type: 'loading'; readonly loadedBytes: number; readonly totalBytes: number }
  /** The peer moves to other blocks, or does not. */
  | MoveEvent
  /** The peer serves. */
  | ({ readonly type: 'ready' } & PeerStatus)
  /** Something that the operator should know, and that does not stop the peer. */
  | { readonly type: 'warning'; readonly message: string; readonly error?: SkeinError }
  | { readonly type: 'session-opened'; readonly session: SessionId; readonly client: PeerId }
  | {
      readonly type: 'session-closed';
      readonly session: SessionId;
      readonly client: PeerId;
      readonly tokens: number;
    }
  | { readonly type: 'engine-failed'; readonly error: Error; readonly lostSessions: number }
  | { readonly type: 'engine-restarted'; readonly elapsedMs: number }
  /** The engine does not come back: the peer hosts nothing any more and should be stopped. */
  | { readonly type: 'engine-gave-up'; readonly error: Error }
  | { readonly type: 'stopping'; readonly isGraceful: boolean }
  /** So many sessions are still to move elsewhere, or to end, before the peer goes. */
  | { readonly type: 'draining'; readonly sessions: number; readonly remainingMs: number };
