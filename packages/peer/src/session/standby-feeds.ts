import type { Clock } from '@skein/client/network';
import { SkeinError, type Standby } from '@skein/protocol';
import type { HopSession, LinkTarget, SessionHostServices } from './hop-session.js';
import type { OutgoingStep } from './outgoing.js';
import { sessionLimits } from './session-limits.js';
import type { SuccessorLink } from './successor-link.js';

/** The standbys of a session's successor, and the push streams to them. */
export class StandbyFeeds {
  readonly #session: HopSession;
  readonly #services: Pick<SessionHostServices, 'clock' | 'createLink'>;
  #feeds: readonly StandbyFeed[] = [];

  constructor(session: HopSession, services: Pick<SessionHostServices, 'clock' | 'createLink'>) {
    this.#session = session;
    this.#services = services;
  }

  /** Feeds these standbys, and no others, in the session's epoch. Streams that serve are kept. */
  replace(standbys: readonly Standby[]): void {
    const { epoch } = this.#session;
    const before = this.#feeds;
    for (const feed of before) feed.stop();
    this.#feeds = standbys.map((standby) => {
      const open = before.find(({ link }) => link.isUsable && link.leadsTo(standby));
      const link = open?.link ?? this.#services.createLink(this.#session, standby);
      const { clock } = this.#services;
      return new StandbyFeed({ session: this.#session, clock, link, standby, epoch });
    });
    for (const { link } of before) if (!this.uses(link)) link.close();
    this.pump();
  }

  /** The epoch is over: what is sent from now on would not be what the client asked for. */
  pause(): void {
    for (const feed of this.#feeds) feed.stop();
  }

  /** Sends on what the standbys lack. */
  pump(): void {
    for (const feed of this.#feeds) feed.pump();
  }

  /** Hands over the stream to a standby that becomes the successor; null when there is none. */
  take(target: LinkTarget): SuccessorLink | null {
    const taken = this.#feeds.find(({ link }) => link.isUsable && link.leadsTo(target));
    if (taken === undefined) return null;
    taken.stop();
    this.#feeds = this.#feeds.filter((feed) => feed !== taken);
    return taken.link;
  }

  uses(link: SuccessorLink): boolean {
    return this.#feeds.some((feed) => feed.link === link);
  }

  close(): void {
    for (const feed of this.#feeds) {
      feed.stop();
      feed.link.close();
    }
    this.#feeds = [];
  }
}

interface StandbyFeedOptions {
  readonly session: HopSession;
  readonly clock: Clock;
  readonly link: SuccessorLink;
  readonly standby: Standby;
  readonly epoch: number;
}

/**
 * Keeps one standby in step. It reads the session's history, which is there anyway: catching up
 * and keeping up are the same, a slow standby costs no memory of its own, and one that falls behind
 * the oldest output that is kept is given up.
 */
class StandbyFeed {
  readonly link: SuccessorLink;
  readonly #options: StandbyFeedOptions;
  #sentTo: number;
  #isWaiting = false;
  #isStopped = false;

  constructor(options: StandbyFeedOptions) {
    this.#options = options;
    this.link = options.link;
    this.#sentTo = options.standby.from;
  }

  stop(): void {
    this.#isStopped = true;
  }

  pump(): void {
    const { history } = this.#options.session;
    let steps = 0;
    while (!this.#isStopped && !this.#isWaiting && this.#sentTo < history.end) {
      if (!this.link.isUsable) return;
      if (steps === sessionLimits.standbyBurstSteps) {
        const { clock } = this.#options;
        this.#isWaiting = true;
        clock.schedule(sessionLimits.standbyPauseMs, () => this.#resume());
        return;
      }
      steps += 1;
      this.#sendNext();
    }
  }

  #sendNext(): void {
    const { session, standby, epoch } = this.#options;
    const piece = session.history.pieceAt(this.#sentTo);
    if (piece === null) {
      this.#isStopped = true;
      const text = `outputs from ${this.#sentTo} on are gone before a standby had them`;
      const step = session.completed ?? 0;
      session.sendError(new SkeinError('history-gone', text), { step, epoch, about: standby.peer });
      return;
    }
    const { step, position, rows, rowByRow, tensor } = piece;
    const { until } = standby;
    this.#sentTo = position + rows;
    const message: OutgoingStep = { type: 'step', step, epoch, position, rows, until, trace: [] };
    if (rowByRow) message.rowByRow = true;
    const full = this.link.send(message, [tensor]);
    if (full === undefined) return;
    this.#isWaiting = true;
    const resume = () => this.#resume();
    void full.then(resume, resume);
  }

  #resume(): void {
    this.#isWaiting = false;
    this.pump();
  }
}
