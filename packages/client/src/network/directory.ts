import type { PrivateKey } from '@libp2p/interface';
import { verifyRecord } from '@skein/protocol';
import { type Clock, type Random, systemClock } from '../clock.js';
import type { Directory, SkeinNode } from './contracts.js';
import { GossipDirectory } from './gossip-directory.js';

/** Options of {@link createDirectory}. */
export interface DirectoryOptions {
  readonly node: SkeinNode;
  /** Multiaddrs of nodes that know members; the same as the node's. */
  readonly bootstrap: readonly string[];
  /** The node's identity; members sign their record with it. Default: read-only. */
  readonly privateKey?: PrivateKey;
  /** Mean time between two rounds of gossip. Default 4000. */
  readonly gossipMs?: number;
  /** Default: the platform's. */
  readonly clock?: Clock;
  /** Milliseconds since 1970. Default: the platform's. */
  readonly wallClock?: () => number;
  /** Default: the platform's. */
  readonly random?: Random;
  /** Checks records from the network; the simulator checks each only once. Default: the real one. */
  readonly verify?: typeof verifyRecord;
}

const gossipMsDefault = 4_000;

/** Makes the directory of a node. It does no I/O until `start()`. */
export function createDirectory(options: DirectoryOptions): Directory {
  return new GossipDirectory({
    node: options.node,
    bootstrap: options.bootstrap,
    privateKey: options.privateKey ?? null,
    gossipMs: options.gossipMs ?? gossipMsDefault,
    clock: options.clock ?? systemClock,
    wallClock: options.wallClock ?? Date.now,
    random: options.random ?? Math.random,
    verify: options.verify ?? verifyRecord,
  });
}
