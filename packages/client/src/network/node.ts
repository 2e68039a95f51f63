import './with-resolvers.js';
import { generateKeyPair } from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';
import { createLibp2p, type Libp2pOptions } from 'libp2p';
import { systemClock } from '../clock.js';
import { parseMultiaddr, scopeOf } from './addresses.js';
import type { SkeinNode } from './contracts.js';
import { Libp2pNode } from './libp2p-node.js';
import { connectionsDefault, libp2pOptions } from './libp2p-options.js';
import { type OwnAddresses, ownAddresses } from './own-addresses.js';
import type { DiscoveredPeer, PlatformFactory } from './platform.js';

/** Options of {@link createSkeinNode}. */
export interface SkeinNodeOptions {
  /** Multiaddrs to listen on: `/ip4/0.0.0.0/tcp/4001`, `/ip4/127.0.0.1/tcp/0/ws`. */
  readonly listen: readonly string[];
  /** Multiaddrs of nodes to join through; a connection to each is kept. */
  readonly bootstrap: readonly string[];
  /** Clients use the DHT without serving it. */
  readonly mode: 'peer' | 'client';
  /** The identity; default: a fresh one. */
  readonly privateKey?: PrivateKey;
  /** Multicast DNS; default: for peers that listen on other addresses than loopback ones. */
  readonly mdns?: boolean;
  /** Default true. */
  readonly dht?: boolean;
  /** `memory` connects nodes within one process; default: what Node offers. */
  readonly transports?: 'memory' | PlatformFactory;
  /**
   * Connections that are kept at once. Default: 500. With more, each of them takes less memory, and
   * a dead one is not noticed before it is used.
   */
  readonly connectionsMax?: number;
  /** Counts what libp2p does: `@libp2p/prometheus-metrics`, or another. Default: nothing does. */
  readonly metrics?: NonNullable<Libp2pOptions['metrics']>;
  /** Addresses to tell others instead of those listened on: behind a port forwarding. */
  readonly announce?: readonly string[];
}

/**
 * Makes a libp2p node. It does no I/O until `start()`.
 *
 * @throws SkeinError `bad-argument` for what is not a multiaddr
 */
export async function createSkeinNode(options: SkeinNodeOptions): Promise<SkeinNode> {
  const addresses = [...options.listen, ...options.bootstrap, ...(options.announce ?? [])];
  for (const address of addresses) parseMultiaddr(address);
  const createPlatform = await platformFactory(options.transports);
  let onDiscovered: (peer: DiscoveredPeer) => void = () => undefined;
  const platform = createPlatform({
    mdns: options.mdns ?? isMdnsUseful(options),
    onDiscovered: (peer) => onDiscovered(peer),
    hasManyConnections: (options.connectionsMax ?? 0) > connectionsDefault,
  });
  const settings = libp2pOptions(options, platform);
  const libp2p = await createLibp2p<{ ownAddresses: OwnAddresses }>({
    ...settings,
    services: { ...settings.services, ownAddresses },
    privateKey: options.privateKey ?? (await generateKeyPair('Ed25519')),
    start: false,
  });
  const node = new Libp2pNode({
    libp2p,
    listen: options.listen,
    bootstrap: options.bootstrap,
    hasDht: options.dht !== false,
    confirmAddresses: () => libp2p.services.ownAddresses.confirm(),
    clock: systemClock,
    random: Math.random,
  });
  onDiscovered = (peer) => node.onDiscovered(peer);
  return node;
}

/** Node-only code is loaded on demand, so that this module runs in browsers. */
async function platformFactory(
  transports: SkeinNodeOptions['transports'],
): Promise<PlatformFactory> {
  if (typeof transports === 'function') return transports;
  if (transports === 'memory') return (await import('./memory-platform.js')).memoryPlatform;
  return (await import('./node-platform.js')).nodePlatform;
}

function isMdnsUseful(options: SkeinNodeOptions): boolean {
  if (options.mode === 'client') return false;
  return options.listen.some((address) => scopeOf(parseMultiaddr(address)) !== 'loopback');
}
