import {
  bytesOf,
  decodeFrame,
  encodeFrame,
  type Frame,
  FrameReader,
  pushProtocol,
  sessionProtocol,
  type Tensor,
} from '@skein/protocol';
import type { SeededRandom } from '../world/seeded-random.js';
import { type FrameSchema, joined, type SimChannel } from './sim-channel.js';
import type { SimNode } from './sim-node.js';

/** What a faulty peer does to what it sends. */
export type WireFault = 'corrupt' | 'duplicate' | 'loss' | 'nan' | 'shape';

/** Only what belongs to sessions is tampered with: the rest is repeated by itself. */
const tamperedProtocols = new Set([sessionProtocol, pushProtocol]);

/** What leaves a node, and what is done to it. */
export class WireFaults {
  readonly #node: SimNode;
  readonly #random: SeededRandom;
  /** Messages to be spoilt, by kind of fault. */
  readonly #pending = new Map<WireFault, number>();

  constructor(node: SimNode, random: SeededRandom) {
    this.#node = node;
    this.#random = random;
  }

  /** Spoils the next `count` messages that the fault fits. */
  inject(fault: WireFault, count: number): void {
    this.#pending.set(fault, (this.#pending.get(fault) ?? 0) + count);
  }

  /** The bytes of a message as they leave, frame by frame. */
  outgoing(channel: SimChannel, message: object, tensors?: readonly Tensor[]): Uint8Array[] {
    const { network } = this.#node;
    const { type = '?', ...fields } = message as { type?: string; code?: string; message?: string };
    if (type === 'error') {
      const to = channel.other.node.name;
      network.trace.note(`${this.#node.name} tells ${to}: ${fields.code}: ${fields.message}`);
    }
    network.onMessage({ from: this.#node, to: channel.remotePeer, type });
    if (this.#pending.size === 0 || !tamperedProtocols.has(channel.protocol)) {
      return [joined(encodeFrame(message, tensors))];
    }
    let sent = tensors;
    if (hasNumbers(sent) && this.#strikes('nan', type)) sent = withNaN(sent);
    if (hasNumbers(sent) && this.#strikes('shape', type)) sent = withOtherShape(sent);
    const frame = joined(encodeFrame(message, sent));
    if (this.#strikes('loss', type)) return [];
    if (this.#strikes('duplicate', type)) return [frame, frame.slice()];
    if (this.#strikes('corrupt', type)) return [this.#corrupted(frame, channel.other.schema)];
    return [frame];
  }

  #strikes(fault: WireFault, type: string): boolean {
    const count = this.#pending.get(fault) ?? 0;
    // Not every message: some of the first pass unharmed.
    if (count === 0 || this.#random.chance(0.5)) return false;
    if (count === 1) this.#pending.delete(fault);
    else this.#pending.set(fault, count - 1);
    this.#node.network.countFault(`wire-${fault}`);
    this.#node.network.trace.note(`${this.#node.name} sends a spoilt ${type}: ${fault}`);
    return true;
  }

  /**
   * Flips bits of the head of a frame, so that the receiver cannot take it for a valid message.
   * What still makes sense would be a lie, which only spot checks can find.
   */
  #corrupted(frame: Uint8Array, schema: FrameSchema): Uint8Array {
    for (;;) {
      const bytes = frame.slice();
      const index = this.#random.integer(0, Math.min(bytes.byteLength - 1, 63));
      bytes[index] = (bytes[index] as number) ^ (1 << this.#random.integer(0, 7));
      if (!isValid(bytes, schema)) return bytes;
    }
  }
}

function hasNumbers(tensors: readonly Tensor[] | undefined): tensors is readonly Tensor[] {
  return tensors?.some(({ type }) => type !== 'i32' && type !== 'u8') === true;
}

function isValid(bytes: Uint8Array, schema: FrameSchema): boolean {
  try {
    const reader = new FrameReader();
    reader.push(bytes.slice());
    const frame: Frame | null = reader.next();
    if (frame === null || reader.isMidFrame) return false;
    decodeFrame(schema, frame);
    return true;
  } catch {
    return false;
  }
}

/** All bits of the first number are ones, which is a NaN in every floating-point type. */
function withNaN(tensors: readonly Tensor[]): Tensor[] {
  return tensors.map((tensor) => {
    if (tensor.type === 'i32' || tensor.type === 'u8') return tensor;
    const bytes = tensor.bytes.slice();
    bytes.fill(0xff, 0, 4);
    return { ...tensor, bytes };
  });
}

/** A row too many. */
function withOtherShape(tensors: readonly Tensor[]): Tensor[] {
  return tensors.map((tensor) => {
    const [rows = 1, ...rest] = tensor.shape;
    const rowBytes = tensor.bytes.byteLength / rows;
    const bytes = new Uint8Array(tensor.bytes.byteLength + rowBytes);
    bytes.set(bytesOf(tensor.bytes));
    return { ...tensor, shape: [rows + 1, ...rest], bytes };
  });
}
