import { SkeinError } from '@skein/protocol';
import type { VirtualTime } from '../world/virtual-time.js';
import type { LinkState } from './link-state.js';
import type { SimChannel } from './sim-channel.js';
import type { SimNode } from './sim-node.js';

interface Parcel {
  readonly bytes: number;
  readonly arrive: () => void;
}

/** One way of a connection: first in, first out, as TCP keeps it. */
interface Lane {
  /** When the wire is free for the next parcel. */
  freeAtMs: number;
  /** Nothing arrives before what was sent before it. */
  arrivesAtMs: number;
  /** Sent into a link that is cut: TCP sends it again when the cut is over. */
  readonly held: Parcel[];
}

/** One connection between two nodes with all streams on it. */
export class SimConnection {
  readonly nodes: readonly [SimNode, SimNode];
  readonly channels = new Set<SimChannel>();
  readonly #time: VirtualTime;
  readonly #link: LinkState;
  readonly #lanes: readonly [Lane, Lane] = [newLane(), newLane()];
  /** Each side finds out for itself. */
  readonly #isOver: [boolean, boolean] = [false, false];

  constructor(nodes: readonly [SimNode, SimNode], link: LinkState, time: VirtualTime) {
    this.nodes = nodes;
    this.#link = link;
    this.#time = time;
  }

  /** Whether a node still holds the connection for alive. */
  isOpenFor(node: SimNode): boolean {
    return !this.#isOver[this.#side(node)];
  }

  other(node: SimNode): SimNode {
    return this.nodes[1 - this.#side(node)] as SimNode;
  }

  /** Sends bytes from one side; `arrive` runs at the other unless the connection ends before. */
  transmit(from: SimNode, bytes: number, arrive: () => void): void {
    const side = this.#side(from);
    const parcel = { bytes, arrive };
    if (this.#link.isCut) (this.#lanes[side] as Lane).held.push(parcel);
    else this.#dispatch(side, parcel);
  }

  /** The cut is over: what waited goes on its way. */
  release(): void {
    for (const side of [0, 1]) {
      for (const parcel of (this.#lanes[side] as Lane).held.splice(0)) this.#dispatch(side, parcel);
    }
  }

  /** When what was sent by a side so far will have left it. */
  flushedAtMs(from: SimNode): number {
    const lane = this.#lanes[this.#side(from)] as Lane;
    return lane.held.length > 0 ? Number.POSITIVE_INFINITY : lane.freeAtMs;
  }

  /**
   * Ends the connection. The side that ends it knows at once, the other one when the reset
   * arrives, if it does.
   */
  reset(by: SimNode, reason: string): void {
    const side = this.#side(by);
    this.#end(side, reason);
    if (!this.#link.isCut)
      this.#time.schedule(this.#link.latencyMs, () => this.#end(1 - side, reason));
  }

  /** Both sides lose it at once. */
  break(reason: string): void {
    this.#end(0, reason);
    this.#end(1, reason);
  }

  /** A side loses it, and the other one hears nothing. */
  endQuietly(node: SimNode, reason: string): void {
    this.#end(this.#side(node), reason);
  }

  #dispatch(side: number, { bytes, arrive }: Parcel): void {
    const lane = this.#lanes[side] as Lane;
    const { nowMs } = this.#time;
    lane.freeAtMs = Math.max(lane.freeAtMs, nowMs) + bytes / this.#link.bytesPerMs;
    lane.arrivesAtMs = Math.max(lane.arrivesAtMs, lane.freeAtMs + this.#link.drawLatencyMs());
    this.#time.schedule(lane.arrivesAtMs - nowMs, () => {
      const receiver = this.nodes[1 - side] as SimNode;
      if (this.#isOver[1 - side]) return;
      receiver.whenAwake(() => {
        if (!this.#isOver[1 - side]) arrive();
      });
    });
  }

  #end(side: number, reason: string): void {
    if (this.#isOver[side]) return;
    const node = this.nodes[side] as SimNode;
    // A stopped process learns it when it goes on; the kernel knew before.
    node.whenAwake(() => {
      if (this.#isOver[side]) return;
      this.#isOver[side] = true;
      for (const channel of [...this.channels]) {
        if (channel.node === node) channel.onConnectionEnd(new Error(reason));
      }
      node.onConnectionEnd(this);
    });
  }

  #side(node: SimNode): number {
    if (node === this.nodes[0]) return 0;
    if (node === this.nodes[1]) return 1;
    throw new SkeinError('internal', 'a node that is no end of the connection');
  }
}

function newLane(): Lane {
  return { freeAtMs: 0, arrivesAtMs: 0, held: [] };
}
