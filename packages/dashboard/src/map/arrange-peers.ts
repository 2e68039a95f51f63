import type { ApiPeerState, ApiSession, PeerSummary } from '@skein/protocol/http-api';
import { loadOf } from './load.js';

/** How rows are sorted. */
export const orders = ['block', 'name', 'load', 'sessions'] as const;
export type Order = (typeof orders)[number];

export interface Arrangement {
  /** Hash. */
  readonly model: string;
  readonly order: Order;
  /** Null: all. */
  readonly state: ApiPeerState | null;
  /** A part of a name or id, in any case. */
  readonly search: string;
  /** Its peers come first, in the order of its route. */
  readonly session: ApiSession | null;
}

/** The peers of a model that are wanted, in the order in which they are shown. */
export function arrangePeers(
  peers: Iterable<PeerSummary>,
  { model, order, state, search, session }: Arrangement,
): readonly PeerSummary[] {
  const part = search.trim().toLowerCase();
  const wanted = [...peers].filter(
    (peer) =>
      peer.model.hash === model &&
      (state === null || peer.state === state) &&
      (part === '' ||
        peer.name.toLowerCase().includes(part) ||
        peer.id.toLowerCase().includes(part)),
  );
  const places = new Map(session?.route.map(({ peer }, index) => [peer, index]));
  const placeOf = ({ id }: PeerSummary) => places.get(id) ?? places.size;
  return wanted.sort((a, b) => placeOf(a) - placeOf(b) || compare[order](a, b) || byId(a, b));
}

type Compare = (a: PeerSummary, b: PeerSummary) => number;

const compare: Readonly<Record<Order, Compare>> = {
  block: (a, b) => a.span.start - b.span.start || a.span.end - b.span.end,
  name: (a, b) => a.name.localeCompare(b.name),
  load: (a, b) => loadOf(b) - loadOf(a),
  sessions: (a, b) => b.sessions - a.sessions,
};

function byId(a: PeerSummary, b: PeerSummary): number {
  return a.id < b.id ? -1 : 1;
}
