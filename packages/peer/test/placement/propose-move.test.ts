import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  mayLeave,
  moveGains,
  type PlacementSwarm,
  proposeMove,
  reviewMove,
} from '../../src/placement/index.js';
import { anyDemand, anySwarm, holes, lot, moved, peer, planned, throughputs } from './swarms.js';

const crowded: PlacementSwarm = {
  blockCount: 8,
  peers: [peer('a', 0, 4), peer('b', 0, 4), peer('c', 0, 4), peer('d', 4, 8)],
};

/** The crowded swarm, with some of its peers about to go to the other half. */
function announcing(...ids: string[]): PlacementSwarm {
  const nextSpan = { start: 4, end: 8 };
  const peers = crowded.peers.map((each) => (ids.includes(each.id) ? { ...each, nextSpan } : each));
  return { ...crowded, peers };
}

describe('proposeMove', () => {
  it('moves one of three to where one is', () => {
    const move = proposeMove(crowded, 'a', { random: lot(0) });
    expect(move?.span).toEqual({ start: 4, end: 8 });
    expect(move?.reason).toBe('0:4 to 4:8: lifts the weakest block, 4, by 100.0%');
    expect(move?.gain).toBeGreaterThan(0.1);
  });

  it('rests in an even swarm', () => {
    const even = { blockCount: 8, peers: [peer('a', 0, 4), peer('b', 4, 8)] };
    expect(proposeMove(even, 'a', { random: lot(0) })).toBeNull();
    expect(moveGains(even).size).toBe(0);
  });

  it('keeps the sole host of a block where it is', () => {
    const weak = peer('b', 4, 8, { blocksPerSecond: 10 });
    const swarm = { blockCount: 8, peers: [peer('a', 0, 4), weak] };
    expect(proposeMove(swarm, 'a', { random: lot(0) })).toBeNull();
  });

  it('fills a hole before anything else', () => {
    const swarm = { blockCount: 8, peers: [peer('a', 0, 4), peer('b', 0, 4)] };
    const move = proposeMove(swarm, 'b', { random: lot(0) });
    expect(move?.span).toEqual({ start: 4, end: 8 });
    expect(move?.gain).toBeGreaterThan(1);
    expect(move?.reason).toBe('0:4 to 4:8: 4 blocks had no host');
  });

  it('leaves it to the peer that gains the swarm most, but for a small chance', () => {
    const speeds = { a: 1150, b: 1000, c: 1075 };
    const peers = Object.entries(speeds).map(([id, blocksPerSecond]) =>
      peer(id, 0, 4, { blocksPerSecond }),
    );
    const swarm = { blockCount: 8, peers: [...peers, peer('d', 4, 8)] };
    const acting = (value: number) =>
      Object.keys(speeds).filter((id) => proposeMove(swarm, id, { random: lot(value) }) !== null);
    expect(acting(0.9)).toHaveLength(1);
    expect(acting(0.2)).toHaveLength(2);
    expect(acting(0.01)).toHaveLength(3);
  });

  it('waits for nobody who is told to stay', () => {
    // `a` would go first, if it could.
    const peers = crowded.peers.map((each) =>
      each.id === 'a' ? { ...each, isFixed: true } : each,
    );
    const swarm = { ...crowded, peers };
    expect(moveGains(swarm).has('a')).toBe(false);
    expect(proposeMove(crowded, 'b', { random: lot(0.9) })).toBeNull();
    expect(proposeMove(swarm, 'b', { random: lot(0.9) })?.span).toEqual({ start: 4, end: 8 });
  });

  it('ranks peers by what all can see, not by what one has on disk', () => {
    const all = [{ start: 0, end: 8 }];
    const acting = ['a', 'b', 'c'].filter(
      (id) => proposeMove(crowded, id, { random: lot(0.9), onDisk: all }) !== null,
    );
    expect(acting).toEqual(['a']);
  });

  it('does not answer a shortage that an announced move mends', () => {
    expect(proposeMove(announcing('b'), 'a', { random: lot(0) })).toBeNull();
    expect(proposeMove(announcing('b'), 'b', { random: lot(0) })).toBeNull();
  });

  it('follows the queues', () => {
    const half = (ids: string[], start: number) => ids.map((id) => peer(id, start, start + 4));
    const peers = [...half(['a', 'b', 'c'], 0), ...half(['d', 'e', 'f'], 4)];
    const swarm = { blockCount: 8, peers };
    expect(moveGains(swarm).size).toBe(0);
    const demand = [9, 9, 9, 9, 1, 1, 1, 1];
    const move = proposeMove(swarm, 'd', { random: lot(0), demand });
    expect(move?.span.start).toBeLessThan(4);
    expect(moveGains(swarm, { demand }).has('a')).toBe(false);
  });

  it('lets one go on, of peers that set out at once', () => {
    const swarm = announcing('a', 'b', 'c');
    expect(['a', 'b', 'c'].filter((id) => reviewMove(swarm, id))).toEqual(['a']);
    expect(reviewMove(crowded, 'a')).toBe(false);
  });

  it('knows no stranger', () => {
    expect(proposeMove(crowded, 'x', { random: lot(0) })).toBeNull();
  });

  it('keeps every block, lowers no minimum, stays in bounds, and is a function', () => {
    fc.assert(
      fc.property(anySwarm, anyDemand, fc.nat(9), (swarm, demand, index) => {
        const self = swarm.peers[index % swarm.peers.length];
        if (self === undefined) return;
        const options = { random: lot(0), ...(demand === undefined ? {} : { demand }) };
        const move = proposeMove(swarm, self.id, options);
        const reversed = { ...swarm, peers: [...swarm.peers].reverse() };
        expect(proposeMove(reversed, self.id, options)).toEqual(move);
        if (move === null) return;
        expect(move.span.start).toBeGreaterThanOrEqual(0);
        expect(move.span.end).toBeLessThanOrEqual(swarm.blockCount);
        expect(move.span.end - move.span.start).toBeLessThanOrEqual(self.capacityBlocks ?? 0);
        expect(move.gain).toBeGreaterThan(0);
        expect(mayLeave(swarm, self.id, move.span)).toBe(true);
        const before = planned(swarm);
        const after = moved(before, self.id, move.span);
        expect(holes(after)).toBeLessThanOrEqual(holes(before));
        if (demand !== undefined) return;
        const least = Math.min(...throughputs(before));
        expect(Math.min(...throughputs(after))).toBeGreaterThanOrEqual(least * (1 - 1e-8));
      }),
      { seed: 11, numRuns: 400 },
    );
  });

  it('comes to rest when peers move one after another', () => {
    fc.assert(
      fc.property(anySwarm, (drawn) => {
        const serving = planned(drawn).peers.map((each) => ({ ...each, isServing: true }));
        let swarm: PlacementSwarm = { ...drawn, peers: serving };
        let moves = 0;
        for (;;) {
          const gains = moveGains(swarm);
          const [id] = [...gains].sort((left, right) => right[1] - left[1])[0] ?? [];
          if (id === undefined) break;
          const move = proposeMove(swarm, id, { random: lot(0), gains });
          expect(move).not.toBeNull();
          if (move !== null) swarm = moved(swarm, id, move.span);
          moves++;
          expect(moves).toBeLessThanOrEqual(4 * swarm.peers.length);
        }
      }),
      { seed: 13, numRuns: 100 },
    );
  });
});
