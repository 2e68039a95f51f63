import type { Libp2pOptions } from 'libp2p';

/** A peer that was found without being asked for, by multicast DNS. */
export interface DiscoveredPeer {
  readonly multiaddrs: readonly string[];
}

/** What a platform (Node, a browser, a test) brings to a node: how to connect and to discover. */
export type Platform = Required<
  Pick<Libp2pOptions, 'transports' | 'connectionEncrypters' | 'peerDiscovery'>
>;

/** What a platform is told about the node. */
export interface PlatformOptions {
  /** Look for peers in the local network, and be found there. */
  readonly mdns: boolean;
  onDiscovered(peer: DiscoveredPeer): void;
  /** Many connections with little on each: encrypt them with what takes the least memory. */
  readonly hasManyConnections: boolean;
}

/** Makes a {@link Platform}. Browsers pass their own to `createSkeinNode`. */
export type PlatformFactory = (options: PlatformOptions) => Platform;
