import {
  decodeFrame,
  encodeFrame,
  FrameReader,
  type PeerId,
  type SkeinError,
  SkeinError as SkeinErrorClass,
  type Tensor,
} from '@skein/protocol';
import type * as z from 'zod';
import type { ChannelHandlers, MessageChannel } from '../../src/network/message-channel.js';

/** One end of a pair of channels in memory; frames are encoded and decoded as on a wire. */
export class ToyChannel<Outgoing extends object> implements MessageChannel<Outgoing> {
  readonly remotePeer: PeerId;
  readonly bufferedBytes = 0;
  readonly sent: object[] = [];
  other!: ToyChannel<object>;
  isClosed = false;
  readonly #schema: z.ZodType;
  #handlers: ChannelHandlers<never> | null = null;
  readonly #inbox: Uint8Array[] = [];
  #isPumping = false;
  #isEnding = false;

  constructor(remotePeer: PeerId, incoming: z.ZodType) {
    this.remotePeer = remotePeer;
    this.#schema = incoming;
  }

  attach(handlers: ChannelHandlers<never>): void {
    this.#handlers = handlers;
  }

  send(message: Outgoing, tensors?: readonly Tensor[]): undefined {
    if (this.isClosed) throw new SkeinErrorClass('stream-closed', 'the channel has ended');
    this.sent.push(message);
    for (const piece of encodeFrame(message, tensors)) this.other.#inbox.push(piece.slice());
    this.other.#schedule();
    return undefined;
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#handlers?.onClose(null);
    this.other.#isEnding = true;
    this.other.#schedule();
  }

  abort(error: Error): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#handlers?.onClose(error as SkeinError);
    queueMicrotask(() => {
      const { other } = this;
      if (other.isClosed) return;
      other.isClosed = true;
      other.#handlers?.onClose(new SkeinErrorClass('stream-closed', 'reset by the remote side'));
    });
  }

  #schedule(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    queueMicrotask(() => void this.#pump());
  }

  readonly #reader = new FrameReader();

  async #pump(): Promise<void> {
    for (;;) {
      const frame = this.#reader.next();
      if (frame !== null) {
        if (this.isClosed) break;
        try {
          await this.#handlers?.onMessage(decodeFrame(this.#schema, frame) as never);
        } catch (error) {
          this.abort(error as Error);
        }
        continue;
      }
      const piece = this.#inbox.shift();
      if (piece === undefined) break;
      this.#reader.push(piece);
    }
    this.#isPumping = false;
    if (this.#isEnding && !this.isClosed) {
      this.isClosed = true;
      this.#handlers?.onClose(null);
    }
  }
}

/** Two connected ends: the dialler's and the acceptor's. */
export function channelPair(
  dialler: { peer: PeerId; schema: z.ZodType },
  acceptor: { peer: PeerId; schema: z.ZodType },
): [ToyChannel<object>, ToyChannel<object>] {
  const near = new ToyChannel<object>(acceptor.peer, dialler.schema);
  const far = new ToyChannel<object>(dialler.peer, acceptor.schema);
  near.other = far;
  far.other = near;
  return [near, far];
}
