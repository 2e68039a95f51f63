import type { PeerId } from '@skein/protocol';
import { routingLimits } from './routing-limits.js';

interface PeerSamples {
  latencyMs: number | null;
  blockMs: number | null;
  queueMs: number | null;
  queueSampledAtMs: number;
  sessionsInFlight: number;
}

/** What this client measured of peers: moving averages, bounded in number. */
export class Measurements {
  readonly #samples = new Map<PeerId, PeerSamples>();
  readonly #now: () => number;

  /** @param now milliseconds on a steady clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A round trip that no computing took part in. */
  addRoundTrip(peer: PeerId, roundTripMs: number): void {
    const samples = this.#of(peer);
    samples.latencyMs = average(samples.latencyMs, roundTripMs / 2);
  }

  /** What a hop reported of a single-token step over `blockCount` blocks. */
  addStep(peer: PeerId, step: { queueMs: number; computeMs: number; blockCount: number }): void {
    const samples = this.#of(peer);
    samples.blockMs = average(samples.blockMs, step.computeMs / step.blockCount);
    samples.queueMs = average(samples.queueMs, step.queueMs);
    samples.queueSampledAtMs = this.#now();
  }

  /** A session was opened (1) on the peer, or closed (-1). */
  addSession(peer: PeerId, change: 1 | -1): void {
    const samples = this.#of(peer);
    samples.sessionsInFlight = Math.max(0, samples.sessionsInFlight + change);
  }

  /** The averages of one peer; nulls where nothing was measured, or too long ago. */
  view(peer: PeerId): Omit<PeerSamples, 'queueSampledAtMs'> {
    const samples = this.#samples.get(peer);
    if (samples === undefined) return { ...noSamples };
    const isStale = this.#now() - samples.queueSampledAtMs > routingLimits.queueSampleMsMax;
    const { latencyMs, blockMs, sessionsInFlight } = samples;
    return { latencyMs, blockMs, sessionsInFlight, queueMs: isStale ? null : samples.queueMs };
  }

  #of(peer: PeerId): PeerSamples {
    let samples = this.#samples.get(peer);
    if (samples !== undefined) return samples;
    if (this.#samples.size >= routingLimits.peersRememberedMax) this.#forgetOneIdle();
    samples = { ...noSamples, queueSampledAtMs: 0 };
    this.#samples.set(peer, samples);
    return samples;
  }

  /** Forgets the peer known longest that holds no session. */
  #forgetOneIdle(): void {
    for (const [peer, samples] of this.#samples) {
      if (samples.sessionsInFlight > 0) continue;
      this.#samples.delete(peer);
      return;
    }
  }
}

const noSamples = { latencyMs: null, blockMs: null, queueMs: null, sessionsInFlight: 0 } as const;

function average(before: number | null, sample: number): number {
  if (before === null) return sample;
  return before + routingLimits.sampleWeight * (sample - before);
}
