import type { PeerId, Received, SkeinError, Tensor } from '@skein/protocol';

/** What a {@link MessageChannel} calls when something happens. Calls never overlap. */
export interface ChannelHandlers<Incoming> {
  /**
   * A message arrived. While the promise that it returns is pending, no further message is
   * delivered and, past a bound, the stream is paused: this is the backpressure of a reader.
   */
  onMessage(received: Received<Incoming>): void | Promise<void>;
  /** The channel ended; `error` is null after an orderly close by the remote side. Called once. */
  onClose(error: SkeinError | null): void;
}

/** Typed messages over one libp2p stream. */
export interface MessageChannel<Outgoing extends object> {
  readonly remotePeer: PeerId;
  /** Bytes that were sent and wait for the network. */
  readonly bufferedBytes: number;
  /**
   * Sends a message. Returns undefined when the stream can take more, or a promise that settles
   * when its buffer has drained: await it before sending much more.
   *
   * @throws SkeinError `stream-closed` when the channel has ended
   */
  send(message: Outgoing, tensors?: readonly Tensor[]): Promise<void> | undefined;
  /** Ends the channel after what was sent. */
  close(): Promise<void>;
  /** Ends the channel at once; the remote side sees a reset. */
  abort(error: Error): void;
}
