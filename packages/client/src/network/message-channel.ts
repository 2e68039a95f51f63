import type { PeerId, Received, SkeinError, Tensor } from '@skein/protocol';

/** What a {@link MessageChannel} calls when something happens. Message calls never overlap. */
export interface ChannelHandlers<Incoming> {
  /**
   * A message arrived. While the promise that it returns is pending, no further message is
   * delivered and, past a bound, the stream is paused: this is the backpressure of a reader.
   * What it throws ends the channel, as a message that cannot be read does.
   */
  onMessage(received: Received<Incoming>): void | Promise<void>;
  /**
   * The channel ended; `error` is null after an orderly close, by the remote side or by `close`.
   * Called once, also when the promise of an `onMessage` is still pending.
   */
  onClose(error: SkeinError | null): void;
  /**
   * The other side's schema knows `error`: it is sent one before the channel ends over what it
   * sent or over what `onMessage` threw. Default: the stream is reset without a word.
   */
  readonly answersErrors?: boolean;
}

/** Typed messages over one libp2p stream. */
export interface MessageChannel<Outgoing extends object> {
  readonly remotePeer: PeerId;
  /** Bytes that were sent and wait for the network. */
  readonly bufferedBytes: number;
  /**
   * Sends a message. Returns undefined when the stream can take more, or a promise that settles
   * when its buffer has drained (or the channel has ended): await it before sending much more.
   * The tensors' bytes must not change afterwards.
   *
   * @throws SkeinError `stream-closed` when the channel has ended
   */
  send(message: Outgoing, tensors?: readonly Tensor[]): Promise<void> | undefined;
  /**
   * Ends the channel after what was sent. Settles when the remote side has taken it all and closed
   * its half too, or did not do so for some seconds.
   */
  close(): Promise<void>;
  /** Ends the channel at once; the remote side sees a reset. */
  abort(error: Error): void;
}

export { createMessageChannel, type MessageChannelOptions } from './stream-channel.js';
