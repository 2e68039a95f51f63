import './with-resolvers.js';
import type { Stream, StreamMessageEvent } from '@libp2p/interface';
import {
  abortAfter,
  decodeFrame,
  encodeFrame,
  errorToMessage,
  FrameReader,
  type PeerId,
  SkeinError,
  type Tensor,
  toSkeinError,
} from '@skein/protocol';
import { Uint8ArrayList } from 'uint8arraylist';
import type * as z from 'zod';
import type { ChannelAcceptor } from './contracts.js';
import type { ChannelHandlers, MessageChannel } from './message-channel.js';

/** A sender is told to wait above this, and to go on below half of it. */
const bufferedBytesHigh = 1024 * 1024;
/** Received bytes that may wait for a busy handler before the stream is paused. */
const unreadBytesMax = 1024 * 1024;
/** Time for unsent bytes to leave, and then for the remote side to close its half. */
const closeMsMax = 5_000;

/** Options of {@link createMessageChannel}. */
export interface MessageChannelOptions<Schema extends z.ZodType, Outgoing extends object> {
  readonly remotePeer: PeerId;
  /** What the remote side may send. */
  readonly schema: Schema;
  /** Called at once with the channel; returns its handlers. */
  readonly accept: ChannelAcceptor<z.infer<Schema>, Outgoing>;
  /** Counts what goes over the stream. */
  readonly meter?: TrafficMeter;
}

/** Bytes of messages, both ways. */
interface TrafficMeter {
  receivedBytes: number;
  sentBytes: number;
}

/** Puts typed messages on a raw libp2p stream, which it owns from now on. */
export function createMessageChannel<Schema extends z.ZodType, Outgoing extends object>(
  stream: Stream,
  options: MessageChannelOptions<Schema, Outgoing>,
): MessageChannel<Outgoing> {
  return new StreamChannel(stream, options);
}

/**
 * libp2p's own helpers are not used: they break on large unread messages, and `onDrain` works only
 * once. Reads are pumped by events, without a promise per message; writes are gated on the
 * stream's own count of unsent bytes.
 */
class StreamChannel<Schema extends z.ZodType, Outgoing extends object>
  implements MessageChannel<Outgoing>
{
  readonly remotePeer: PeerId;
  /** The raw stream; only tests of hostile input use it. */
  readonly rawStream: Stream;
  readonly #schema: Schema;
  readonly #handlers: ChannelHandlers<z.infer<Schema>>;
  readonly #reader = new FrameReader();
  readonly #meter: TrafficMeter;
  #unreadBytes = 0;
  /** A handler is running, or its promise is pending. */
  #isBusy = false;
  #hasRemoteEnded = false;
  #isOver = false;
  #drained: Promise<void> | undefined;
  #resolveDrained: (() => void) | undefined;
  #lingering: ReturnType<typeof setTimeout> | undefined;
  #resolveEnded: (() => void) | undefined;
  /** Settles when both sides have closed the stream, however that came about. */
  readonly #ended = new Promise<void>((resolve) => {
    this.#resolveEnded = resolve;
  });

  constructor(stream: Stream, options: MessageChannelOptions<Schema, Outgoing>) {
    this.rawStream = stream;
    this.#schema = options.schema;
    this.remotePeer = options.remotePeer;
    this.#meter = options.meter ?? { receivedBytes: 0, sentBytes: 0 };
    this.#handlers = options.accept(this);
    // The stream's own 'drain' listener sends what is queued in a microtask; look after it has.
    stream.addEventListener('drain', () => queueMicrotask(() => this.#checkDrained()));
    stream.addEventListener('idle', () => this.#checkDrained());
    stream.addEventListener('end', () => this.#onRemoteEnd());
    stream.addEventListener('close', (event) => this.#onStreamClose(event.error));
    stream.addEventListener('message', (event) => this.#onData(event));
    // The remote side may have come and gone already. What it left is delivered in a microtask.
    queueMicrotask(() => {
      if (stream.readableEnded) this.#onRemoteEnd();
      if (stream.status !== 'open') this.#onStreamClose(undefined);
    });
  }

  get bufferedBytes(): number {
    return this.rawStream.writeBufferLength;
  }

  send(message: Outgoing, tensors?: readonly Tensor[]): Promise<void> | undefined {
    if (this.#isOver) throw this.#closedError();
    const pieces = encodeFrame(message, tensors);
    for (const piece of pieces) this.#meter.sentBytes += piece.byteLength;
    try {
      this.rawStream.send(asOne(pieces));
    } catch (cause) {
      throw this.#closedError(cause);
    }
    if (this.rawStream.writeBufferLength <= bufferedBytesHigh) return undefined;
    this.#drained ??= new Promise((resolve) => {
      this.#resolveDrained = resolve;
    });
    return this.#drained;
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
    this.rawStream.abort(error);
    this.#handlers.onClose(this.#withPeer(toSkeinError(error, 'stream-closed')));
  }

  #onData(event: StreamMessageEvent): void {
    if (this.#isOver) return;
    const { data } = event;
    this.#unreadBytes += data.byteLength;
    this.#meter.receivedBytes += data.byteLength;
    try {
      if (data instanceof Uint8Array) this.#reader.push(data);
      else for (const chunk of data) this.#reader.push(chunk);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (!this.#isBusy) this.#deliver();
    else if (this.#unreadBytes > unreadBytesMax && this.rawStream.readStatus === 'readable') {
      this.rawStream.pause();
    }
  }

  /** Hands out complete messages until there are none or a handler needs time. */
  #deliver(): void {
    this.#isBusy = true;
    try {
      for (;;) {
        const frame = this.#reader.next();
        if (frame === null) break;
        const pending = this.#handlers.onMessage(decodeFrame(this.#schema, frame));
        if (this.#isOver) return;
        if (pending !== undefined) {
          pending.then(
            () => this.#deliverAgain(),
            (error) => this.#fail(error),
          );
          return;
        }
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#isBusy = false;
    this.#unreadBytes = 0;
    if (this.#hasRemoteEnded) this.#finish();
    else this.#resumeStream();
  }

  #deliverAgain(): void {
    if (!this.#isOver) this.#deliver();
  }

  #resumeStream(): void {
    if (this.rawStream.readStatus === 'paused') this.rawStream.resume();
  }

  /** The remote side will send no more, and all it sent has been received. */
  #onRemoteEnd(): void {
    // A reset ends the readable half too; its 'close' event, which has the error, comes next.
    if (this.rawStream.status === 'reset' || this.rawStream.status === 'aborted') return;
    this.#hasRemoteEnded = true;
    if (!this.#isBusy && !this.#isOver) this.#finish();
  }

  #onStreamClose(error: Error | undefined): void {
    clearTimeout(this.#lingering);
    this.#resolveEnded?.();
    if (this.#isOver) return;
    if (error !== undefined) {
      this.#stopReading();
      this.#handlers.onClose(this.#closedError(error));
      return;
    }
    // What a pause held back can still be read.
    this.#resumeStream();
    this.#onRemoteEnd();
  }

  /** Ends in order after the remote side did: a stream of which one half stays open leaks. */
  #finish(): void {
    const isCut = this.#reader.isMidFrame;
    this.#stopReading();
    void this.#closeStream();
    this.#handlers.onClose(isCut ? this.#closedError('in the middle of a message') : null);
  }

  /** Ends over what the remote side sent, or over what its owner made of it. */
  #fail(thrown: unknown): void {
    if (this.#isOver) return;
    const error = this.#withPeer(toSkeinError(thrown));
    this.#stopReading();
    if (this.#handlers.answersErrors === true && this.rawStream.writeStatus === 'writable') {
      this.rawStream.send(asOne(encodeFrame(errorToMessage(thrown))));
      void this.#closeStream();
    } else {
      this.rawStream.abort(error);
    }
    this.#handlers.onClose(error);
  }

  #stopReading(): void {
    this.#isOver = true;
    this.#resolveDrained?.();
    // What still arrives is dropped; a paused stream would keep it and never end.
    if (this.rawStream.status === 'open') this.#resumeStream();
  }

  /** Closes this half after unsent bytes have left, then gives the remote side time to do so. */
  async #closeStream(): Promise<void> {
    if (this.rawStream.status !== 'open') return;
    try {
      await this.rawStream.close({ signal: abortAfter(closeMsMax) });
    } catch (error) {
      this.rawStream.abort(toSkeinError(error, 'stream-closed'));
    }
    if (this.rawStream.status !== 'open') return;
    this.#lingering = setTimeout(() => {
      this.rawStream.abort(new SkeinError('timeout', 'the remote side did not close its half'));
    }, closeMsMax);
  }

  #checkDrained(): void {
    if (this.#drained === undefined || this.rawStream.writeBufferLength > bufferedBytesHigh / 2) {
      return;
    }
    this.#resolveDrained?.();
    this.#drained = undefined;
    this.#resolveDrained = undefined;
  }

  #closedError(reason?: unknown): SkeinError {
    const detail = reason instanceof Error ? reason.message : reason;
    const suffix = detail === undefined ? '' : `: ${detail}`;
    return new SkeinError('stream-closed', `stream with ${this.remotePeer} closed${suffix}`, {
      cause: reason,
      peer: this.remotePeer,
    });
  }

  #withPeer(error: SkeinError): SkeinError {
    if (error.peer !== undefined) return error;
    return new SkeinError(error.code, error.message, {
      cause: error.cause,
      peer: this.remotePeer,
      details: error.details,
    });
  }
}

/**
 * A message as the stream takes it: views, which the muxer joins where that is cheaper. Until they are
 * sent nobody may write to them; tensors are never written to once they are made.
 */
function asOne(pieces: readonly Uint8Array[]): Uint8Array | Uint8ArrayList {
  const [first] = pieces;
  return first !== undefined && pieces.length === 1 ? first : new Uint8ArrayList(...pieces);
}
