import type { Multiaddr } from '@multiformats/multiaddr';
import { scopeOf } from './addresses.js';

/** The parts of libp2p that {@link ownAddresses} uses. */
interface OwnAddressesComponents {
  readonly transportManager: { getAddrs(): Multiaddr[] };
  readonly addressManager: {
    confirmObservedAddr(address: Multiaddr, options: { type: 'transport'; ttl: number }): void;
  };
}

/** What {@link ownAddresses} gives to a node. */
export interface OwnAddresses {
  /** Declares that the addresses listened on can be dialled. Call it once listening. */
  confirm(): void;
}

/** Longer than a node runs: the confirmation is not to lapse. */
const confirmedMs = 10 * 365 * 24 * 3_600_000;

/**
 * A libp2p service. libp2p hides a public address of its own interface until another node has
 * confirmed it, which needs AutoNAT servers; in a swarm of few peers there are none, and a donor
 * with a public address would announce nothing.
 */
export function ownAddresses(components: OwnAddressesComponents): OwnAddresses {
  return {
    confirm() {
      const { transportManager, addressManager } = components;
      for (const address of transportManager.getAddrs()) {
        // Others need no confirmation.
        if (scopeOf(address) !== 'public') continue;
        addressManager.confirmObservedAddr(address, { type: 'transport', ttl: confirmedMs });
      }
    },
  };
}
