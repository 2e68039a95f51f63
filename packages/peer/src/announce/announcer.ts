import type { Clock, Directory } from '@skein/client/network';
import type { RecordBody, VerifiedRecord } from '@skein/protocol';

/** What a peer says of itself, without what the directory adds. */
export type Announcement = Parameters<Directory['publish']>[0];
export type PeerState = RecordBody['state'];

/** Figures are looked at this often; a change worth telling is then published. */
const checkMs = 2_000;
/** Changes of state go out at once, figures at most this often. */
const publishMsMin = 5_000;
/** A figure that changed by less than this share can wait for the next regular record. */
const noticeableShare = 0.25;

/** A queue of a quarter of this is worth telling: some sixteen sessions that wait for a token. */
const queuedRowsUnit = 64;

/** Options of {@link Announcer}. */
export interface AnnouncerOptions {
  readonly directory: Directory;
  readonly clock: Clock;
  /** The announcement as of now, but for its state. */
  describe(): Omit<Announcement, 'state'>;
}

/**
 * Keeps the swarm informed of this peer: its state at once, its figures when they change
 * noticeably. The directory issues the record again before it runs out.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  #state: PeerState = 'joining';
  #published: Announcement | null = null;
  #record: VerifiedRecord | null = null;
  #publishedAtMs = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | null = null;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  get state(): PeerState {
    return this.#state;
  }

  /** The record as last published; null before the first. */
  get record(): VerifiedRecord | null {
    return this.#record;
  }

  /** Changes the state and publishes it. After `gone` nothing more is published. */
  async announce(state: PeerState): Promise<void> {
    this.#state = state;
    if (state === 'gone') this.stop();
    else this.#cancelTimer ??= this.#scheduleCheck();
    await this.#publish();
  }

  /** Publishes what has changed, in the state that holds. */
  async update(): Promise<void> {
    await this.announce(this.#state);
  }

  /** Ends the periodic checks. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #scheduleCheck(): () => void {
    return this.#options.clock.schedule(checkMs, () => {
      this.#cancelTimer = this.#scheduleCheck();
      // Nobody waits for it: what could not be published now is so by the next check.
      this.#check().catch(() => undefined);
    });
  }

  async #check(): Promise<void> {
    const sinceMs = this.#options.clock.now() - this.#publishedAtMs;
    if (sinceMs < publishMsMin || this.#published === null) return;
    const next = { ...this.#options.describe(), state: this.#state };
    if (isNoticeable(this.#published, next)) await this.#publish();
  }

  async #publish(): Promise<void> {
    const announcement = { ...this.#options.describe(), state: this.#state };
    this.#published = announcement;
    this.#publishedAtMs = this.#options.clock.now();
    this.#record = await this.#options.directory.publish(announcement);
  }
}

/** Whether others would act differently if they knew. */
function isNoticeable(before: Announcement, after: Announcement): boolean {
  const hasMoved =
    before.state !== after.state ||
    before.span.start !== after.span.start ||
    before.span.end !== after.span.end ||
    before.nextSpan?.start !== after.nextSpan?.start ||
    before.nextSpan?.end !== after.nextSpan?.end ||
    before.multiaddrs.join() !== after.multiaddrs.join();
  if (hasMoved) return true;
  const differs = (left: number, right: number, unit: number) =>
    Math.abs(left - right) > noticeableShare * Math.max(left, right, unit);
  return (
    differs(before.decodeBlocksPerSecond, after.decodeBlocksPerSecond, 1) ||
    differs(before.kvTokensFree, after.kvTokensFree, 64) ||
    differs(before.queuedRows, after.queuedRows, queuedRowsUnit) ||
    differs(before.sessions, after.sessions, 4)
  );
}
