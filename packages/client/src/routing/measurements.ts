import type { PeerId } from '@skein/protocol';
import { type Measured, MovingAverage } from './measured.js';
import { routingLimits } from './routing-limits.js';

/** What a peer said of its load when it was asked or opened. */
export interface LoadReport {
  readonly queuedRows: number;
  readonly kvTokensFree: number;
  /** Left out where the answer does not say. */
  readonly sessions?: number;
}

/** A peer's load as of a moment ago. */
export interface ObservedLoad {
  readonly queuedRows: number;
  readonly kvTokensFree: number;
  /** Sessions on it, with those that this client opened or closed since; null: it did not say. */
  readonly sessions: number | null;
  readonly ageMs: number;
}

/** What was measured of one peer; null where nothing was, or too long ago. */
export interface PeerMeasurements {
  /** One-way, from half of a round trip. */
  readonly latencyMs: Measured | null;
  /** Compute of one block in a single-token step. */
  readonly blockMs: Measured | null;
  /** Compute of one row of a prefill chunk over one block. */
  readonly rowMs: Measured | null;
  /** Wait in the peer's queue. */
  readonly queueMs: Measured | null;
  /** Time that a byte takes on the way between this peer and its neighbours on a route. */
  readonly byteMs: Measured | null;
  readonly load: ObservedLoad | null;
  /** This client's own sessions on the peer. */
  readonly sessionsInFlight: number;
}

interface PeerSamples {
  readonly latencyMs: MovingAverage;
  readonly blockMs: MovingAverage;
  readonly rowMs: MovingAverage;
  readonly queueMs: MovingAverage;
  readonly byteMs: MovingAverage;
  load: { report: LoadReport; atMs: number; ownSessions: number } | null;
  sessionsInFlight: number;
}

/** A single-token step over a whole route: what it took, and what its hops say of it. */
export interface RouteStep {
  readonly elapsedMs: number;
  readonly queueMs: number;
  readonly computeMs: number;
}

/** What this client measured of peers: moving averages with an age, bounded in number. */
export class Measurements {
  /** Told of each single-token step. */
  onStep: (step: RouteStep) => void = () => {};
  readonly #samples = new Map<PeerId, PeerSamples>();
  readonly #now: () => number;

  /** @param now milliseconds on a steady clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A round trip that no computing took part in. */
  addRoundTrip(peer: PeerId, roundTripMs: number): void {
    this.#of(peer).latencyMs.add(roundTripMs / 2, this.#now());
  }

  /** What a step of `rows` rows over `blockCount` blocks cost on a peer. */
  addStep(
    peer: PeerId,
    step: { rows: number; queueMs: number; computeMs: number; blockCount: number },
  ): void {
    const samples = this.#of(peer);
    const blockMs = step.computeMs / step.blockCount;
    if (step.rows === 1) {
      samples.blockMs.add(blockMs, this.#now());
      samples.queueMs.add(step.queueMs, this.#now());
    } else if (step.rows >= routingLimits.chunkRowsMeasuredMin) {
      samples.rowMs.add(blockMs / step.rows, this.#now());
    }
  }

  /** How long `bytes` took between a peer and its neighbour, beyond the latency. */
  addTransfer(peer: PeerId, transfer: { bytes: number; elapsedMs: number }): void {
    this.#of(peer).byteMs.add(transfer.elapsedMs / transfer.bytes, this.#now());
  }

  /** The peer said how busy it is. */
  addLoad(peer: PeerId, report: LoadReport): void {
    const samples = this.#of(peer);
    const sessions = report.sessions ?? this.view(peer).load?.sessions;
    samples.load = {
      report: { ...report, ...(sessions != null && { sessions }) },
      atMs: this.#now(),
      ownSessions: samples.sessionsInFlight,
    };
  }

  /** A session was opened (1) on the peer, or closed (-1). */
  addSession(peer: PeerId, change: 1 | -1): void {
    const samples = this.#of(peer);
    samples.sessionsInFlight = Math.max(0, samples.sessionsInFlight + change);
  }

  /** Everything that is known of one peer at this moment. */
  view(peer: PeerId): PeerMeasurements {
    const samples = this.#samples.get(peer);
    if (samples === undefined) return nothing;
    const nowMs = this.#now();
    const { sessionsInFlight } = samples;
    return {
      latencyMs: samples.latencyMs.view(nowMs),
      blockMs: samples.blockMs.view(nowMs),
      rowMs: samples.rowMs.view(nowMs),
      queueMs: samples.queueMs.view(nowMs),
      byteMs: samples.byteMs.view(nowMs),
      load: loadAt(samples, nowMs),
      sessionsInFlight,
    };
  }

  #of(peer: PeerId): PeerSamples {
    let samples = this.#samples.get(peer);
    if (samples !== undefined) return samples;
    if (this.#samples.size >= routingLimits.peersRememberedMax) this.#forgetOneIdle();
    samples = {
      latencyMs: new MovingAverage(),
      blockMs: new MovingAverage(),
      rowMs: new MovingAverage(),
      queueMs: new MovingAverage(),
      byteMs: new MovingAverage(),
      load: null,
      sessionsInFlight: 0,
    };
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

const nothing: PeerMeasurements = {
  latencyMs: null,
  blockMs: null,
  rowMs: null,
  queueMs: null,
  byteMs: null,
  load: null,
  sessionsInFlight: 0,
};

function loadAt({ load, sessionsInFlight }: PeerSamples, nowMs: number): ObservedLoad | null {
  if (load === null || nowMs - load.atMs > routingLimits.loadMsMax) return null;
  const { queuedRows, kvTokensFree, sessions } = load.report;
  const since = sessionsInFlight - load.ownSessions;
  return {
    queuedRows,
    kvTokensFree,
    sessions: sessions === undefined ? null : Math.max(sessions + since, sessionsInFlight),
    ageMs: nowMs - load.atMs,
  };
}
