import {
  durationsBetween,
  type PeerId,
  type RecordBody,
  type StatusMessage,
  type VerifiedRecord,
} from '@skein/protocol';
import type { Reachability } from '@skein/protocol/http-api';
import { observerLimits } from '../observer-limits.js';
import { placeOf } from './plan-reports.js';

/** What a peer does in a second, between its last two answers. */
export interface PeerRates {
  readonly tokens: number;
  readonly tokenBlocks: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** What came between two answers of one peer. */
export interface PeerProgress {
  readonly relinks: number;
  readonly step: readonly number[];
  readonly firstToken: readonly number[];
}

interface Answer {
  readonly status: StatusMessage;
  /** On a steady clock. */
  readonly atMs: number;
}

/** Where distributions are counted from: of the whole answer nothing else is needed later. */
interface Baseline {
  readonly queue: readonly number[];
  readonly compute: readonly number[];
  readonly atMs: number;
}

/** Answers closer together than this say little about rates. */
const rateMsMin = 500;

/** All that is known of one peer. */
export class ObservedPeer {
  readonly id: PeerId;
  record: RecordBody;
  /** Milliseconds since 1970. */
  seenAtMs: number;
  reachability: Reachability = {
    kind: 'unknown',
    reason: null,
    roundTripMs: null,
    checkedAtMs: null,
  };
  /** Orders peers alike for all observers. */
  readonly place: number;
  /** When it was last heard, itself or through another, or first seen; on a steady clock. */
  heardAtMs: number;
  /** When the newest status that another passed on was signed, on the clock of this peer. */
  signedAtMs: number | null = null;
  /** When another passed on a status of it; on a steady clock. */
  reportedAtMs: number | null = null;
  /** It tells of others, and signs what it tells of itself; null: not known. */
  reports: boolean | null = null;
  /** Another says that it keeps silent: a claim, which a question to it will prove. */
  isSuspect = false;
  /** Reporters that did not tell of it, and until when it is not asked for there. */
  readonly avoids = new Map<PeerId, number>();
  /** Times in a row that reporters put off an answer. */
  delays = 0;
  /** Set while the peer does not count; on a steady clock. */
  lostAtMs: number | null = null;
  /** It answered here at least once, so silence means something. */
  hasAnswered = false;
  /** It cannot be reached from here, and lives: its records say so. */
  isExcused = false;
  /** Questions without an answer, in a row. */
  silences = 0;
  /** On a steady clock. */
  nextQuestionAtMs = 0;
  askedAtMs: number | null = null;
  /** Its line stays open from round to round. */
  isKept = false;
  /** The newest of its own events that was told on; null before its first answer. */
  eventIdTold: number | null = null;
  rates: PeerRates | null = null;
  /** Decoded tokens a second of its sessions, by anonymous id. */
  readonly sessionRates = new Map<string, number>();
  #answer: Answer | null = null;
  /** Answers that distributions are counted from: of up to an hour, and of up to half an hour ago. */
  #baseline: Baseline | null = null;
  #nextBaseline: Baseline | null = null;

  /**
   * @param time.seenAtMs milliseconds since 1970
   * @param time.nowMs on a steady clock
   */
  constructor(
    { peerId, body }: VerifiedRecord,
    { seenAtMs, nowMs }: { readonly seenAtMs: number; readonly nowMs: number },
  ) {
    this.id = peerId;
    this.place = placeOf(peerId);
    this.record = body;
    this.seenAtMs = seenAtMs;
    this.heardAtMs = nowMs;
  }

  /** When the newest answer was given, on a steady clock. */
  get answeredAtMs(): number | null {
    return this.#answer?.atMs ?? null;
  }

  get status(): StatusMessage | null {
    return this.#answer?.status ?? null;
  }

  /** What people call it. */
  get name(): string {
    return this.record.name === '' ? this.id.slice(-8) : this.record.name;
  }

  /** Whether it counts for coverage. */
  get isServing(): boolean {
    return this.record.state === 'serving' && this.lostAtMs === null;
  }

  /** Takes an answer. Returns what came since the one before; null for the first. */
  answer(status: StatusMessage, atMs: number): PeerProgress | null {
    const before = this.#answer;
    const answer = { status, atMs };
    this.#answer = answer;
    this.heardAtMs = Math.max(this.heardAtMs, atMs);
    this.isSuspect = false;
    this.delays = 0;
    this.#rollBaseline(answer);
    if (before === null || atMs - before.atMs < rateMsMin) return null;
    const elapsedMs = atMs - before.atMs;
    this.rates = ratesBetween(before.status, status, elapsedMs);
    this.#rateSessions(before.status, status, elapsedMs);
    const { counters, durations } = status;
    return {
      relinks: grown(before.status.counters.relinks, counters.relinks),
      step: durationsBetween(before.status.durations.step, durations.step),
      firstToken: durationsBetween(before.status.durations.firstToken, durations.firstToken),
    };
  }

  /** Distribution of single-token steps since the baseline. */
  stepDurations(phase: 'queue' | 'compute'): number[] {
    const counts = this.#answer?.status.durations[phase] ?? [];
    const { atMs } = this.#answer ?? {};
    // With the first answer there is nothing but the whole life of the peer.
    if (this.#baseline === null || this.#baseline.atMs === atMs) return [...counts];
    return durationsBetween(this.#baseline[phase], counts);
  }

  /** Forgets what it said: it is gone, or began anew. */
  forgetAnswer(): void {
    this.#answer = null;
    this.rates = null;
    this.sessionRates.clear();
  }

  #rollBaseline({ status, atMs }: Answer): void {
    const { stepWindowMs } = observerLimits;
    const { queue, compute } = status.durations;
    const baseline = { queue, compute, atMs };
    this.#baseline ??= baseline;
    this.#nextBaseline ??= baseline;
    if (atMs - this.#nextBaseline.atMs >= stepWindowMs / 2) {
      this.#baseline = this.#nextBaseline;
      this.#nextBaseline = baseline;
    }
  }

  #rateSessions(before: StatusMessage, after: StatusMessage, elapsedMs: number): void {
    const decodedBefore = new Map(before.sessionList.map(({ id, decoded }) => [id, decoded]));
    this.sessionRates.clear();
    for (const { id, decoded } of after.sessionList) {
      const tokens = grown(decodedBefore.get(id) ?? 0, decoded);
      this.sessionRates.set(id, (1000 * tokens) / elapsedMs);
    }
  }
}

function ratesBetween(before: StatusMessage, after: StatusMessage, elapsedMs: number): PeerRates {
  const rate = (name: 'tokens' | 'tokenBlocks' | 'receivedBytes' | 'sentBytes') =>
    (1000 * grown(before.counters[name], after.counters[name])) / elapsedMs;
  return {
    tokens: rate('tokens'),
    tokenBlocks: rate('tokenBlocks'),
    receivedBytes: rate('receivedBytes'),
    sentBytes: rate('sentBytes'),
  };
}

/** How much a count grew; one that fell began anew. */
function grown(before: number, after: number): number {
  return after >= before ? after - before : after;
}
