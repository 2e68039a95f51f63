import type { Clock, MessageChannel } from '@skein/client/network';
import {
  type Engine,
  type ErrorCode,
  errorToMessage,
  isSkeinError,
  type OpenMessage,
  type PeerId,
  type SessionId,
  SkeinError,
  type StepItem,
  type StepMessage,
  type StepOutcome,
  type Successor,
  type Tensor,
} from '@skein/protocol';
import type { ScheduledStep, StepSource, StepTimes } from '../schedule/scheduler.js';
import type { CacheStream } from './cache-stream.js';
import type { OutgoingToClient, OutgoingToPredecessor } from './outgoing.js';
import type { OutputHistory } from './output-history.js';
import type { RunAhead } from './run-ahead.js';
import { StandbyFeeds } from './standby-feeds.js';
import type { SuccessorLink } from './successor-link.js';

/** A step that was received and waits for its turn, or runs. */
export interface PendingStep extends ScheduledStep {
  readonly message: StepMessage;
  readonly item: StepItem;
}

/** Who takes a session's outputs. */
export type LinkTarget = Pick<Extract<Successor, { kind: 'peer' }>, 'peer' | 'multiaddrs'>;

/** What a session needs from its host. */
export interface SessionHostServices {
  readonly engine: Engine;
  readonly clock: Clock;
  /** A push stream to a peer that takes the session's outputs; opened with the first of them. */
  createLink(session: HopSession, to: LinkTarget): SuccessorLink;
  /** The session has a step to run, perhaps. */
  wake(session: HopSession): void;
  /** Frees a session. */
  remove(session: HopSession): void;
  /** A step's output goes on its way. */
  deliver(session: HopSession, step: PendingStep, outcome: StepOutcome, times: StepTimes): void;
}

/**
 * One client's session on this hop: its place in the model, its epoch and length, the steps that
 * wait, and where outputs go. The handlers act on it.
 */
export class HopSession implements StepSource<PendingStep> {
  readonly id: SessionId;
  readonly open: OpenMessage;
  readonly channel: MessageChannel<OutgoingToClient>;
  readonly history: OutputHistory;
  readonly hiddenSize: number;
  readonly feeds: StandbyFeeds;
  readonly pushChannels = new Set<MessageChannel<OutgoingToPredecessor>>();
  epoch: number;
  /** Tokens in the cache. */
  length = 0;
  successor: Successor | null;
  /** Set when the successor is a peer. */
  link: SuccessorLink | null = null;
  /** The session goes on without waiting for its client; null: it waits. */
  ahead: RunAhead | null = null;
  /** Leads from this last hop to the first one, once it was needed. */
  loop: SuccessorLink | null = null;
  /** Set while the cache is handed over to another peer. */
  cacheStream: CacheStream | null = null;
  /** Newest step received, and newest one computed; null before the first. */
  received: number | null = null;
  completed: number | null = null;
  isClosed = false;
  /** Milliseconds on the host's clock. */
  readonly openedAtMs: number;
  /** When a step was computed last, and when one gave logits; null before the first. */
  steppedAtMs: number | null = null;
  logitsAtMs: number | null = null;
  /** Steps of a single token that were computed. */
  decoded = 0;

  readonly #services: SessionHostServices;
  readonly #queue: PendingStep[] = [];
  #queuedRows = 0;
  #isStepping = false;
  /** Reasons not to run steps: control messages at work, and buffers that are full. */
  #holds = 0;
  #controls: Promise<unknown> = Promise.resolve();
  #onStepDone: (() => void)[] = [];
  #onRoom: (() => void)[] = [];

  constructor(options: {
    open: OpenMessage;
    channel: MessageChannel<OutgoingToClient>;
    history: OutputHistory;
    hiddenSize: number;
    services: SessionHostServices;
  }) {
    this.id = options.open.session;
    this.open = options.open;
    this.channel = options.channel;
    this.history = options.history;
    this.hiddenSize = options.hiddenSize;
    this.epoch = options.open.epoch;
    this.successor = options.open.successor;
    this.#services = options.services;
    this.openedAtMs = options.services.clock.now();
    this.feeds = new StandbyFeeds(this, options.services);
  }

  get client(): PeerId {
    return this.channel.remotePeer;
  }

  get queuedRows(): number {
    return this.#queuedRows;
  }

  get queuedSteps(): number {
    return this.#queue.length;
  }

  /** Puts a step in the queue that came, or was begun here. */
  enqueue(begun: Pick<PendingStep, 'message' | 'item' | 'arrivedAtMs'>): void {
    const { priority = 'interactive' } = this.open;
    const step = { ...begun, priority, skipped: 0, chunksWaited: 0 };
    this.received = Math.max(this.received ?? 0, step.message.step);
    this.#queue.push(step);
    this.#queuedRows += step.item.rows;
    this.#services.wake(this);
  }

  /** Settles when the queue has room again. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#onRoom.push(resolve));
  }

  /** Moves to a newer epoch: steps of older ones are forgotten. */
  enterEpoch(epoch: number): void {
    this.epoch = epoch;
    this.ahead = null;
    this.feeds.pause();
    this.cacheStream?.abort(new SkeinError('aborted', 'the client gave up on the hand-over'));
    const kept = this.#queue.filter((step) => step.message.epoch >= epoch);
    this.#queue.length = 0;
    this.#queuedRows = 0;
    for (const step of kept) {
      this.#queue.push(step);
      this.#queuedRows += step.item.rows;
    }
    this.#signalRoom();
  }

  /**
   * Runs work that must not meet a step on the engine: after the step that runs and after earlier
   * work of this kind, before the steps that wait.
   */
  control<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#holds += 1;
    const result = this.#controls.then(async () => {
      await this.#stepDone();
      if (this.isClosed) throw new SkeinError('session-unknown', 'the session was closed');
      return work();
    });
    this.#controls = result.then(
      () => this.#release(),
      () => this.#release(),
    );
    return result;
  }

  /** Runs no steps until `drained` settles: a reader further down is slow. */
  holdUntil(drained: Promise<void>): void {
    this.#holds += 1;
    void drained.then(
      () => this.#release(),
      () => this.#release(),
    );
  }

  peekStep(): PendingStep | null {
    if (this.isClosed || this.#holds > 0 || this.#isStepping) return null;
    for (let step = this.#queue[0]; step !== undefined; step = this.#queue[0]) {
      // A later epoch overtook the `truncate` that begins it; an earlier one is history.
      if (step.message.epoch > this.epoch) return null;
      if (step.message.epoch === this.epoch) {
        const { position, rows } = step.message;
        if (position === this.length && position + rows <= this.open.tokensMax) return step;
        this.#refuse(step);
      }
      this.#shift(step);
    }
    return null;
  }

  takeStep(step: PendingStep): void {
    this.#isStepping = true;
    this.#shift(step);
  }

  finishStep(step: PendingStep, outcome: StepOutcome, times: StepTimes): void {
    this.#isStepping = false;
    if (!this.isClosed) this.#services.deliver(this, step, outcome, times);
    for (const resolve of this.#onStepDone.splice(0)) resolve();
  }

  /** Tells the client that a step, or what is about a step, failed. */
  sendError(error: unknown, context: { step: number; epoch: number; about?: PeerId }): void {
    if (this.isClosed) return;
    const about = context.about;
    const message = errorToMessage(error, context);
    // Only a failed successor is named: whatever else an error may carry is this hop's business.
    if (about === undefined) delete message.about;
    void this.reply(message);
  }

  /** Sends to the client; when the stream has just ended, the session is about to. */
  reply(message: OutgoingToClient, tensors?: readonly Tensor[]): Promise<void> | undefined {
    try {
      return this.channel.send(message, tensors);
    } catch (error) {
      if (isSkeinError(error) && error.code === 'stream-closed') return undefined;
      throw error;
    }
  }

  /** Ends the session; the client is told why. Settles when it knows, or cannot be told. */
  async fail(error: unknown): Promise<void> {
    if (this.isClosed) return;
    const message = errorToMessage(error);
    delete message.about;
    void this.reply(message);
    this.#services.remove(this);
    await this.channel.close();
  }

  /** Frees the cache, after the step that runs. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#queue.length = 0;
    this.#queuedRows = 0;
    this.#signalRoom();
    this.ahead = null;
    for (const link of [this.link, this.loop]) link?.close();
    this.link = null;
    this.loop = null;
    this.feeds.close();
    this.cacheStream?.abort(new SkeinError('aborted', 'the session was closed'));
    this.history.release();
    for (const channel of this.pushChannels) void channel.close();
    this.pushChannels.clear();
    void this.#stepDone().then(() => this.#services.engine.closeSession(this.id));
  }

  #refuse(step: PendingStep): void {
    const { position, rows, epoch } = step.message;
    const isTooLong = position === this.length;
    const code: ErrorCode = isTooLong ? 'context-exceeded' : 'position-mismatch';
    const text = isTooLong
      ? `${position} + ${rows} tokens in a session opened for ${this.open.tokensMax}`
      : `step at position ${position} of a session of ${this.length} tokens`;
    const details = { position, rows, length: this.length, tokensMax: this.open.tokensMax };
    this.sendError(new SkeinError(code, text, { details }), { step: step.message.step, epoch });
  }

  #shift(step: PendingStep): void {
    this.#queue.shift();
    this.#queuedRows -= step.item.rows;
    this.#signalRoom();
  }

  #signalRoom(): void {
    if (this.#onRoom.length === 0) return;
    for (const resolve of this.#onRoom.splice(0)) resolve();
  }

  #stepDone(): Promise<void> {
    if (!this.#isStepping) return Promise.resolve();
    return new Promise((resolve) => this.#onStepDone.push(resolve));
  }

  #release(): void {
    this.#holds -= 1;
    if (this.#holds === 0 && !this.isClosed && this.#queue.length > 0) this.#services.wake(this);
  }
}
