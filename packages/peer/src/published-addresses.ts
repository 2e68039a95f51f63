import { limits } from '@skein/protocol';

/** Addresses to tell others: loopback ones only where there are no others. */
export function publishedAddresses(multiaddrs: readonly string[]): string[] {
  const isLoopback = (address: string) => /^\/(ip4\/127\.|ip6\/::1\/)/.test(address);
  const others = multiaddrs.filter((address) => !isLoopback(address));
  return (others.length > 0 ? others : [...multiaddrs]).slice(0, limits.multiaddrsMax);
}
