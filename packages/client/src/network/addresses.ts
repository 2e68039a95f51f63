import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { type PeerId, SkeinError } from '@skein/protocol';

/**
 * Parses a multiaddr that a person or a remote peer wrote.
 *
 * @throws SkeinError `bad-argument`, with an example of the right form
 */
export function parseMultiaddr(text: string): Multiaddr {
  try {
    return multiaddr(text);
  } catch (cause) {
    throw new SkeinError(
      'bad-argument',
      `"${text}" is not a multiaddr; one looks like /ip4/192.0.2.7/tcp/4001/p2p/12D3Koo…`,
      { cause },
    );
  }
}

/** The peer id at the end of an address, or null when it has none. */
export function peerOfMultiaddr(address: Multiaddr): PeerId | null {
  const value = address.getComponents().findLast((component) => component.name === 'p2p')?.value;
  return value === undefined ? null : (value as PeerId);
}

/** Adds `/p2p/<peer>` to an address that does not name a peer. */
export function withPeer(address: Multiaddr, peer: PeerId): Multiaddr {
  return peerOfMultiaddr(address) === null ? address.encapsulate(`/p2p/${peer}`) : address;
}

/** Where an address can be reached from. */
export type AddressScope = 'loopback' | 'private' | 'public' | 'any';

/** `any` is the unspecified address (`0.0.0.0`, `::`), to be listened on only. */
export function scopeOf(address: Multiaddr): AddressScope {
  const first = address.getComponents()[0];
  const host = first?.value ?? '';
  switch (first?.name) {
    case 'memory':
      return 'loopback';
    case 'ip4':
      return scopeOfIpv4(host);
    case 'ip6':
      return scopeOfIpv6(host.toLowerCase());
    case 'dns':
    case 'dns4':
    case 'dns6':
      if (host === 'localhost') return 'loopback';
      return host.endsWith('.local') ? 'private' : 'public';
    default:
      return 'public';
  }
}

function scopeOfIpv4(host: string): AddressScope {
  const [first = 0, second = 0] = host.split('.').map(Number);
  if (host === '0.0.0.0') return 'any';
  if (first === 127) return 'loopback';
  const isPrivate =
    first === 10 ||
    (first === 172 && second >= 16 && second < 32) ||
    (first === 192 && second === 168) ||
    (first === 169 && second === 254) ||
    (first === 100 && second >= 64 && second < 128);
  return isPrivate ? 'private' : 'public';
}

function scopeOfIpv6(host: string): AddressScope {
  if (host === '::') return 'any';
  if (host === '::1') return 'loopback';
  return /^(f[cd]|fe[89ab])/.test(host) ? 'private' : 'public';
}

/**
 * Tells whether the swarm lives on one machine or in one local network, so that private addresses
 * are worth passing on: a listen address says so, or the bootstrap nodes do, or there are none.
 */
export function isLocalSwarm(options: {
  readonly listen: readonly string[];
  readonly bootstrap: readonly string[];
}): boolean {
  if (options.bootstrap.length === 0) return true;
  return [...options.listen, ...options.bootstrap].some((text) => {
    const scope = scopeOf(parseMultiaddr(text));
    return scope === 'loopback' || scope === 'private';
  });
}
