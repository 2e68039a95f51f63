import { computed, signal } from '@preact/signals';
import type { ApiPeerState, ApiSession, PeerSummary } from '@skein/protocol/http-api';
import { model, peers, sessions } from '../state/swarm.js';
import { arrangePeers, type Order } from './arrange-peers.js';
import type { Cell } from './map-geometry.js';

export const order = signal<Order>('block');
export const stateFilter = signal<ApiPeerState | null>(null);
export const search = signal('');

/** All rows at once, as a cloth, in place of rows that can be read. */
export const isWholeShown = signal(false);

/** The session whose route is lit. */
export const litSessionId = signal<string | null>(null);

export const litSession = computed<ApiSession | null>(
  () => sessions.value.find(({ id }) => id === litSessionId.value) ?? null,
);

/** The rows of the map. */
export const rows = computed<readonly PeerSummary[]>(() => {
  if (model.value === null) return [];
  return arrangePeers(peers.value.values(), {
    model: model.value.hash,
    order: order.value,
    state: stateFilter.value,
    search: search.value,
    session: litSession.value,
  });
});

/** The cell that is pointed at, by mouse, finger or keys. */
export const cursor = signal<Cell | null>(null);
