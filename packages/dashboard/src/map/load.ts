import type { PeerSummary } from '@skein/protocol/http-api';

/** Rows in the queue at which a peer counts as half loaded: one step of a few sessions. */
const halfLoadedRows = 8;

/** How loaded a peer is, 0 to 1: by its cache or its queue, whichever is fuller. */
export function loadOf({ kv, queuedRows }: Pick<PeerSummary, 'kv' | 'queuedRows'>): number {
  const cache = kv.maxTokens === 0 ? 0 : 1 - kv.freeTokens / kv.maxTokens;
  const queue = queuedRows / (queuedRows + halfLoadedRows);
  return Math.min(1, Math.max(0, cache, queue));
}

/** One of five steps, as the palette has them. */
export function loadStep(load: number): 0 | 1 | 2 | 3 | 4 {
  return Math.min(4, Math.floor(load * 5)) as 0 | 1 | 2 | 3 | 4;
}
