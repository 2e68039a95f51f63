import type { Span } from '@skein/protocol';

/** What placement needs to know of a machine, whether it is in the swarm already or not. */
export interface Host {
  /** Blocks that its memory holds beside the KV caches. */
  readonly capacityBlocks: number;
  /** Measured: rows a second over one block. A peer of `n` blocks gives each an `n`-th of it. */
  readonly blocksPerSecond: number;
  /** Rows a second that its network carries, however few blocks it hosts; default: no bound. */
  readonly rowsPerSecondMax?: number;
}

/** A peer as its record shows it. */
export interface PlacementPeer extends Omit<Host, 'capacityBlocks'> {
  readonly id: string;
  /** What it serves, or loads for the first time. */
  readonly span: Span;
  /** False while it loads its first span; default: true. */
  readonly isServing?: boolean;
  /** What it is about to serve in place of `span`: an announced move. */
  readonly nextSpan?: Span;
  /** It hosts what it was told to: nobody waits for it to move. Default: false. */
  readonly isFixed?: boolean;
  /** Default: the length of its span, which is a lower bound. */
  readonly capacityBlocks?: number;
}

/** The swarm as one member sees it: of one model and one numeric kind, some tens of seconds old. */
export interface PlacementSwarm {
  readonly blockCount: number;
  readonly peers: readonly PlacementPeer[];
}

/** What a peer serves once all announced moves are done: what others should plan with. */
export function plannedSpan(peer: PlacementPeer): Span {
  return peer.nextSpan ?? peer.span;
}

/** The peer as a host that may be placed anew. */
export function hostOf(peer: PlacementPeer): Host {
  const span = plannedSpan(peer);
  return { ...peer, capacityBlocks: peer.capacityBlocks ?? span.end - span.start };
}

/**
 * Rows a second that a host gives to each of its blocks when sessions use all of its span.
 * Petals publishes the same quantity, with `(n + 1) / 2` in place of `n`.
 */
export function rowsPerSecond(host: Omit<Host, 'capacityBlocks'>, blocks: number): number {
  return Math.min(host.blocksPerSecond / blocks, host.rowsPerSecondMax ?? Number.POSITIVE_INFINITY);
}

/**
 * The fractional optimum: the least block's throughput if peers could be cut into pieces at will.
 * No placement exceeds it, since each host gives away at most its speed (or what its network
 * carries over all blocks that it can hold).
 */
export function fractionalOptimum(hosts: readonly Host[], blockCount: number): number {
  let total = 0;
  for (const host of hosts) {
    const blocks = Math.min(host.capacityBlocks, blockCount);
    total += rowsPerSecond(host, blocks) * blocks;
  }
  return total / blockCount;
}
