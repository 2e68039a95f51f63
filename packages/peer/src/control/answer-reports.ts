import {
  type ChannelAcceptor,
  type Clock,
  delay,
  type MessageChannel,
  RateBudget,
} from '@skein/client/network';
import {
  limits,
  type PeerId,
  type ReportMessage,
  type ReportRequest,
  SkeinError,
} from '@skein/protocol';
import type { NeighbourStatus, NeighbourStatuses } from './neighbour-statuses.js';
import { reportLimits } from './report-limits.js';

/** What {@link answerReports} needs. */
export interface ReportSource {
  readonly neighbours: Pick<NeighbourStatuses, 'ask'>;
  readonly clock: Clock;
}

/** Tells observers how other peers are, in the words that these signed. */
export function answerReports({
  neighbours,
  clock,
}: ReportSource): ChannelAcceptor<ReportRequest, ReportMessage> {
  const askers = new Askers(clock);
  return (channel) => {
    const leave = askers.enter(channel.remotePeer);
    const parts = new ReportParts(channel, clock);
    return {
      answersErrors: true,
      // One question at a time: the next is read when this one is answered.
      async onMessage({ message }) {
        if (leave === null) throw new SkeinError('busy', 'ask over the streams that are open');
        const names = [...new Set(message.peers)];
        const allowed = askers.take(channel.remotePeer, names.length);
        const done = new AbortController();
        const late = delay(clock, reportLimits.reportMs, done.signal);
        const tell = async (peer: PeerId, index: number) => {
          const isAllowed = index < allowed;
          parts.add(peer, isAllowed ? await firstOf(neighbours.ask(peer), late) : notNow);
        };
        try {
          await Promise.all(names.map(tell));
          await parts.end();
        } finally {
          done.abort();
        }
      },
      onClose() {
        parts.stop();
        leave?.();
      },
    };
  };
}

const notNow: NeighbourStatus = { kind: 'gap', gap: 'later' };

function firstOf(answer: Promise<NeighbourStatus>, late: Promise<void>): Promise<NeighbourStatus> {
  return Promise.race([answer, late.then(() => notNow)]);
}

/** Gathers what is known into few messages. */
class ReportParts {
  readonly #channel: MessageChannel<ReportMessage>;
  readonly #clock: Clock;
  #statuses: ReportMessage['statuses'] = [];
  #gaps: ReportMessage['gaps'] = [];
  #bytes = 0;
  #cancel: (() => void) | null = null;
  #isOver = false;

  constructor(channel: MessageChannel<ReportMessage>, clock: Clock) {
    this.#channel = channel;
    this.#clock = clock;
  }

  add(peer: PeerId, outcome: NeighbourStatus): void {
    if (outcome.kind === 'gap') this.#gaps.push([peer, outcome.gap]);
    else {
      const ageMs = Math.max(0, Math.round(this.#clock.now() - outcome.atMs));
      this.#statuses.push([peer, Math.min(ageMs, limits.signedStatusAgeMsMax), outcome.bytes]);
      this.#bytes += outcome.bytes.byteLength;
    }
    if (this.#bytes >= limits.reportBytesMax) void this.#send(false);
    else this.#cancel ??= this.#clock.schedule(reportLimits.partMs, () => this.#sendKnown());
  }

  /** Sends the last part; settles when the network has taken it. */
  async end(): Promise<void> {
    await this.#send(true);
  }

  stop(): void {
    this.#isOver = true;
    this.#cancel?.();
  }

  #sendKnown(): void {
    try {
      void this.#send(false);
    } catch {
      // The stream has ended, which `onClose` tells.
      this.stop();
    }
  }

  #send(isLast: boolean): Promise<void> | undefined {
    this.#cancel?.();
    this.#cancel = null;
    if (this.#isOver) return undefined;
    const [statuses, gaps] = [this.#statuses, this.#gaps];
    [this.#statuses, this.#gaps, this.#bytes] = [[], [], 0];
    return this.#channel.send({ type: 'report', statuses, gaps, isLast });
  }
}

interface Asker {
  streams: number;
  readonly names: RateBudget;
}

/** Counts what each asker asks for. */
class Askers {
  readonly #clock: Clock;
  /** The one that came longest ago first. */
  readonly #askers = new Map<PeerId, Asker>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins a stream. Returns a function that ends it; null when the asker has enough. */
  enter(peer: PeerId): (() => void) | null {
    const asker = this.#use(peer);
    if (asker.streams >= reportLimits.streamsPerAskerMax) return null;
    asker.streams += 1;
    return () => {
      asker.streams -= 1;
    };
  }

  /** How many names of so many may be asked for now. */
  take(peer: PeerId, wanted: number): number {
    return this.#use(peer).names.take(wanted);
  }

  #use(peer: PeerId): Asker {
    const asker = this.#askers.get(peer) ?? { streams: 0, names: this.#budget() };
    this.#askers.delete(peer);
    this.#askers.set(peer, asker);
    if (this.#askers.size > reportLimits.askersMax) {
      const [oldest] = this.#askers.keys();
      if (oldest !== undefined) this.#askers.delete(oldest);
    }
    return asker;
  }

  #budget(): RateBudget {
    const { namesAtOnceMax, namesPerSecond } = reportLimits;
    const now = () => this.#clock.now();
    return new RateBudget({ atOnceMax: namesAtOnceMax, perSecond: namesPerSecond, now });
  }
}
