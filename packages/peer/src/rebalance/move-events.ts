import type { SkeinError, Span } from '@skein/protocol';

/** What a peer tells of its moves. `reason` is for people, and says what the swarm gains. */
export type MoveEvent =
  /** Announced to the swarm. `gain` is a share of the fractional optimum, over 1 for a hole. */
  | {
      readonly type: 'move-planned';
      readonly from: Span;
      readonly to: Span;
      readonly gain: number;
      readonly reason: string;
    }
  /** Both spans do not fit into memory at once: the old one is given up before the new one is loaded. */
  | {
      readonly type: 'move-drains-first';
      readonly from: Span;
      readonly to: Span;
      readonly neededBytes: number;
      readonly freeBytes: number;
    }
  /** The new span serves and is announced. */
  | {
      readonly type: 'moved';
      readonly from: Span;
      readonly to: Span;
      readonly gain: number;
      readonly reason: string;
      readonly elapsedMs: number;
    }
  /** The old span is free; the sessions that were on it go on elsewhere. */
  | { readonly type: 'span-released'; readonly span: Span; readonly sessions: number }
  /** The peer stays, or is back, where it was. */
  | {
      readonly type: 'move-cancelled';
      readonly from: Span;
      readonly to: Span;
      readonly reason: string;
      readonly error?: SkeinError;
    };
