import type { Clock, MessageChannel, SkeinNode } from '@skein/client/network';
import {
  errorMessageToError,
  type PeerId,
  pushProtocol,
  type Received,
  type SessionId,
  SkeinError,
  type Tensor,
  type ToPredecessorMessage,
  toPredecessorSchema,
  toSkeinError,
} from '@skein/protocol';
import type { OutgoingStep, OutgoingToSuccessor } from './outgoing.js';
import { sessionLimits } from './session-limits.js';

/** Options of {@link SuccessorLink}. */
export interface SuccessorLinkOptions {
  readonly node: SkeinNode;
  readonly clock: Clock;
  readonly session: SessionId;
  readonly epoch: number;
  readonly peer: PeerId;
  readonly multiaddrs: readonly string[];
  /** Outputs are lost; called once, after which the link takes outputs and drops them. */
  onFailure(error: SkeinError): void;
}

/**
 * - `idle`: there is no stream; the next output opens one.
 * - `opening`: outputs wait.
 * - `open`: outputs are sent at once. They are not held until `attached`: the successor reads on
 *   when it knows the session.
 * - `failed`, `closed`: outputs are dropped; the history has them.
 */
type LinkState = 'idle' | 'opening' | 'open' | 'failed' | 'closed';

interface Waiting {
  readonly message: OutgoingStep;
  readonly tensors: readonly Tensor[];
}

/** A session's push stream to its successor. */
export class SuccessorLink {
  readonly peer: PeerId;
  readonly #options: SuccessorLinkOptions;
  #state: LinkState = 'idle';
  #channel: MessageChannel<OutgoingToSuccessor> | null = null;
  #waiting: Waiting[] = [];
  #opened: Promise<void> = Promise.resolve();
  /** Ends the wait for a stream: nobody is to be held up by a link that is given up. */
  #stopWaiting: () => void = () => {};
  #isAttached = false;

  constructor(options: SuccessorLinkOptions) {
    this.#options = options;
    this.peer = options.peer;
  }

  /** Whether outputs still reach the successor, as far as known. */
  get isUsable(): boolean {
    return this.#state !== 'failed' && this.#state !== 'closed';
  }

  /** Whether the other side is known to take what is sent. */
  get isAttached(): boolean {
    return this.#state === 'open' && this.#isAttached;
  }

  /** Where this link leads, as the client named it. */
  leadsTo({ peer, multiaddrs }: Pick<SuccessorLinkOptions, 'peer' | 'multiaddrs'>): boolean {
    return peer === this.peer && multiaddrs.join() === this.#options.multiaddrs.join();
  }

  /**
   * Opens the stream ahead of the first output. A failure is not reported: the first output tries
   * again, and by then the client knows what to make of it.
   */
  prepare(): void {
    if (this.#state === 'idle') this.#open();
  }

  /** Sends an output. Returns a promise when more should wait, as {@link MessageChannel.send}. */
  send(message: OutgoingStep, tensors: readonly Tensor[]): Promise<void> | undefined {
    if (this.#state === 'open' && this.#channel !== null) {
      try {
        return this.#channel.send(message, tensors);
      } catch (error) {
        this.#fail(toSkeinError(error, 'stream-closed'));
        return undefined;
      }
    }
    if (this.#state === 'failed' || this.#state === 'closed') return undefined;
    this.#waiting.push({ message, tensors });
    if (this.#waiting.length > sessionLimits.outputsWaitingMax) {
      this.#fail(new SkeinError('timeout', 'the push stream is not opened in time'));
      return undefined;
    }
    if (this.#state === 'idle') this.#open();
    return this.#opened;
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#waiting = [];
    this.#stopWaiting();
    void this.#channel?.close();
    this.#channel = null;
  }

  #open(): void {
    this.#state = 'opening';
    this.#opened = new Promise((resolve) => {
      this.#stopWaiting = resolve;
      void this.#connect()
        .catch((error) => this.#onOpenFailed(error))
        .then(resolve);
    });
  }

  async #connect(): Promise<void> {
    const { node, peer, multiaddrs, session, epoch, clock } = this.#options;
    let cancelDeadline = () => {};
    const channel = await node.openChannel<typeof toPredecessorSchema, OutgoingToSuccessor>(
      { peer, multiaddrs },
      pushProtocol,
      toPredecessorSchema,
      (self) => ({
        onMessage: (received) => this.#onMessage(received, cancelDeadline),
        onClose: (error) => {
          cancelDeadline();
          this.#onClose(self, error);
        },
      }),
      {},
    );
    if (this.#state !== 'opening') {
      void channel.close();
      return;
    }
    this.#channel = channel;
    this.#isAttached = false;
    // libp2p opens streams beyond the other side's limit without a word: no answer, no stream.
    cancelDeadline = clock.schedule(sessionLimits.attachAnswerMs, () => {
      channel.abort(new SkeinError('timeout', 'no answer to `attach`', { peer }));
    });
    void channel.send({ type: 'attach', session, epoch });
    for (const { message, tensors } of this.#waiting.splice(0)) void channel.send(message, tensors);
    this.#state = 'open';
  }

  #onOpenFailed(error: unknown): void {
    if (this.#state !== 'opening') return;
    this.#state = 'idle';
    if (this.#waiting.length > 0) this.#fail(toSkeinError(error, 'peer-unreachable'));
  }

  #onMessage(received: Received<ToPredecessorMessage>, onAttached: () => void): void {
    const { message } = received;
    if (message.type === 'error') {
      this.#fail(errorMessageToError(message, this.peer));
      return;
    }
    this.#isAttached = true;
    onAttached();
  }

  #onClose(channel: MessageChannel<OutgoingToSuccessor>, error: SkeinError | null): void {
    if (this.#channel !== channel || !this.isUsable) return;
    this.#channel = null;
    // An orderly end says nothing yet: the session may have ended there just before it does here.
    if (error === null && this.#isAttached) this.#state = 'idle';
    else this.#fail(error ?? new SkeinError('stream-closed', 'the successor refused the stream'));
  }

  #fail(error: SkeinError): void {
    if (!this.isUsable) return;
    this.#state = 'failed';
    this.#waiting = [];
    this.#stopWaiting();
    const channel = this.#channel;
    this.#channel = null;
    channel?.abort(error);
    this.#options.onFailure(error);
  }
}
