import type { PeerId } from '@skein/protocol';
import type { SeededRandom } from '../world/seeded-random.js';
import type { Trace } from '../world/trace.js';
import { VerifiedRecords } from '../world/verified-records.js';
import type { VirtualTime } from '../world/virtual-time.js';
import { LinkState } from './link-state.js';
import { SimConnection } from './sim-connection.js';
import type { SimNode } from './sim-node.js';

/** A connection without a sign of life is given up after so long, as libp2p's monitor does. */
const silenceMs = { min: 20_000, max: 30_000 } as const;

/** A message that a node is about to send. */
export interface SentMessage {
  readonly from: SimNode;
  readonly to: PeerId;
  readonly type: string;
}

/** All machines and the ways between them. */
export class SimNetwork {
  readonly time: VirtualTime;
  readonly trace: Trace;
  readonly random: SeededRandom;
  /** A sender is told to wait when more than this is on its way. */
  readonly bufferedBytesMax: number;
  /** Called for every message, before it is on its way. */
  onMessage: (message: SentMessage) => void = () => {};
  /** Faults that came to bear, by kind. */
  readonly faultCounts = new Map<string, number>();
  /** For all directories: what one of them checked need not be checked again. */
  readonly verifyRecord = new VerifiedRecords().verify;
  readonly #nodes = new Map<PeerId, SimNode>();
  readonly #links = new Map<string, LinkState>();
  readonly #connections = new Set<SimConnection>();

  constructor(options: {
    time: VirtualTime;
    trace: Trace;
    random: SeededRandom;
    bufferedBytesMax: number;
  }) {
    this.time = options.time;
    this.trace = options.trace;
    this.random = options.random;
    this.bufferedBytesMax = options.bufferedBytesMax;
  }

  countFault(kind: string): void {
    this.faultCounts.set(kind, (this.faultCounts.get(kind) ?? 0) + 1);
  }

  /** The process that answers under an id; an earlier one of the same id is forgotten. */
  add(node: SimNode): void {
    const before = this.#nodes.get(node.peer);
    this.#nodes.set(node.peer, node);
    // The new process knows none of the old one's connections.
    if (before !== undefined) this.breakAll(before, 'the process started anew');
  }

  find(peer: PeerId): SimNode | undefined {
    return this.#nodes.get(peer);
  }

  link(left: PeerId, right: PeerId): LinkState {
    const key = left < right ? `${left}|${right}` : `${right}|${left}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      const random = this.random.fork(key);
      const latencyMs = random.logarithmic(0.5, 60);
      const bytesPerMs = random.logarithmic(500, 50_000);
      link = new LinkState({ latencyMs, jitter: random.between(0, 0.3), bytesPerMs }, random);
      this.#links.set(key, link);
    }
    return link;
  }

  connect(dialler: SimNode, target: SimNode): SimConnection {
    const link = this.link(dialler.peer, target.peer);
    const connection = new SimConnection([dialler, target], link, this.time);
    this.#connections.add(connection);
    if (link.isCut) this.#watchCut(connection, link);
    return connection;
  }

  forget(connection: SimConnection): void {
    const [left, right] = connection.nodes;
    const isOver = (node: SimNode) => node.isDead || !connection.isOpenFor(node);
    if (isOver(left) && isOver(right)) this.#connections.delete(connection);
  }

  /** Silent: neither side is told, nothing gets through. */
  cut(left: PeerId, right: PeerId): void {
    const link = this.link(left, right);
    link.isCut = true;
    for (const connection of this.#between(left, right)) this.#watchCut(connection, link);
  }

  heal(left: PeerId, right: PeerId): void {
    this.link(left, right).isCut = false;
    for (const connection of this.#between(left, right)) connection.release();
  }

  /** Every connection of a pair ends; both sides see a reset. */
  reset(left: PeerId, right: PeerId): void {
    for (const connection of this.#between(left, right)) connection.break('connection reset');
  }

  /** The process ended and its machine says so. */
  breakAll(node: SimNode, reason: string): void {
    for (const connection of this.#of(node)) {
      const other = connection.other(node);
      const link = this.link(node.peer, other.peer);
      if (link.isCut) continue;
      this.time.schedule(link.latencyMs, () => connection.endQuietly(other, reason));
    }
  }

  /** The node answers nothing: the others give its connections up in time. */
  watchSilence(node: SimNode, isOver: () => boolean): void {
    for (const connection of this.#of(node)) {
      this.time.schedule(this.#drawSilenceMs(), () => {
        if (!isOver()) connection.break('no sign of life');
      });
    }
  }

  #watchCut(connection: SimConnection, link: LinkState): void {
    this.time.schedule(this.#drawSilenceMs(), () => {
      if (link.isCut) connection.break('no sign of life');
    });
  }

  #drawSilenceMs(): number {
    return this.random.between(silenceMs.min, silenceMs.max);
  }

  #of(node: SimNode): SimConnection[] {
    return [...this.#connections].filter(({ nodes }) => nodes.includes(node));
  }

  #between(left: PeerId, right: PeerId): SimConnection[] {
    return [...this.#connections].filter(({ nodes }) => {
      const peers = nodes.map(({ peer }) => peer);
      return peers.includes(left) && peers.includes(right);
    });
  }
}
