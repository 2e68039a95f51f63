import type { Span } from '@skein/protocol';
import { type Host, type PlacementPeer, plannedSpan, rowsPerSecond } from './swarm.js';

/** Throughput and number of hosts, block by block. */
export interface BlockProfile {
  /** Rows a second, `[blockCount]`. */
  readonly throughput: Float64Array;
  /** Peers that host the block, `[blockCount]`. */
  readonly hosts: Int32Array;
}

/**
 * Sums up who hosts what, once announced moves are done.
 *
 * @param peers in one order for all members (sorted by id): floating-point sums depend on it
 * @param options.without ids to leave out
 */
export function blockProfile(
  peers: readonly PlacementPeer[],
  blockCount: number,
  options: { readonly without?: readonly string[] } = {},
): BlockProfile {
  const profile = {
    throughput: new Float64Array(blockCount),
    hosts: new Int32Array(blockCount),
  };
  for (const peer of peers) {
    if (options.without?.includes(peer.id) === true) continue;
    addSpan(profile, peer, plannedSpan(peer));
  }
  return profile;
}

/** The profile with one more host. */
export function withSpan(
  profile: BlockProfile,
  host: Omit<Host, 'capacityBlocks'>,
  span: Span,
): BlockProfile {
  const copy = { throughput: profile.throughput.slice(), hosts: profile.hosts.slice() };
  addSpan(copy, host, span);
  return copy;
}

/** The block with the least throughput for what it needs, and the ratio of the two. */
export function weakestBlock(
  profile: BlockProfile,
  needs: Float64Array,
): { blockIndex: number; ratio: number } {
  const ratios = profile.throughput.map(
    (throughput, block) => throughput / (needs[block] as number),
  );
  const ratio = Math.min(...ratios);
  return { blockIndex: ratios.indexOf(ratio), ratio };
}

/** The ratio of {@link weakestBlock} once one more host has joined; copies nothing. */
export function weakestRatioWith(
  profile: BlockProfile,
  host: Omit<Host, 'capacityBlocks'>,
  span: Span,
  needs: Float64Array,
): number {
  const share = rowsPerSecond(host, span.end - span.start);
  let weakest = Number.POSITIVE_INFINITY;
  for (let block = 0; block < needs.length; block++) {
    const added = span.start <= block && block < span.end ? share : 0;
    const ratio = ((profile.throughput[block] as number) + added) / (needs[block] as number);
    if (ratio < weakest) weakest = ratio;
  }
  return weakest;
}

function addSpan(profile: BlockProfile, host: Omit<Host, 'capacityBlocks'>, span: Span): void {
  const { throughput, hosts } = profile;
  const start = Math.max(0, span.start);
  const end = Math.min(span.end, hosts.length);
  if (end <= start) return;
  const share = rowsPerSecond(host, span.end - span.start);
  for (let block = start; block < end; block++) {
    throughput[block] = (throughput[block] ?? 0) + share;
    hosts[block] = (hosts[block] ?? 0) + 1;
  }
}
