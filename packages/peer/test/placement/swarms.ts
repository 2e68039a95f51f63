import * as fc from 'fast-check';
import type { PlacementPeer, PlacementSwarm } from '../../src/placement/index.js';

/** Always the same number. */
export const lot = (value: number) => () => value;

export function peer(
  id: string,
  start: number,
  end: number,
  rest: Partial<PlacementPeer> = {},
): PlacementPeer {
  return { id, span: { start, end }, blocksPerSecond: 1000, ...rest };
}

/** Rows a second of each block when all sessions use whole spans. */
export function throughputs(swarm: PlacementSwarm): number[] {
  const sums = new Array<number>(swarm.blockCount).fill(0);
  for (const { span, blocksPerSecond } of swarm.peers) {
    for (let block = span.start; block < span.end; block++) {
      sums[block] = (sums[block] ?? 0) + blocksPerSecond / (span.end - span.start);
    }
  }
  return sums;
}

export function holes(swarm: PlacementSwarm): number {
  return throughputs(swarm).filter((throughput) => throughput === 0).length;
}

/** The swarm once all announced moves are done. */
export function planned(swarm: PlacementSwarm): PlacementSwarm {
  const peers = swarm.peers.map(({ nextSpan, ...rest }) => ({
    ...rest,
    span: nextSpan ?? rest.span,
  }));
  return { ...swarm, peers };
}

/** The swarm with one peer elsewhere. */
export function moved(swarm: PlacementSwarm, id: string, span: PlacementPeer['span']) {
  const peers = swarm.peers.map((each) => (each.id === id ? { ...each, span } : each));
  return { ...swarm, peers };
}

/** Swarms of up to ten peers, some of which move or load, with blocks that nobody hosts. */
export const anySwarm: fc.Arbitrary<PlacementSwarm> = fc
  .integer({ min: 1, max: 24 })
  .chain((blockCount) => {
    const anySpan = fc
      .tuple(fc.nat(blockCount - 1), fc.integer({ min: 1, max: blockCount }))
      .map(([start, length]) => ({ start, end: Math.min(blockCount, start + length) }));
    const anyPeer = fc.record({
      span: anySpan,
      blocksPerSecond: fc.double({ min: 0.1, max: 1e5, noNaN: true }),
      spare: fc.nat(8),
      isServing: fc.boolean(),
      nextSpan: fc.option(anySpan, { nil: undefined, freq: 4 }),
    });
    return fc.array(anyPeer, { minLength: 1, maxLength: 10 }).map((peers) => ({
      blockCount,
      peers: peers.map(({ spare, nextSpan, ...rest }, index) => ({
        ...rest,
        ...(nextSpan === undefined ? {} : { nextSpan }),
        id: `peer-${index}`,
        capacityBlocks: rest.span.end - rest.span.start + spare,
      })),
    }));
  });

export const anyDemand = fc.option(
  fc.array(fc.double({ min: 0, max: 1e3, noNaN: true }), { maxLength: 24 }),
  { nil: undefined },
);
