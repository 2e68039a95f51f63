import {
  type Clock,
  isUnknownQuestion,
  QuestionLines,
  RateBudget,
  type SkeinNode,
} from '@skein/client/network';
import {
  type PeerId,
  type ReportGap,
  type SignedStatusMessage,
  type SignedStatusRequest,
  signedStatusAnswerSchema,
  signedStatusProtocol,
  toSkeinError,
} from '@skein/protocol';
import { reportLimits } from './report-limits.js';

/** What is known of a neighbour: its signed status, or why there is none. */
export type NeighbourStatus =
  | { readonly kind: 'status'; readonly bytes: Uint8Array; readonly atMs: number }
  | { readonly kind: 'gap'; readonly gap: ReportGap };

interface Neighbour {
  told: (NeighbourStatus & { readonly kind: 'status' }) | null;
  /** Not to be asked again before this. */
  gap: { readonly gap: ReportGap; readonly untilMs: number } | null;
  asking: Promise<NeighbourStatus> | null;
  usedAtMs: number;
}

/** What {@link NeighbourStatuses} needs. */
export interface NeighbourStatusesOptions {
  readonly node: SkeinNode;
  readonly clock: Clock;
  /**
   * Addresses in the record that this peer itself has of another; null without one. Nobody else is asked, so
   * that an asker cannot have arbitrary addresses dialled.
   */
  addressesOf(peer: PeerId): readonly string[] | null;
  /** Who may be dialled now. Default: a budget of its own. Peers of one process may share one. */
  readonly dials?: RateBudget;
}

/**
 * Signed statuses of other peers, each asked for over a line that stays open for a while. It passes on
 * what they say of themselves, and never what they say of others: there are no chains.
 */
export class NeighbourStatuses {
  readonly #options: NeighbourStatusesOptions;
  readonly #lines: QuestionLines<SignedStatusRequest, SignedStatusMessage>;
  readonly #dials: RateBudget;
  /** The one that was used longest ago comes first. */
  readonly #neighbours = new Map<PeerId, Neighbour>();
  readonly #abort = new AbortController();
  #cancelSweep: (() => void) | null = null;

  constructor(options: NeighbourStatusesOptions) {
    const { node, clock } = options;
    const { dialMs, answerMs, dialsAtOnceMax, dialsPerSecond } = reportLimits;
    this.#options = options;
    const kind = { protocol: signedStatusProtocol, schema: signedStatusAnswerSchema };
    this.#lines = new QuestionLines({ ...kind, dialMs, answerMs }, { node, clock });
    const now = () => clock.now();
    this.#dials =
      options.dials ??
      new RateBudget({ atOnceMax: dialsAtOnceMax, perSecond: dialsPerSecond, now });
  }

  /** Tells how a peer is: from memory if it was asked just now. */
  async ask(peer: PeerId): Promise<NeighbourStatus> {
    const { node, clock, addressesOf } = this.#options;
    const multiaddrs = peer === node.peer ? null : addressesOf(peer);
    if (multiaddrs === null) {
      this.#forget(peer);
      return { kind: 'gap', gap: 'unknown' };
    }
    const nowMs = clock.now();
    const neighbour = this.#use(peer, nowMs);
    if (neighbour === null) return { kind: 'gap', gap: 'later' };
    const { told, gap } = neighbour;
    if (told !== null && nowMs - told.atMs < reportLimits.reuseMs) return told;
    if (gap !== null && nowMs < gap.untilMs) return { kind: 'gap', gap: gap.gap };
    if (neighbour.asking === null) {
      const needsDial = !this.#lines.has(peer) && !node.connectedPeers.includes(peer);
      if (needsDial && this.#dials.take(1) === 0) return { kind: 'gap', gap: 'later' };
      neighbour.asking = this.#ask(peer, multiaddrs, neighbour).finally(() => {
        neighbour.asking = null;
      });
    }
    return neighbour.asking;
  }

  /** Ends all lines. */
  stop(): void {
    this.#abort.abort();
    this.#cancelSweep?.();
    this.#neighbours.clear();
    this.#lines.stop();
  }

  /** Null when all places are in use. */
  #use(peer: PeerId, nowMs: number): Neighbour | null {
    this.#sweep(nowMs);
    const known = this.#neighbours.get(peer);
    if (known === undefined && this.#neighbours.size >= reportLimits.linesMax) return null;
    const neighbour = known ?? { told: null, gap: null, asking: null, usedAtMs: nowMs };
    neighbour.usedAtMs = nowMs;
    this.#neighbours.delete(peer);
    this.#neighbours.set(peer, neighbour);
    this.#cancelSweep ??= this.#scheduleSweep();
    return neighbour;
  }

  async #ask(
    peer: PeerId,
    multiaddrs: readonly string[],
    neighbour: Neighbour,
  ): Promise<NeighbourStatus> {
    const { clock } = this.#options;
    const remote = { peer, multiaddrs };
    try {
      const request: SignedStatusRequest = { type: 'signed-status-request' };
      const { answer } = await this.#lines.ask(remote, request, { signal: this.#abort.signal });
      neighbour.gap = null;
      neighbour.told = { kind: 'status', bytes: answer.status, atMs: clock.now() };
      return neighbour.told;
    } catch (thrown) {
      const error = toSkeinError(thrown);
      neighbour.told = null;
      // It is there, and not ready yet.
      if (error.code === 'busy') return { kind: 'gap', gap: 'later' };
      const isUnsupported = isUnknownQuestion(error);
      const gap: ReportGap = isUnsupported ? 'unsupported' : 'silent';
      const { unsupportedMs, silentMs } = reportLimits;
      neighbour.gap = { gap, untilMs: clock.now() + (isUnsupported ? unsupportedMs : silentMs) };
      return { kind: 'gap', gap };
    } finally {
      // It may have been forgotten meanwhile.
      if (this.#neighbours.get(peer) !== neighbour) this.#lines.hangUp(peer);
    }
  }

  #forget(peer: PeerId): void {
    if (this.#neighbours.delete(peer)) this.#lines.hangUp(peer);
  }

  #sweep(nowMs: number): void {
    for (const [peer, { usedAtMs }] of this.#neighbours) {
      if (nowMs - usedAtMs < reportLimits.lineIdleMs) return;
      this.#forget(peer);
    }
  }

  #scheduleSweep(): () => void {
    const { clock } = this.#options;
    return clock.schedule(reportLimits.lineIdleMs, () => {
      this.#sweep(clock.now());
      this.#cancelSweep = this.#neighbours.size === 0 ? null : this.#scheduleSweep();
    });
  }
}
