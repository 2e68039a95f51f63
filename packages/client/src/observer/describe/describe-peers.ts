import { durationPercentile } from '@skein/protocol';
import type { PeerAnswer, PeerSummary, Percentiles, SwarmEvent } from '@skein/protocol/http-api';
import type { ObservedPeer } from '../watch/observed-peer.js';
import { rounded } from './describe-sessions.js';

/** A peer as a list shows it. */
export function summarizePeer(peer: ObservedPeer): PeerSummary {
  const { id, record, status, rates, seenAtMs, lostAtMs } = peer;
  const { state, span, nextSpan = null, ends, numericKind } = record;
  // A peer that answers knows its load better than its record does.
  const load = status ?? record;
  const speed = status?.throughput ?? record;
  return {
    id,
    name: record.name,
    state: lostAtMs !== null ? 'lost' : state === 'gone' ? 'draining' : state,
    model: { hash: record.model, name: record.modelName },
    span,
    nextSpan,
    ends,
    numericKind,
    version: status?.version ?? null,
    engine: status?.engine ?? null,
    device: status?.device ?? null,
    memory:
      status === null
        ? null
        : {
            weightBytes: status.weightBytes,
            kvBytesMax: status.kvBytesMax,
            deviceBytes: status.deviceBytes === 0 ? null : status.deviceBytes,
          },
    throughput: {
      decodeBlocksPerSecond: rounded(speed.decodeBlocksPerSecond),
      prefillBlockRowsPerSecond: rounded(speed.prefillBlockRowsPerSecond),
      network:
        rates === null
          ? null
          : {
              receivedBytesPerSecond: Math.round(rates.receivedBytes),
              sentBytesPerSecond: Math.round(rates.sentBytes),
            },
    },
    kv: { freeTokens: load.kvTokensFree, maxTokens: load.kvTokensMax },
    queuedRows: load.queuedRows,
    sessions: load.sessions,
    uptimeMs: status?.uptimeMs ?? null,
    contribution: {
      tokenBlocks: status?.counters.tokenBlocks ?? null,
      tokenBlocksPerSecond: rates === null ? null : rounded(rates.tokenBlocks),
    },
    reachability: peer.reachability,
    seenAtMs,
  };
}

/** A peer with all that is known of it. */
export function describePeer(
  peer: ObservedPeer,
  context: {
    readonly events: SwarmEvent[];
    readonly showsAddresses: boolean;
    readonly nameOf: (peer: string) => string;
  },
): PeerAnswer {
  const { status, record } = peer;
  const counters = status?.counters;
  return {
    ...summarizePeer(peer),
    spanReason: status === null || status.spanReason === '' ? null : status.spanReason,
    multiaddrs: context.showsAddresses ? [...record.multiaddrs] : null,
    counters:
      counters === undefined
        ? null
        : {
            sessionsOpened: counters.sessionsOpened,
            stepsComputed: counters.steps,
            rowsComputed: counters.rows,
            relinks: counters.relinks,
            failedSteps: counters.failedSteps,
            engineRestarts: counters.engineRestarts,
            moves: counters.moves,
            receivedBytes: counters.receivedBytes,
            sentBytes: counters.sentBytes,
          },
    step: {
      queueMs: percentilesOf(peer.stepDurations('queue')),
      computeMs: percentilesOf(peer.stepDurations('compute')),
    },
    neighbours: (status?.neighbours ?? []).map(({ peer: id, roundTripMs }) => ({
      peer: id,
      name: context.nameOf(id),
      roundTripMs,
    })),
    events: context.events,
  };
}

/** Percentiles of a distribution; null where nothing was measured. */
function percentilesOf(counts: readonly number[]): Percentiles {
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => durationPercentile(counts, share));
  if (p50 == null || p90 == null || p99 == null) return null;
  return { p50: rounded(p50), p90: rounded(p90), p99: rounded(p99) };
}
