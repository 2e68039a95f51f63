import type { PeerId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { swarmOfRecords } from '../../src/hosting/swarm-of-records.js';
import { moveGains, proposeMove } from '../../src/placement/index.js';
import { blockDemand, QueueAverages } from '../../src/rebalance/block-demand.js';
import { memberRecord } from './records.js';

const front = { start: 0, end: 4 };
const back = { start: 4, end: 8 };

/** Two peers on either half, one of which has a queue. */
function swarmWithQueue(queuedRows: number) {
  return [
    memberRecord('a', front, { queuedRows }),
    memberRecord('b', front, { queuedRows }),
    memberRecord('c', front, { queuedRows }),
    memberRecord('d', back),
    memberRecord('e', back),
    memberRecord('f', back),
  ];
}

describe('the demand for blocks', () => {
  it('is what waits at all hosts of a block, in the mean', () => {
    const queues = new QueueAverages();
    const records = [memberRecord('a', front, { queuedRows: 50 }), memberRecord('b', back)];
    queues.sample(records);
    expect(queues.rowsAt('a' as PeerId)).toBeCloseTo(5);
    for (let count = 0; count < 100; count++) queues.sample(records);
    const demand = blockDemand(records, 8, (peer) => queues.rowsAt(peer));
    expect(demand[0]).toBeCloseTo(66, 0);
    expect(demand[7]).toBe(16);
    // A peer that comes back begins anew.
    queues.sample([]);
    expect(queues.rowsAt('a' as PeerId)).toBe(0);
  });

  it('draws peers to long queues, and leaves them where a row waits now and then', () => {
    const planWith = (queuedRows: number) => {
      const queues = new QueueAverages();
      const records = swarmWithQueue(queuedRows);
      for (let count = 0; count < 60; count++) queues.sample(records);
      const demand = blockDemand(records, 8, (peer) => queues.rowsAt(peer));
      const swarm = swarmOfRecords(records, 8);
      return { swarm, demand, gains: moveGains(swarm, { demand }) };
    };
    expect(planWith(0).gains.size).toBe(0);
    expect(planWith(1).gains.size).toBe(0);
    const { swarm, demand, gains } = planWith(200);
    expect([...gains.keys()].sort()).toEqual(['d', 'e', 'f']);
    const move = proposeMove(swarm, 'd', { random: () => 0, demand });
    expect(move?.span.start).toBeLessThan(4);
    expect(move?.reason).toContain('4:8 to ');
  });
});

describe('the swarm out of records', () => {
  it('knows who serves, who moves, who is held, and how fast an unmeasured peer may be', () => {
    const held = memberRecord('b', back);
    delete held.body.capacityBlocks;
    const records = [
      memberRecord('a', front, { nextSpan: back, capacityBlocks: 6 }),
      held,
      memberRecord('c', front, { state: 'joining', decodeBlocksPerSecond: 0, numericKind: '' }),
      memberRecord('d', front, { state: 'draining' }),
      memberRecord('e', { start: 2, end: 2 }),
    ];
    expect(swarmOfRecords(records, 8)).toEqual({
      blockCount: 8,
      peers: [
        {
          id: 'a',
          span: front,
          nextSpan: back,
          capacityBlocks: 6,
          blocksPerSecond: 1000,
          isServing: true,
        },
        { id: 'b', span: back, isFixed: true, blocksPerSecond: 1000, isServing: true },
        { id: 'c', span: front, capacityBlocks: 4, blocksPerSecond: 1000, isServing: false },
      ],
    });
  });

  it('takes no peer for smaller than what it hosts', () => {
    const [peer] = swarmOfRecords([memberRecord('a', front, { capacityBlocks: 1 })], 8).peers;
    expect(peer?.capacityBlocks).toBe(4);
  });
});
