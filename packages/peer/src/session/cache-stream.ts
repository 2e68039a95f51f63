import type { Clock, MessageChannel, SkeinNode } from '@skein/client/network';
import {
  errorMessageToError,
  type HandOverMessage,
  pushProtocol,
  type Received,
  SkeinError,
  type ToPredecessorMessage,
  toPredecessorSchema,
} from '@skein/protocol';
import type { CachePiece } from './cache-pieces.js';
import type { OutgoingToSuccessor } from './outgoing.js';
import { sessionLimits } from './session-limits.js';

/** A push stream over which a session's cache goes to the peer that takes over. */
export class CacheStream {
  readonly #target: HandOverMessage;
  readonly #abort = new AbortController();
  #channel: MessageChannel<OutgoingToSuccessor> | null = null;
  #onAttached: () => void = () => {};

  /** Does no I/O. */
  constructor(target: HandOverMessage) {
    this.#target = target;
  }

  /**
   * Opens the stream. Nothing is sent to a peer that does not know the session, or nobody could
   * tell what a peer might be made to send where.
   *
   * @throws SkeinError `peer-unreachable`, `timeout`, or what the peer answers
   */
  async open(node: SkeinNode, clock: Clock): Promise<void> {
    const { peer, multiaddrs, session, epoch } = this.#target;
    const { signal } = this.#abort;
    const late = () => this.abort(new SkeinError('timeout', 'no answer to `attach`', { peer }));
    const cancel = clock.schedule(sessionLimits.attachAnswerMs, late);
    try {
      this.#channel = await node.openChannel<typeof toPredecessorSchema, OutgoingToSuccessor>(
        { peer, multiaddrs },
        pushProtocol,
        toPredecessorSchema,
        () => ({
          onMessage: (received) => this.#onMessage(received),
          onClose: (error) => this.abort(error ?? ended()),
        }),
        { signal },
      );
      const attached = new Promise<void>((resolve) => {
        this.#onAttached = resolve;
        signal.addEventListener('abort', () => resolve());
      });
      if (signal.aborted) this.#channel.abort(signal.reason as SkeinError);
      else void this.#channel.send({ type: 'attach', session, epoch });
      await attached;
      signal.throwIfAborted();
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      cancel();
    }
  }

  /**
   * Sends a piece; settles when the stream can take another.
   * @throws SkeinError why the stream has ended
   */
  async send({ message, tensors }: CachePiece): Promise<void> {
    this.#abort.signal.throwIfAborted();
    await this.#channel?.send(message, tensors);
    this.#abort.signal.throwIfAborted();
  }

  /** Ends the stream after what was sent. */
  close(): void {
    const channel = this.#channel;
    this.#channel = null;
    void channel?.close();
  }

  /** Ends the stream at once, and whatever waits on it. */
  abort(error: SkeinError): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort(error);
    const channel = this.#channel;
    this.#channel = null;
    channel?.abort(error);
  }

  #onMessage({ message }: Received<ToPredecessorMessage>): void {
    if (message.type === 'attached') this.#onAttached();
    else this.abort(errorMessageToError(message, this.#target.peer));
  }
}

function ended(): SkeinError {
  return new SkeinError('stream-closed', 'the peer that takes over ended the stream');
}
