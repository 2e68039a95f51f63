import type { ChannelHandlers, MessageChannel } from '@skein/client/network';
import {
  decodeFrame,
  encodeFrame,
  errorToMessage,
  FrameReader,
  type PeerId,
  SkeinError,
  type Tensor,
  toSkeinError,
} from '@skein/protocol';
import type { SimConnection } from './sim-connection.js';
import type { SimNode } from './sim-node.js';

/** The schema of what a side may be sent, as `decodeFrame` takes it. */
export type FrameSchema = Parameters<typeof decodeFrame>[0];

/** Time for unsent bytes to leave, and then for the remote side to close its half. */
const closeMsMax = 5_000;

/**
 * One end of a stream. Frames are encoded and decoded as on a real one, and its ends come about
 * as those of the channel on libp2p streams do.
 */
export class SimChannel implements MessageChannel<object> {
  readonly remotePeer: PeerId;
  readonly node: SimNode;
  readonly protocol: string;
  other!: SimChannel;
  readonly #connection: SimConnection;
  readonly schema: FrameSchema;
  readonly #reader = new FrameReader();
  #handlers!: ChannelHandlers<unknown>;
  /** Bytes that were sent and not taken by the remote side's handler. */
  #pendingBytes = 0;
  #unreadBytes = 0;
  #isBusy = false;
  #hasRemoteEnded = false;
  /** Nothing is handed out or sent any more. */
  #isOver = false;
  #hasSentEnd = false;
  #drained: { promise: Promise<void>; resolve: () => void } | null = null;
  #resolveEnded: () => void = () => {};
  readonly #ended = new Promise<void>((resolve) => {
    this.#resolveEnded = resolve;
  });

  constructor(
    ends: { node: SimNode; remotePeer: PeerId; connection: SimConnection; protocol: string },
    schema: FrameSchema,
  ) {
    this.node = ends.node;
    this.remotePeer = ends.remotePeer;
    this.protocol = ends.protocol;
    this.#connection = ends.connection;
    this.schema = schema;
    this.#connection.channels.add(this);
  }

  attach(handlers: ChannelHandlers<unknown>): void {
    this.#handlers = handlers;
  }

  get bufferedBytes(): number {
    return this.#pendingBytes;
  }

  send(message: object, tensors?: readonly Tensor[]): Promise<void> | undefined {
    if (this.#isOver || this.#hasSentEnd) throw this.#closedError();
    const frames = this.node.wire.outgoing(this, message, tensors);
    for (const frame of frames) this.#transmit(frame);
    const { bufferedBytesMax } = this.node.network;
    if (this.#pendingBytes <= bufferedBytesMax) return undefined;
    this.#drained ??= createDrain();
    return this.#drained.promise;
  }

  async close(): Promise<void> {
    if (this.#isOver) return this.#ended;
    this.#stopReading();
    await this.#closeStream();
    this.#handlers.onClose(null);
    await this.#ended;
  }

  abort(error: Error): void {
    if (this.#isOver) return;
    this.#stopReading();
    this.#resetStream();
    this.#handlers.onClose(this.#withPeer(toSkeinError(error, 'stream-closed')));
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The stream was never opened. */
  detach(): void {
    this.#connection.channels.delete(this);
    this.#isOver = true;
  }

  /** The connection is gone. */
  onConnectionEnd(reason: Error): void {
    this.#onReset(reason);
  }

  #transmit(bytes: Uint8Array): void {
    const { other, node } = this;
    if (node.isDead) return;
    node.network.trace.frame(node.name, other.node.name, this.protocol, bytes.byteLength);
    this.#pendingBytes += bytes.byteLength;
    this.#connection.transmit(node, bytes.byteLength, () => other.#onData(bytes));
  }

  #onData(bytes: Uint8Array): void {
    this.#unreadBytes += bytes.byteLength;
    if (this.#isOver) {
      this.#taken();
      return;
    }
    try {
      this.#reader.push(bytes);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (!this.#isBusy) this.#deliver();
  }

  #deliver(): void {
    this.#isBusy = true;
    try {
      for (;;) {
        const frame = this.#reader.next();
        if (frame === null) break;
        const pending = this.#handlers.onMessage(decodeFrame(this.schema, frame));
        if (this.#isOver) return;
        if (pending !== undefined) {
          pending.then(
            () => {
              if (!this.#isOver) this.#deliver();
            },
            (error: unknown) => this.#fail(error),
          );
          return;
        }
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#isBusy = false;
    this.#taken();
    if (this.#hasRemoteEnded) this.#finish();
  }

  /** What was received has been handled: the sender's buffer has room. */
  #taken(): void {
    if (this.#unreadBytes === 0) return;
    this.other.#onTaken(this.#unreadBytes);
    this.#unreadBytes = 0;
  }

  #onTaken(bytes: number): void {
    this.#pendingBytes -= bytes;
    if (this.#pendingBytes > this.node.network.bufferedBytesMax / 2) return;
    this.#drained?.resolve();
    this.#drained = null;
  }

  #onRemoteEnd(): void {
    this.#hasRemoteEnded = true;
    if (this.#isOver) this.#settleEnd();
    else if (!this.#isBusy) this.#finish();
  }

  #onReset(reason: Error): void {
    this.#connection.channels.delete(this);
    const wasOver = this.#isOver;
    this.#stopReading();
    this.#resolveEnded();
    if (!wasOver) this.#handlers.onClose(this.#closedError(reason));
  }

  #finish(): void {
    const isCut = this.#reader.isMidFrame;
    this.#stopReading();
    void this.#closeStream();
    this.#handlers.onClose(
      isCut ? this.#closedError(new Error('in the middle of a message')) : null,
    );
  }

  #fail(thrown: unknown): void {
    if (this.#isOver) return;
    const error = this.#withPeer(toSkeinError(thrown));
    const isTold = this.#handlers.answersErrors === true;
    if (isTold) {
      this.node.network.trace.note(`${this.node.name} ends ${this.protocol}: ${error.message}`);
      this.#transmit(joined(encodeFrame(errorToMessage(thrown))));
    }
    this.#stopReading();
    if (isTold) void this.#closeStream();
    else this.#resetStream();
    this.#handlers.onClose(error);
  }

  #stopReading(): void {
    this.#isOver = true;
    this.#taken();
    this.#drained?.resolve();
    this.#drained = null;
  }

  #resetStream(): void {
    const { other } = this;
    this.#connection.channels.delete(this);
    this.#resolveEnded();
    this.#connection.transmit(this.node, 12, () => other.#onReset(new Error('stream reset')));
  }

  /** Sends the end behind what was sent; settles when all of it has left. */
  async #closeStream(): Promise<void> {
    if (this.#hasSentEnd) return;
    this.#hasSentEnd = true;
    const { other } = this;
    this.#connection.transmit(this.node, 12, () => other.#onRemoteEnd());
    const { time } = this.node.network;
    const leftMs = Math.min(this.#connection.flushedAtMs(this.node) - time.nowMs, closeMsMax);
    if (leftMs > 0) await time.sleep(leftMs);
    this.#settleEnd();
    // A remote side that keeps its half open is not waited for.
    time.schedule(closeMsMax, () => {
      if (this.#connection.channels.delete(this)) this.#resolveEnded();
    });
  }

  #settleEnd(): void {
    if (!this.#hasSentEnd || !this.#hasRemoteEnded) return;
    this.#connection.channels.delete(this);
    this.#resolveEnded();
  }

  #closedError(reason?: Error): SkeinError {
    const suffix = reason === undefined ? '' : `: ${reason.message}`;
    return new SkeinError('stream-closed', `stream with ${this.remotePeer} closed${suffix}`, {
      peer: this.remotePeer,
    });
  }

  #withPeer(error: SkeinError): SkeinError {
    if (error.peer !== undefined) return error;
    const { cause, details } = error;
    return new SkeinError(error.code, error.message, { cause, peer: this.remotePeer, details });
  }
}

/** Pieces of a frame as one. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.byteLength;
  }
  return bytes;
}

function createDrain(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
