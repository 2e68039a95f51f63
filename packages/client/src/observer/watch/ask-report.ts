import {
  type PeerId,
  type ReportGap,
  type ReportMessage,
  type ReportRequest,
  reportAnswerSchema,
  reportProtocol,
  SkeinError,
  toSkeinError,
  type VerifiedStatus,
  verifySignedStatus,
} from '@skein/protocol';
import type { Clock } from '../../clock.js';
import type { Remote, SkeinNode } from '../../network/contracts.js';
import { isUnknownQuestion, QuestionLines } from '../../network/question-lines.js';
import { observerLimits } from '../observer-limits.js';

/** A status that a reporter passed on, and that its peer signed. */
export interface ReportedStatus extends VerifiedStatus {
  readonly peer: PeerId;
  /** Since the reporter had it, as it says. */
  readonly ageMs: number;
}

/** Why a peer is not told of; `withheld`: no word of it, or one that it did not sign. */
export type MissingReport = ReportGap | 'withheld';

/** What came of a question to a reporter. */
export interface ReportOutcome {
  /** Those of whom no status came. */
  readonly missing: ReadonlyMap<PeerId, MissingReport>;
  /** It does not know the question. */
  readonly isUnsupported: boolean;
}

/** Asks peers how others are. */
export class ReportAsker {
  readonly #lines: QuestionLines<ReportRequest, ReportMessage>;
  readonly #wallClock: () => number;

  constructor(node: SkeinNode, { clock, wallClock }: { clock: Clock; wallClock: () => number }) {
    this.#wallClock = wallClock;
    this.#lines = new QuestionLines<ReportRequest, ReportMessage>(
      {
        protocol: reportProtocol,
        schema: reportAnswerSchema,
        isLast: ({ isLast }) => isLast,
        dialMs: observerLimits.dialMs,
        answerMs: observerLimits.reportMs,
      },
      { node, clock },
    );
  }

  /** Asks a reporter for some peers. One question at a time for each reporter. */
  async ask(
    reporter: Remote,
    peers: readonly PeerId[],
    options: { readonly signal: AbortSignal; onStatus(status: ReportedStatus): void },
  ): Promise<ReportOutcome> {
    const missing = new Map<PeerId, MissingReport>(peers.map((peer) => [peer, 'withheld']));
    const open = new Set(peers);
    const onPart = async ({ statuses, gaps }: ReportMessage) => {
      for (const [peer, gap] of gaps) {
        this.#settle(open, peer);
        missing.set(peer, gap);
      }
      for (const [peer, ageMs, bytes] of statuses) {
        this.#settle(open, peer);
        const verified = await this.#verify(peer, bytes);
        if (verified === null) continue;
        missing.delete(peer);
        options.onStatus({ ...verified, peer, ageMs });
      }
    };
    const request: ReportRequest = { type: 'report-request', peers: [...peers] };
    try {
      await this.#lines.ask(reporter, request, { signal: options.signal, onPart });
    } catch (thrown) {
      // What it told before stands. A reporter may be slow, but not time and again.
      const error = toSkeinError(thrown);
      if (error.code === 'timeout') for (const peer of open) missing.set(peer, 'later');
      return { missing, isUnsupported: isUnknownQuestion(error) };
    }
    return { missing, isUnsupported: false };
  }

  hangUp(peer: PeerId): void {
    this.#lines.hangUp(peer);
  }

  stop(): void {
    this.#lines.stop();
  }

  /** Each peer is told of once, and only those that were asked for. */
  #settle(open: Set<PeerId>, peer: PeerId): void {
    if (open.delete(peer)) return;
    throw new SkeinError('protocol-violation', `a report of ${peer}, which nobody asked for`);
  }

  /** Null for a status that is no proof of anything: the reporter, or the peer itself, may have made it. */
  async #verify(peer: PeerId, bytes: Uint8Array): Promise<VerifiedStatus | null> {
    try {
      return await verifySignedStatus(bytes, { peer, now: this.#wallClock() });
    } catch {
      return null;
    }
  }
}
