import { blend } from './measured.js';
import { boundedClaimMs, type ReferenceSpeed, speedTrust } from './reference-speed.js';
import { routingLimits } from './routing-limits.js';
import type { PeerView } from './snapshot.js';

/** What a session is going to do: costs depend on it. */
export interface Work {
  /** Tokens that each hop must be able to cache. */
  readonly tokensMax: number;
  /** Prompt rows to be computed for each token that is generated. */
  readonly promptRowsPerToken: number;
  /** Bytes of one hidden row on the wire; null is two a value. */
  readonly rowBytes: number | null;
}

/** What the costs of all peers are measured by. */
export interface CostBasis {
  readonly work: Work;
  readonly reference: ReferenceSpeed;
  /** Sessions for a speed of one block a millisecond, on the busiest peer that was asked. */
  readonly sessionsPerSpeed: number;
}

/** How far a peer is. */
export interface Distance {
  /** One-way latency between the client and the peer. */
  readonly latencyMs: number;
  /** Time for the hidden rows of one token between the peer and its neighbour on a route. */
  readonly rowsMs: number;
}

/** One peer's costs, fixed for one decision. */
export interface PeerCost extends Distance {
  readonly view: PeerView;
  /** What entering it costs besides latency and compute: overhead, its queue, lack of room. */
  readonly entryMs: number;
  /** Compute of one block: a single-token step, and the prompt rows that go with it. */
  readonly blockMs: number;
  /** Sessions that are open on it, as far as one knows. */
  readonly sessions: number;
}

const latencyTrust = { samplesTrusted: 1, halfLifeMs: routingLimits.latencyHalfLifeMs } as const;
const queueTrust = { samplesTrusted: 1, halfLifeMs: routingLimits.queueHalfLifeMs } as const;

/** How far a peer is from the client, and how fast hidden rows come and go. */
export function distanceOf({ latencyMs, byteMs, record }: PeerView, work: Work): Distance {
  const { latencyMsDefault, latencyMsMax, byteMsDefault, byteMsMax } = routingLimits;
  const rowBytes = work.rowBytes ?? record.hiddenSize * routingLimits.valueBytesDefault;
  const rows = 1 + work.promptRowsPerToken;
  return {
    latencyMs: Math.min(blend(latencyMs, latencyMsDefault, latencyTrust), latencyMsMax),
    rowsMs: rows * rowBytes * Math.min(blend(byteMs, byteMsDefault, speedTrust), byteMsMax),
  };
}

/**
 * Cost of an edge; null is the client. Between two peers nobody measured latency for us, so the
 * mean of both distances stands in: exact where both are as far apart as they are from the client.
 * Hidden rows flow between peers only, as fast as the slower of the two.
 */
export function edgeMs(from: Distance | null, to: Distance | null): number {
  if (from === null) return to === null ? 0 : to.latencyMs;
  if (to === null) return from.latencyMs;
  return (from.latencyMs + to.latencyMs) / 2 + Math.max(from.rowsMs, to.rowsMs);
}

/** Compute of one block for one token. */
function stepBlockMs({ blockMs, record }: PeerView, reference: ReferenceSpeed): number {
  const claimedMs = boundedClaimMs(record.decodeBlocksPerSecond, reference.blockMs);
  return blend(blockMs, claimedMs, speedTrust);
}

/** Compute of one block for one row of many: never more than for a row alone. */
function chunkRowMs(view: PeerView, reference: ReferenceSpeed): number {
  const claimedMs = boundedClaimMs(view.record.prefillBlockRowsPerSecond, reference.rowMs);
  const rowMs = blend(view.rowMs, claimedMs, { ...speedTrust, samplesTrusted: 1 });
  return Math.min(rowMs, stepBlockMs(view, reference));
}

/** How loaded, for its speed, the busiest peer is whose load is known; 0 where none is. */
export function sessionsPerSpeed(peers: readonly PeerView[], reference: ReferenceSpeed): number {
  let most = 0;
  for (const view of peers) {
    const sessions = view.load?.sessions ?? 0;
    most = Math.max(most, sessions * stepBlockMs(view, reference));
  }
  return most;
}

/**
 * Sessions on a peer. Whose load was not asked counts as the busiest of those that were, unless its
 * record says more. It would draw everybody otherwise, being empty as far as one knows; and to
 * choose among those that were asked, who differ from client to client, is what spreads best.
 */
function sessionsOn(view: PeerView, basis: CostBasis): number {
  const observed = view.load?.sessions ?? null;
  if (observed !== null) return observed;
  const asBusiest = basis.sessionsPerSpeed / stepBlockMs(view, basis.reference);
  return Math.max(view.record.sessions, view.sessionsInFlight, asBusiest);
}

/** What a peer costs a session. */
export function peerCost(view: PeerView, basis: CostBasis): PeerCost {
  const { work, reference } = basis;
  const { record, load } = view;
  const rowMs = chunkRowMs(view, reference);
  const sessions = sessionsOn(view, basis);
  // Each session has a row in most steps: the batch that a step joins takes so much longer.
  const waitingRows = Math.max(load?.queuedRows ?? record.queuedRows, sessions);
  const estimatedMs = waitingRows * rowMs * (record.span.end - record.span.start);
  const kvTokensFree = load?.kvTokensFree ?? record.kvTokensFree;
  const shortMs = kvTokensFree < work.tokensMax ? routingLimits.kvShortPenaltyMs : 0;
  return {
    ...distanceOf(view, work),
    view,
    entryMs: routingLimits.hopOverheadMs + blend(view.queueMs, estimatedMs, queueTrust) + shortMs,
    blockMs: stepBlockMs(view, reference) + work.promptRowsPerToken * rowMs,
    sessions,
  };
}
