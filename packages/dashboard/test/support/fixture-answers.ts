import {
  type HistoryAnswer,
  type HistoryRange,
  type HistorySeriesName,
  historyReachMs,
  historyResolutionMs,
  type PeerAnswer,
} from '@skein/protocol/http-api';
import type { FixtureSwarm } from './fixture-swarm.js';
import { seededRandom } from './random.js';

/** A peer's own answer; null for one that is not there. */
export function peerAnswer(swarm: FixtureSwarm, id: string): PeerAnswer | null {
  const peer = swarm.peers.get(id);
  if (peer === undefined) return null;
  const others = [...swarm.peers.values()].filter((other) => other.id !== id).slice(0, 12);
  const { start, end } = peer.span;
  return {
    ...peer,
    spanReason: `blocks ${start}–${end - 1} had the fewest steps a second when it joined`,
    multiaddrs: null,
    counters: {
      sessionsOpened: 412,
      stepsComputed: 1_280_455,
      rowsComputed: 3_902_110,
      relinks: 3,
      failedSteps: 1,
      engineRestarts: 0,
      moves: 2,
      receivedBytes: 48_211_554_120,
      sentBytes: 48_190_113_408,
    },
    step: {
      queueMs: { p50: 0.4, p90: 2.1, p99: 9.8 },
      computeMs: { p50: 6.2, p90: 7.9, p99: 14.3 },
    },
    neighbours: others.map((other, index) => ({
      peer: other.id,
      name: other.name,
      roundTripMs: 3 + index * index * 1.7,
    })),
    events: swarm.events.filter((event) => event.peer === id).reverse(),
  };
}

/** A week as a swarm might have had it. */
export function historyAnswer(
  swarm: FixtureSwarm,
  model: string | null,
  range: HistoryRange,
): HistoryAnswer {
  const resolutionMs = historyResolutionMs[range];
  const length = historyReachMs[range] / resolutionMs;
  const endMs = Math.floor(swarm.nowMs / resolutionMs) * resolutionMs;
  const atMs = Array.from({ length }, (_, index) => endMs - (length - index) * resolutionMs);
  const random = seededRandom(length);
  const noise = () => 0.9 + 0.2 * random();
  // Nobody watched for a while.
  const isGap = (index: number) => index > length * 0.31 && index < length * 0.35;
  const wave = (index: number) => 1 + 0.4 * Math.sin((index / length) * Math.PI * 6);
  const series = (value: (index: number) => number): (number | null)[] =>
    atMs.map((_, index) => (isGap(index) ? null : value(index)));
  const all: Record<HistorySeriesName, (number | null)[]> = {
    tokensPerSecond: series((index) => 380 * wave(index) * noise()),
    coverageMin: series((index) => Math.round(3 + 2 * Math.sin((index / length) * Math.PI * 4))),
    sessions: series((index) => 40 * wave(index) * noise()),
    peers: series((index) => Math.round(190 + 8 * wave(index))),
    reroutes: series(() => (random() < 0.08 ? 1 + Math.floor(random() * 4) : 0)),
    firstTokenMsP50: series(() => 420 * noise()),
    firstTokenMsP99: series((index) => 1400 * wave(index) * noise()),
    stepMsP50: series(() => 84 * noise()),
    stepMsP99: series((index) => 190 * wave(index) * noise()),
  };
  return { model, range, resolutionMs, atMs, series: all };
}
