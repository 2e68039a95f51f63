import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseSpan } from '../../src/placement/index.js';
import { anyDemand, anySwarm, holes, lot, peer, planned, throughputs } from './swarms.js';

const newcomer = { capacityBlocks: 4, blocksPerSecond: 1000 };

describe('chooseSpan', () => {
  it('takes the blocks without a host first', () => {
    const swarm = { blockCount: 12, peers: [peer('a', 0, 4), peer('b', 8, 12)] };
    const choice = chooseSpan(swarm, newcomer, { random: lot(0) });
    expect(choice.span).toEqual({ start: 4, end: 8 });
    expect(choice.reason).toBe('4:8: 4 of its blocks had no host; the model is complete');
  });

  it('reinforces a block with one host before a block with three, at equal throughput', () => {
    const thirds = { blocksPerSecond: 1000 / 3 };
    const trio = ['b', 'c', 'd'].map((id) => peer(id, 0, 4, thirds));
    const swarm = { blockCount: 8, peers: [peer('a', 4, 8), ...trio] };
    const choice = chooseSpan(swarm, newcomer, { random: lot(0) });
    expect(choice.span).toEqual({ start: 4, end: 8 });
    expect(choice.reason).toContain('4 blocks get a second host');
  });

  it('takes fewer blocks than fit where that lifts the weakest more', () => {
    const fast = { blocksPerSecond: 9000 };
    const swarm = { blockCount: 14, peers: [peer('a', 0, 4, fast), peer('b', 4, 14, fast)] };
    const roomy = { capacityBlocks: 14, blocksPerSecond: 4000 };
    const choice = chooseSpan(swarm, roomy, { random: lot(0) });
    expect(choice.span).toEqual({ start: 4, end: 14 });
    expect(choice.reason).toContain('lifts the weakest block');
  });

  it('prefers what it has on disk among near equals', () => {
    const swarm = { blockCount: 16, peers: [peer('a', 0, 16)] };
    const onDisk = [{ start: 12, end: 16 }];
    for (const value of [0, 0.3, 0.99]) {
      const choice = chooseSpan(swarm, { ...newcomer, onDisk }, { random: lot(value) });
      expect(choice.span).toEqual({ start: 12, end: 16 });
    }
  });

  it('spreads newcomers that see the same swarm', () => {
    const swarm = { blockCount: 8, peers: [peer('a', 0, 8)] };
    const starts = [0, 0.99].map(
      (value) => chooseSpan(swarm, newcomer, { random: lot(value) }).span.start,
    );
    expect(starts).toEqual([0, 4]);
  });

  it('goes where the queues are', () => {
    const swarm = { blockCount: 12, peers: [peer('a', 0, 12), peer('b', 0, 12)] };
    const demand = Array.from({ length: 12 }, (_, block) => (block >= 4 && block < 8 ? 30 : 1));
    const choice = chooseSpan(swarm, newcomer, { random: lot(0), demand });
    expect(choice.span).toEqual({ start: 4, end: 8 });
  });

  it('refuses a machine that holds no block', () => {
    const tiny = { capacityBlocks: 0.5, blocksPerSecond: 1 };
    const choose = () => chooseSpan({ blockCount: 12, peers: [] }, tiny, { random: lot(0) });
    expect(choose).toThrow(RangeError);
  });

  it('stays within model and capacity, lowers no block, and leaves the fewest holes', () => {
    const anyMachine = fc.record({
      capacityBlocks: fc.integer({ min: 1, max: 30 }),
      blocksPerSecond: fc.double({ min: 0.1, max: 1e5, noNaN: true }),
    });
    fc.assert(
      fc.property(
        anySwarm,
        anyMachine,
        anyDemand,
        fc.nat(99),
        (drawn, machine, demand, hundredths) => {
          const swarm = planned(drawn);
          const options = {
            random: lot(hundredths / 100),
            ...(demand === undefined ? {} : { demand }),
          };
          const { span } = chooseSpan(swarm, machine, options);
          expect(span.start).toBeGreaterThanOrEqual(0);
          expect(span.end).toBeLessThanOrEqual(swarm.blockCount);
          expect(span.end - span.start).toBeGreaterThanOrEqual(1);
          expect(span.end - span.start).toBeLessThanOrEqual(machine.capacityBlocks);
          const joined = (start: number, end: number) => ({
            ...swarm,
            peers: [...swarm.peers, { id: 'new', span: { start, end }, ...machine }],
          });
          const before = throughputs(swarm);
          throughputs(joined(span.start, span.end)).forEach((throughput, block) => {
            expect(throughput).toBeGreaterThanOrEqual(before[block] ?? 0);
          });
          const length = Math.min(machine.capacityBlocks, swarm.blockCount);
          const starts = Array.from({ length: swarm.blockCount - length + 1 }, (_, start) => start);
          const fewest = Math.min(...starts.map((start) => holes(joined(start, start + length))));
          expect(holes(joined(span.start, span.end))).toBe(fewest);
          expect(chooseSpan(swarm, machine, options).span).toEqual(span);
        },
      ),
      { seed: 7, numRuns: 300 },
    );
  });
});
