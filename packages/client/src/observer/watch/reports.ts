import type { PeerId } from '@skein/protocol';
import type { Clock } from '../../clock.js';
import type { SkeinNode } from '../../network/contracts.js';
import { observerLimits } from '../observer-limits.js';
import { type MissingReport, ReportAsker, type ReportedStatus } from './ask-report.js';
import type { StatusAsker } from './ask-status.js';
import type { ObservedPeer, PeerProgress } from './observed-peer.js';
import type { PeerBook } from './peer-book.js';
import { planReports } from './plan-reports.js';

/** What {@link Reports} are made of. */
export interface ReportsOptions {
  readonly node: SkeinNode;
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly book: PeerBook;
  readonly asker: StatusAsker;
  onProgress(peer: ObservedPeer, progress: PeerProgress): void;
}

/** Hears of peers without a line from those that have one. */
export class Reports {
  readonly #options: ReportsOptions;
  readonly #asker: ReportAsker;

  constructor(options: ReportsOptions) {
    this.#options = options;
    this.#asker = new ReportAsker(options.node, options);
  }

  /**
   * Asks for all that nobody else asks: each at one reporter, and those that it does not tell of at one more.
   *
   * @param peers all but this node itself
   */
  async once(peers: readonly ObservedPeer[], signal: AbortSignal): Promise<void> {
    const { asker } = this.#options;
    const wanted = peers.filter(
      ({ id, lostAtMs, reports }) => lostAtMs === null && reports !== false && !asker.hasLine(id),
    );
    const missed = await this.#ask(wanted, peers, signal);
    await this.#ask(missed, peers, signal);
  }

  hangUp(id: PeerId): void {
    this.#asker.hangUp(id);
  }

  stop(): void {
    this.#asker.stop();
  }

  /** Returns those that another reporter may tell of. */
  async #ask(
    wanted: readonly ObservedPeer[],
    peers: readonly ObservedPeer[],
    signal: AbortSignal,
  ): Promise<ObservedPeer[]> {
    const { asker, clock } = this.#options;
    const { reportNamesMax: namesMax, reportsParallelMax } = observerLimits;
    const reporters = peers.filter(
      ({ id, isKept, reports }) => isKept && reports !== false && asker.hasLine(id),
    );
    const plan = planReports(wanted, reporters, { nowMs: clock.now(), namesMax });
    const queue = plan.entries();
    const missed: ObservedPeer[] = [];
    const askAll = async () => {
      for (let next = queue.next(); !next.done && !signal.aborted; next = queue.next()) {
        missed.push(...(await this.#askOne(...next.value, signal)));
      }
    };
    await Promise.all(Array.from({ length: reportsParallelMax }, askAll));
    return missed;
  }

  async #askOne(
    reporter: ObservedPeer,
    wanted: readonly ObservedPeer[],
    signal: AbortSignal,
  ): Promise<ObservedPeer[]> {
    const { book } = this.#options;
    const byId = new Map(wanted.map((peer) => [peer.id, peer]));
    const remote = { peer: reporter.id, multiaddrs: reporter.record.multiaddrs };
    const stale: PeerId[] = [];
    const { missing, isUnsupported } = await this.#asker.ask(remote, [...byId.keys()], {
      signal,
      onStatus: (status) => {
        if (this.#isStale(byId.get(status.peer), status)) stale.push(status.peer);
      },
    });
    if (signal.aborted) return [];
    reporter.reports = !isUnsupported;
    if (isUnsupported) return [...wanted];
    const why = new Map<PeerId, MissingReport>(missing);
    for (const id of stale) why.set(id, 'withheld');
    const missed: ObservedPeer[] = [];
    for (const [id, reason] of why) {
      const peer = byId.get(id);
      // Of a peer that has gone meanwhile nobody wants to know.
      if (peer === undefined || book.get(id) !== peer) continue;
      book.missReport(peer, reporter.id, reason);
      if (reason !== 'later' && reason !== 'unsupported') missed.push(peer);
    }
    return missed;
  }

  /** Takes a status. True for one that is no news, and should be. */
  #isStale(peer: ObservedPeer | undefined, status: ReportedStatus): boolean {
    const { book, onProgress } = this.#options;
    if (peer === undefined || book.get(status.peer) !== peer) return false;
    const hearing = book.hearReport(peer, status);
    if (typeof hearing === 'string') return hearing === 'stale';
    if (hearing.progress !== null) onProgress(peer, hearing.progress);
    return false;
  }
}
