import { routingLimits } from './routing-limits.js';
import type { PeerView } from './snapshot.js';

/** One-way latency between the client and a peer, milliseconds. */
function latencyMs(peer: PeerView): number {
  return Math.min(peer.latencyMs ?? routingLimits.latencyMsDefault, routingLimits.latencyMsMax);
}

/**
 * Latency of an edge; null is the client. Between two peers nobody measured for us, so the mean of
 * both distances stands in: exact where both are as far apart as they are from the client.
 */
export function edgeMs(from: PeerView | null, to: PeerView | null): number {
  if (from === null) return to === null ? 0 : latencyMs(to);
  if (to === null) return latencyMs(from);
  return (latencyMs(from) + latencyMs(to)) / 2;
}

/** Compute of one block for one token: measured, else announced, else a default. */
export function blockMs(peer: PeerView): number {
  if (peer.blockMs !== null) return peer.blockMs;
  const announced = peer.record.decodeBlocksPerSecond;
  return announced > 0 ? 1000 / announced : routingLimits.blockMsDefault;
}

/** What entering a peer costs besides latency and compute: overhead, its queue, lack of room. */
export function entryMs(peer: PeerView, tokensMax: number): number {
  const waitingRows = peer.record.queuedRows + peer.sessionsInFlight;
  const queueMs = peer.queueMs ?? waitingRows * routingLimits.queuedRowShare * blockMs(peer);
  const isShort = peer.record.kvTokensFree < tokensMax;
  return routingLimits.hopOverheadMs + queueMs + (isShort ? routingLimits.kvShortPenaltyMs : 0);
}
