import {
  type AheadMessage,
  type Ends,
  type ErrorCode,
  type ErrorMessage,
  type HandedOverMessage,
  type HandOverMessage,
  type KvExportMessage,
  type KvMessage,
  type OpenedMessage,
  type PeerId,
  type ProbedMessage,
  type Received,
  type ReplayedMessage,
  type ReplayMessage,
  type ResultMessage,
  SkeinError,
  type Span,
  type Standby,
  type StepMessage,
  type Successor,
  sessionProtocol,
  type Tensor,
  type ToClientMessage,
  type TruncatedMessage,
  toClientSchema,
  toSkeinError,
} from '@skein/protocol';
import type { Clock } from '../clock.js';
import type { SkeinNode } from '../network/contracts.js';
import type { MessageChannel } from '../network/message-channel.js';
import type { RouteHop } from '../routing/snapshot.js';
import { createDeferred } from './deferred.js';
import { scheduleFairly } from './fair-timer.js';
import { errorFromHop } from './judge-error.js';
import type { OutgoingMessage, OutgoingStep } from './outgoing.js';
import {
  type Answer,
  type AnswerType,
  type Expectation,
  PendingAnswers,
} from './pending-answers.js';
import { sessionLimits } from './session-limits.js';
import { SlowSteps } from './slow-steps.js';

/** What happens on a hop's stream without having been asked for. */
export interface HopEvents {
  onResult(hop: Hop, received: Received<ResultMessage>): void;
  /** The hop's output, to be passed on to its successor. */
  onRelay(hop: Hop, received: Received<StepMessage>): Promise<void> | undefined;
  onError(hop: Hop, message: ErrorMessage): void;
  /** The hop's peer is about to leave; until then it serves on. */
  onLeaving(hop: Hop): void;
  /** The stream ended although nobody here ended it. */
  onClosed(hop: Hop, error: SkeinError): void;
}

/** A piece of cache on its way through the client. */
export type OutgoingPiece = Extract<OutgoingMessage, { type: 'kv' }>;

/** Where a hop was last told to send its outputs. */
export type HopTarget = Hop | 'client' | null;

/** What a hop's traces add up to, over single-token steps. */
export interface HopUsage {
  steps: number;
  queueMs: number;
  computeMs: number;
}

/**
 * One peer's part of a session: its stream, questions and answers on it, and what the client keeps
 * in mind about it. It decides nothing.
 */
export class Hop {
  readonly peer: PeerId;
  readonly name: string;
  readonly multiaddrs: readonly string[];
  readonly span: Span;
  readonly ends: Ends;
  readonly numericKind: string;
  readonly usage: HopUsage = { steps: 0, queueMs: 0, computeMs: 0 };
  readonly slowSteps = new SlowSteps();
  /** Set when the hop cannot be used any more. */
  isLost = false;
  /** When its peer will be gone, on the clock; null as long as it stays. */
  leavesAtMs: number | null = null;
  /** Its successor is alive but out of its reach: the client passes its outputs on. */
  needsRelay = false;
  target: HopTarget = null;
  /** The epoch that the hop is known to be in. */
  epoch = -1;
  /** Answers of the last `truncate`, or those of a fresh hop. */
  length = 0;
  historyStart = 0;
  /** The session is open on it. */
  isReady = false;
  /** From a probe; null before the first answer. */
  roundTripMs: number | null = null;

  /** Who hears what happens on the stream; another one when a standby takes over. */
  events: HopEvents;
  readonly #clock: Clock;
  readonly #answers: PendingAnswers;
  #channel: MessageChannel<OutgoingMessage> | null = null;
  #opened: Promise<OpenedMessage> | null = null;
  #isOver = false;
  /** Why the hop is about to end the stream: the end itself tells nothing. */
  #lastWords: SkeinError | null = null;
  readonly #ended = createDeferred<void>();
  #probeCount = 0;
  #probing: Promise<ProbedMessage | null> | null = null;
  /** Takes the pieces of the cache that is exported. */
  #onPiece: ((received: Received<KvMessage>) => Promise<void> | undefined) | null = null;

  constructor(hop: RouteHop, events: HopEvents, clock: Clock) {
    this.peer = hop.peer;
    this.name = hop.name;
    this.multiaddrs = hop.multiaddrs;
    this.span = hop.span;
    this.ends = hop.ends;
    this.numericKind = hop.numericKind;
    this.events = events;
    this.#clock = clock;
    this.#answers = new PendingAnswers(clock);
  }

  /** The stream has ended, by whomever. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** How a predecessor is told of this hop. */
  get asSuccessor(): Successor {
    return { kind: 'peer', peer: this.peer, multiaddrs: [...this.multiaddrs] };
  }

  /**
   * Dials, opens the stream and the session on it. Further calls return the first one's promise.
   * @throws SkeinError `peer-unreachable`, `timeout`, or what the hop answers
   */
  open(
    node: SkeinNode,
    message: Extract<OutgoingMessage, { type: 'open' }>,
    target: HopTarget,
  ): Promise<OpenedMessage> {
    if (this.#opened === null) {
      this.target = target;
      this.#opened = this.#open(node, message);
    }
    return this.#opened;
  }

  /** @throws SkeinError `stream-closed` */
  send(message: OutgoingStep, tensors: readonly Tensor[]): Promise<void> | undefined {
    return this.#openChannel().send(message, tensors);
  }

  /** Tells a last hop how far it may go on by itself. */
  goAhead(message: AheadMessage): void {
    void this.#openChannel().send(message);
  }

  /** Forgets tokens from `position` on; the answer's figures are kept in this object as well. */
  async truncate(epoch: number, position: number): Promise<TruncatedMessage> {
    const answer = await this.#askWatched(
      { type: 'truncate', epoch, position },
      { type: 'truncated', tag: epoch, timeoutMs: sessionLimits.controlMs },
    );
    if (answer.position > position) {
      throw this.#error('protocol-violation', `truncated to ${answer.position} not ${position}`);
    }
    this.epoch = epoch;
    this.length = answer.position;
    this.historyStart = answer.historyStart;
    return answer;
  }

  /** Sends outputs to another successor from now on, and to these standbys beside it. */
  async link(epoch: number, target: HopTarget, standbys: readonly Standby[] = []): Promise<void> {
    const successor = target instanceof Hop ? target.asSuccessor : target && { kind: 'client' };
    await this.#askWatched(
      {
        type: 'link',
        epoch,
        successor: successor as Successor | null,
        ...(standbys.length > 0 && { standbys: [...standbys] }),
      },
      { type: 'linked', tag: epoch, timeoutMs: sessionLimits.controlMs },
    );
    this.target = target;
  }

  /** @throws SkeinError `history-gone` when the outputs are not there any more */
  replay(message: Omit<ReplayMessage, 'type'>): Promise<ReplayedMessage> {
    return this.#ask(
      { type: 'replay', ...message },
      // Sending a long history takes as long as the successor's computing: no fixed time.
      { type: 'replayed', tag: message.epoch, timeoutMs: null },
    );
  }

  /** Lets the hop send its cache to another peer. What it says of the outcome is its claim. */
  handOver(
    message: Omit<HandOverMessage, 'type'>,
    options: { readonly timeoutMs: number },
  ): Promise<HandedOverMessage> {
    this.epoch = message.epoch;
    return this.#ask(
      { type: 'hand-over', ...message },
      { type: 'handed-over', tag: message.epoch, ...options },
    );
  }

  /**
   * Reads a part of the hop's cache, piece by piece; settles after the last. What `onPiece` throws
   * is the hop's fault and ends it; while its promise is pending, the hop waits.
   */
  async exportCache(
    range: Omit<KvExportMessage, 'type'>,
    options: {
      readonly timeoutMs: number;
      readonly onPiece: (received: Received<KvMessage>) => Promise<void> | undefined;
    },
  ): Promise<void> {
    const { timeoutMs, onPiece } = options;
    this.#onPiece = onPiece;
    try {
      await this.#ask({ type: 'kv-export', ...range }, { type: 'kv', tag: null, timeoutMs });
    } finally {
      this.#onPiece = null;
    }
  }

  /** @throws SkeinError `stream-closed` */
  sendPiece(message: OutgoingPiece, tensors: readonly Tensor[]): Promise<void> | undefined {
    return this.#openChannel().send(message, tensors);
  }

  /** Settles with the hop's length once a whole cache was imported, from whomever it came. */
  async imported(options: { readonly timeoutMs: number }): Promise<number> {
    const { position } = await this.#answers.expect({ type: 'kv-imported', tag: null, ...options });
    return position;
  }

  /** Asks how far the hop is; null when it does not answer in time. */
  probe(): Promise<ProbedMessage | null> {
    this.#probing ??= this.#probeOnce().finally(() => {
      this.#probing = null;
    });
    return this.#probing;
  }

  /** Ends the session on the hop in order, or by a reset when it does not answer in time. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#end();
    if (this.#channel === null) return;
    try {
      await this.#ask(
        { type: 'close' },
        { type: 'closed', tag: null, timeoutMs: sessionLimits.closeMs },
      );
      void this.#channel.close().catch(() => {});
    } catch (error) {
      this.#channel.abort(toSkeinError(error));
    } finally {
      this.#answers.rejectAll(closedByUs());
    }
  }

  /** Ends the stream at once. */
  abort(error: SkeinError): void {
    if (this.#isOver) return;
    this.#end();
    this.#answers.rejectAll(error);
    this.#channel?.abort(error);
  }

  /** Resolves when the hop was closed, by either side. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  #end(): void {
    this.#isOver = true;
    this.#ended.resolve();
  }

  async #probeOnce(): Promise<ProbedMessage | null> {
    this.#probeCount += 1;
    const probe = this.#probeCount;
    const askedAtMs = this.#clock.now();
    try {
      const answer = await this.#ask(
        { type: 'probe', probe },
        { type: 'probed', tag: probe, timeoutMs: sessionLimits.probeMs },
      );
      this.roundTripMs = this.#clock.now() - askedAtMs;
      return answer;
    } catch {
      return null;
    }
  }

  async #open(
    node: SkeinNode,
    message: Extract<OutgoingMessage, { type: 'open' }>,
  ): Promise<OpenedMessage> {
    const controller = new AbortController();
    const isConnected = node.connectedPeers.includes(this.peer);
    const { openMs, openConnectedMs } = sessionLimits;
    const streamMs = isConnected ? openConnectedMs : openMs;
    const cancel = scheduleFairly(this.#clock, streamMs, () => controller.abort());
    try {
      const channel = await node.openChannel<typeof toClientSchema, OutgoingMessage>(
        { peer: this.peer, multiaddrs: this.multiaddrs },
        sessionProtocol,
        toClientSchema,
        () => ({
          onMessage: (received) => this.#onMessage(received),
          onClose: (error) => this.#onClose(error),
        }),
        { signal: controller.signal },
      );
      if (this.#isOver) {
        channel.abort(closedByUs());
        throw closedByUs();
      }
      this.#channel = channel;
    } catch (error) {
      if (controller.signal.aborted) throw this.#error('timeout', 'no stream in time');
      throw toSkeinError(error, 'peer-unreachable');
    } finally {
      cancel();
    }
    this.epoch = message.epoch;
    const timeoutMs = openConnectedMs;
    const opened = await this.#ask(message, { type: 'opened', tag: null, timeoutMs });
    this.isReady = true;
    return opened;
  }

  /** Sends a message and waits for its answer. */
  async #ask<Type extends AnswerType>(
    message: OutgoingMessage,
    expected: Expectation<Type>,
  ): Promise<Answer<Type>> {
    const channel = this.#openChannel();
    const answer = this.#answers.expect(expected);
    void channel.send(message);
    try {
      return await answer;
    } catch (error) {
      const known = toSkeinError(error);
      throw known.peer === undefined ? this.#error(known.code, known.message) : known;
    }
  }

  /**
   * As {@link Hop.#ask}, of a question that may have to wait for the engine: a hop that is not
   * busy but silent is found out by a probe, which waits for nothing.
   */
  async #askWatched<Type extends AnswerType>(
    message: OutgoingMessage,
    expected: Expectation<Type>,
  ): Promise<Answer<Type>> {
    const answer = this.#ask(message, expected);
    let isWaiting = true;
    const look = async () => {
      if ((await this.probe()) !== null || !isWaiting) return;
      this.#answers.reject(expected.type, this.#error('timeout', 'does not answer'));
    };
    const cancel = scheduleFairly(this.#clock, sessionLimits.probeMs, () => void look());
    try {
      return await answer;
    } finally {
      isWaiting = false;
      cancel();
    }
  }

  #onMessage({ message, tensors }: Received<ToClientMessage>): Promise<void> | undefined {
    switch (message.type) {
      case 'result':
        this.events.onResult(this, { message, tensors });
        return undefined;
      case 'step':
        return this.events.onRelay(this, { message, tensors });
      case 'error':
        this.#onErrorMessage(message);
        return undefined;
      case 'kv':
        return this.#onKv({ message, tensors });
      case 'draining':
        this.leavesAtMs = this.#clock.now() + message.remainingMs;
        this.events.onLeaving(this);
        return undefined;
      default:
        this.#answers.resolve(message);
        return undefined;
    }
  }

  #onKv(received: Received<KvMessage>): Promise<void> | undefined {
    const pending = this.#onPiece?.(received);
    if (received.message.length !== undefined) this.#answers.resolve(received.message);
    return pending;
  }

  /** An error answers the question that it belongs to; otherwise it is an event. */
  #onErrorMessage(message: ErrorMessage): void {
    const error = errorFromHop(message, this.peer);
    if (message.step === undefined) this.#lastWords = error;
    if (this.#answers.has('opened')) this.#answers.reject('opened', error);
    else if (error.code === 'history-gone' && this.#answers.has('replayed')) {
      this.#answers.reject('replayed', error);
    } else if (this.#answers.has('kv-imported')) this.#answers.reject('kv-imported', error);
    else this.events.onError(this, message);
  }

  #onClose(error: SkeinError | null): void {
    const reason = error ?? this.#lastWords ?? this.#error('stream-closed', 'ended the stream');
    this.#answers.rejectAll(reason);
    if (this.#isOver) return;
    this.#end();
    this.events.onClosed(this, reason);
  }

  #openChannel(): MessageChannel<OutgoingMessage> {
    if (this.#channel !== null) return this.#channel;
    throw this.#error('stream-closed', 'there is no stream');
  }

  #error(code: ErrorCode, text: string): SkeinError {
    return new SkeinError(code, `${this.name} (${this.peer}): ${text}`, { peer: this.peer });
  }
}

function closedByUs(): SkeinError {
  return new SkeinError('aborted', 'the session was closed');
}
