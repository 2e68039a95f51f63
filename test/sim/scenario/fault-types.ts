/** What may go wrong with a peer, by name. */
export const peerFaultKinds = [
  'crash',
  'power-loss',
  'hang',
  'stick',
  'slow',
  'engine-abort',
  'nan-output',
  'wire-nan',
  'wire-shape',
  'wire-corrupt',
  'wire-duplicate',
  'wire-loss',
  'clock-skew',
  'lie',
  'leave',
] as const;
export type PeerFaultKind = (typeof peerFaultKinds)[number];

/** What may go wrong on the way between two machines. */
export const linkFaultKinds = ['reset', 'partition', 'delay', 'clog', 'loss'] as const;
export type LinkFaultKind = (typeof linkFaultKinds)[number];

/** Messages at which a fault may strike: the moments that matter in a session's life. */
export const triggerTypes = [
  'open',
  'opened',
  'attach',
  'step',
  'result',
  'truncate',
  'truncated',
  'link',
  'linked',
  'replay',
  'replayed',
  'probe',
  'draining',
  'hand-over',
  'kv',
  'kv-imported',
  'handed-over',
  'close',
] as const;

/** When a fault strikes: at a time, or with a message after that time. */
export interface FaultMoment {
  readonly atMs: number;
  /** The fault waits for the nth message of this type from then on. */
  readonly message: { readonly type: (typeof triggerTypes)[number]; readonly nth: number } | null;
}

export type Fault = FaultMoment & { readonly durationMs: number; readonly strength: number } & (
    | {
        readonly on: 'peer';
        readonly kind: PeerFaultKind;
        /** Index of the peer; null strikes the message's sender or receiver. */
        readonly peer: number | null;
      }
    | {
        readonly on: 'link';
        readonly kind: LinkFaultKind;
        readonly ends: readonly [LinkEnd, LinkEnd];
      }
    | { readonly on: 'client'; readonly kind: 'client-crash'; readonly client: number }
  );

export interface LinkEnd {
  readonly kind: 'peer' | 'client';
  readonly index: number;
}
