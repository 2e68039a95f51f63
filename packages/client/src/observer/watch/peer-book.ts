import { formatSpan, type PeerId, type Span, type VerifiedRecord } from '@skein/protocol';
import type { SwarmEventKind } from '@skein/protocol/http-api';
import type { DirectoryChange } from '../../network/contracts.js';
import { observerLimits } from '../observer-limits.js';
import type { MissingReport, ReportedStatus } from './ask-report.js';
import type { StatusAnswer } from './ask-status.js';
import type { EventLog } from './event-log.js';
import { ObservedPeer, type PeerProgress } from './observed-peer.js';

/** Clocks of a {@link PeerBook}. */
export interface BookTime {
  /** Milliseconds on a steady clock. */
  now(): number;
  /** Milliseconds since 1970. */
  wallNow(): number;
}

/** What came of a status that was passed on: what is new in it, or that nothing is. */
export type Hearing = { readonly progress: PeerProgress | null } | 'known' | 'stale';

/** Events of a peer itself that are worth telling to all. */
const toldKinds: Readonly<Record<string, SwarmEventKind>> = {
  moving: 'moving',
  'engine-failed': 'failed',
  'engine-restarted': 'returned',
  'successor-lost': 'failed',
};

/**
 * All peers, by what their records, their answers and their connections say. A peer that vanished
 * without a word is lost at once here, long before its record expires.
 */
export class PeerBook {
  readonly #peers = new Map<PeerId, ObservedPeer>();
  readonly #log: EventLog;
  readonly #time: BookTime;

  constructor(log: EventLog, time: BookTime) {
    this.#log = log;
    this.#time = time;
  }

  get size(): number {
    return this.#peers.size;
  }

  /** By first block, then by name. */
  peers(): ObservedPeer[] {
    return [...this.#peers.values()].sort(byPlace);
  }

  get(id: string): ObservedPeer | null {
    return this.#peers.get(id as PeerId) ?? null;
  }

  /** Peers that were there when the observer came are no news. */
  begin(records: readonly VerifiedRecord[]): void {
    for (const record of records) {
      this.#peers.set(record.peerId, this.#observe(record));
    }
  }

  /** Takes a change of the directory. Returns the peer when it should be asked at once. */
  change({ kind, record }: DirectoryChange): ObservedPeer | null {
    const known = this.#peers.get(record.peerId);
    if (kind === 'left' || kind === 'expired') {
      this.#peers.delete(record.peerId);
      if (known === undefined) return null;
      if (kind === 'left') this.#tell('left', known, 'left the swarm');
      else if (known.lostAtMs === null) {
        this.#tell('lost', known, 'is lost', 'its record ran out: it was not renewed');
      }
      return null;
    }
    if (known === undefined) {
      const peer = this.#observe(record);
      this.#peers.set(record.peerId, peer);
      this.#tell('joined', peer, `joined with blocks ${formatSpan(record.body.span)}`);
      return peer;
    }
    return this.#update(known, record);
  }

  /**
   * A peer that answered keeps silent: lost when it does so for good.
   * @param options.isCut its connection ended by itself
   * @param options.isOwnFault nearly all keep silent
   */
  miss(
    peer: ObservedPeer,
    answer: StatusAnswer & { kind: 'silent' },
    { isCut = false, isOwnFault = false }: { isCut?: boolean; isOwnFault?: boolean } = {},
  ): void {
    const { retryMsFirst, retryMsMax, silencesMax } = observerLimits;
    if (!isOwnFault) peer.silences += 1;
    const nowMs = this.#time.now();
    const reason = answer.error.message;
    peer.reachability = {
      kind: 'unreachable',
      reason,
      roundTripMs: null,
      checkedAtMs: this.#time.wallNow(),
    };
    const isSilent =
      (peer.hasAnswered && (isCut || peer.silences >= silencesMax)) ||
      (peer.isSuspect && peer.silences >= silencesMax);
    const isLost = !peer.isExcused && !this.#isTold(peer) && (isSilent || isRefused(reason));
    const isQuick = peer.hasAnswered && !isLost;
    const delayMs = Math.min(retryMsFirst * 2 ** Math.max(0, peer.silences - 1), retryMsMax);
    peer.nextQuestionAtMs = isQuick ? nowMs : nowMs + delayMs;
    if (isLost && peer.lostAtMs === null) {
      peer.lostAtMs = nowMs;
      peer.forgetAnswer();
      this.#tell('lost', peer, `with blocks ${formatSpan(peer.record.span)} is lost`, reason);
    }
  }

  /** A peer answered. Returns what came since its answer before. */
  hear(
    peer: ObservedPeer,
    answer: Exclude<StatusAnswer, { kind: 'silent' }>,
    isRelayed: boolean,
  ): PeerProgress | null {
    this.#signOfLife(peer);
    peer.isExcused = false;
    peer.seenAtMs = this.#time.wallNow();
    peer.nextQuestionAtMs = 0;
    const isTold = answer.kind === 'status';
    peer.reachability = {
      kind: isRelayed ? 'relayed' : 'direct',
      reason: isTold ? null : answer.reason,
      roundTripMs: isTold ? answer.roundTripMs : null,
      checkedAtMs: peer.seenAtMs,
    };
    peer.silences = 0;
    if (!isTold) return null;
    peer.hasAnswered = true;
    const progress = peer.answer(answer.status, this.#time.now());
    this.#tellEvents(peer);
    return progress;
  }

  /**
   * Another peer passed on what this one signed. Of a lost peer it counts for nothing: whoever passes it on
   * may have kept it.
   *
   * @returns `stale` for a status that is older than another, or that was passed on before
   */
  hearReport(peer: ObservedPeer, { status, issuedAtMs, ageMs }: ReportedStatus): Hearing {
    const nowMs = this.#time.now();
    const atMs = nowMs - ageMs;
    const { signedAtMs, reportedAtMs, answeredAtMs } = peer;
    const isAgain =
      issuedAtMs === signedAtMs && nowMs - (reportedAtMs ?? nowMs) > observerLimits.sameReportMs;
    if (isAgain || issuedAtMs < (signedAtMs ?? 0)) return 'stale';
    const isKnown = issuedAtMs === signedAtMs || atMs <= (answeredAtMs ?? atMs - 1);
    if (isKnown || peer.lostAtMs !== null) return 'known';
    peer.signedAtMs = issuedAtMs;
    peer.reportedAtMs = nowMs;
    peer.reports = true;
    peer.seenAtMs = this.#time.wallNow() - ageMs;
    const { kind, reason } = peer.reachability;
    const wasTried = kind === 'unreachable' || kind === 'reported';
    peer.reachability = {
      kind: 'reported',
      reason: wasTried ? reason : null,
      roundTripMs: null,
      checkedAtMs: peer.seenAtMs,
    };
    const progress = peer.answer(status, atMs);
    this.#tellEvents(peer);
    return { progress };
  }

  /** A reporter had no status of a peer. */
  missReport(peer: ObservedPeer, reporter: PeerId, why: MissingReport): void {
    const { avoidMs, avoidsMax, delaysMax } = observerLimits;
    if (why === 'unsupported') {
      peer.reports = false;
      return;
    }
    if (why === 'silent') peer.isSuspect = true;
    if (why === 'later') {
      peer.delays += 1;
      if (peer.delays < delaysMax) return;
      peer.delays = 0;
    }
    peer.avoids.delete(reporter);
    peer.avoids.set(reporter, this.#time.now() + avoidMs);
    const [oldest] = peer.avoids.keys();
    if (peer.avoids.size > avoidsMax && oldest !== undefined) peer.avoids.delete(oldest);
  }

  /** This process's own status, which nobody has to be asked for. */
  hearSelf(peer: ObservedPeer, status: Parameters<ObservedPeer['answer']>[0]): PeerProgress | null {
    peer.seenAtMs = this.#time.wallNow();
    peer.reachability = {
      kind: 'self',
      reason: null,
      roundTripMs: 0,
      checkedAtMs: peer.seenAtMs,
    };
    const progress = peer.answer(status, this.#time.now());
    this.#tellEvents(peer);
    return progress;
  }

  /** It moved: told once it said why, where it says so. */
  tellMove(peer: ObservedPeer, from: Span): void {
    const { record, status } = peer;
    const isNew = status !== null && formatSpan(status.span) === formatSpan(record.span);
    const cause = isNew && status.spanReason !== '' ? status.spanReason : null;
    const way = `moved from ${formatSpan(from)} to ${formatSpan(record.span)}`;
    this.#tell('moved', peer, way, cause);
  }

  #observe(record: VerifiedRecord): ObservedPeer {
    return new ObservedPeer(record, {
      seenAtMs: this.#time.wallNow(),
      nowMs: this.#time.now(),
    });
  }

  #update(known: ObservedPeer, record: VerifiedRecord): ObservedPeer | null {
    const before = known.record;
    known.record = record.body;
    known.seenAtMs = this.#time.wallNow();
    const lostForMs = known.lostAtMs === null ? null : this.#time.now() - known.lostAtMs;
    if (lostForMs !== null && lostForMs > observerLimits.signOfLifeMs) {
      // It lives, and only this node cannot reach it. That is not to be told again and again.
      known.isExcused = true;
      known.hasAnswered = false;
      this.#signOfLife(known);
    }
    if (before.state !== 'draining' && record.body.state === 'draining') {
      this.#tell('draining', known, 'is about to leave');
    }
    const hasMoved =
      before.span.start !== record.body.span.start || before.span.end !== record.body.span.end;
    return hasMoved ? known : null;
  }

  /** Others reach it, and nobody says that it keeps silent. */
  #isTold({ isSuspect, reportedAtMs }: ObservedPeer): boolean {
    if (isSuspect || reportedAtMs === null) return false;
    return this.#time.now() - reportedAtMs < observerLimits.untoldMs;
  }

  #signOfLife(peer: ObservedPeer): void {
    if (peer.lostAtMs === null) return;
    peer.lostAtMs = null;
    this.#tell('returned', peer, `with blocks ${formatSpan(peer.record.span)} is back`);
  }

  /** What happened at the peer since it was asked last; at the first time it is no news. */
  #tellEvents(peer: ObservedPeer): void {
    const events = peer.status?.events ?? [];
    const newest = events[0]?.id ?? 0;
    const told = peer.eventIdTold;
    peer.eventIdTold = newest;
    // One that began anew counts from the beginning.
    if (told === null || told > newest) return;
    for (const { id, kind, text } of [...events].reverse()) {
      const toldKind = toldKinds[kind];
      if (id > told && toldKind !== undefined) this.#tell(toldKind, peer, text);
    }
  }

  #tell(kind: SwarmEventKind, peer: ObservedPeer, what: string, cause: string | null = null): void {
    const { record } = peer;
    this.#log.add({
      atMs: this.#time.wallNow(),
      kind,
      peer: peer.id,
      name: peer.name,
      model: { hash: record.model, name: record.modelName },
      span: record.span,
      text: `${peer.name} ${what}${cause === null ? '' : `: ${cause}`}`,
      cause,
    });
  }
}

/** Its machine is there, and nobody listens: that is no matter of patience. */
function isRefused(reason: string): boolean {
  return reason.includes('ECONNREFUSED');
}

function byPlace(left: ObservedPeer, right: ObservedPeer): number {
  return (
    left.record.span.start - right.record.span.start ||
    left.record.span.end - right.record.span.end ||
    left.name.localeCompare(right.name)
  );
}
