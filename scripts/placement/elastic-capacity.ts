import type { PlacementPeer } from '@skein/peer';

/**
 * Rows a second that the swarm carries if sessions use spans in part and load is spread perfectly:
 * the largest `r` for which each block gets `r` and no peer gives more than its speed. The
 * minimum over blocks of `speed / length` sums is what it carries when every session uses whole
 * spans evenly, so it lies between that minimum and the fractional optimum.
 */
export function elasticCapacity(peers: readonly PlacementPeer[], blockCount: number): number {
  const total = peers.reduce((sum, { blocksPerSecond }) => sum + blocksPerSecond, 0);
  let low = 0;
  let high = total / blockCount;
  while (high - low > (1e-4 * total) / blockCount) {
    const middle = (low + high) / 2;
    if (canCarry(peers, blockCount, middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Serves the blocks in order, each from the peer whose span ends first: optimal for intervals. */
function canCarry(peers: readonly PlacementPeer[], blockCount: number, rows: number): boolean {
  const left = peers
    .map(({ span, blocksPerSecond }) => ({ span, speed: blocksPerSecond }))
    .sort((first, second) => first.span.end - second.span.end);
  for (let block = 0; block < blockCount; block++) {
    let missing = rows;
    for (const peer of left) {
      if (peer.span.start > block || peer.span.end <= block) continue;
      const taken = Math.min(peer.speed, missing);
      peer.speed -= taken;
      missing -= taken;
    }
    if (missing > 1e-9) return false;
  }
  return true;
}
