import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayLeave } from '../../src/placement/index.js';
import { anySwarm, peer } from './swarms.js';

const span = { start: 4, end: 8 };

describe('mayLeave', () => {
  it('lets go of blocks that another peer serves', () => {
    const swarm = { blockCount: 8, peers: [peer('a', 0, 4), peer('b', 0, 4)] };
    expect(mayLeave(swarm, 'a', span)).toBe(true);
  });

  it('holds on where the other is still loading', () => {
    const loading = peer('b', 0, 4, { isServing: false });
    expect(mayLeave({ blockCount: 8, peers: [peer('a', 0, 4), loading] }, 'a', span)).toBe(false);
  });

  it('holds on where the other has announced to leave, so that not both go', () => {
    const peers = [peer('a', 0, 4, { nextSpan: span }), peer('b', 0, 4, { nextSpan: span })];
    expect(mayLeave({ blockCount: 8, peers }, 'a', span)).toBe(false);
    expect(mayLeave({ blockCount: 8, peers }, 'b', span)).toBe(false);
  });

  it('agrees with a count of the hosts of each block', () => {
    fc.assert(
      fc.property(anySwarm, fc.nat(9), fc.nat(24), fc.nat(24), (swarm, index, start, length) => {
        const self = swarm.peers[index % swarm.peers.length];
        if (self === undefined) return;
        const next = { start, end: start + length };
        const holds = (held: { start: number; end: number }, block: number) =>
          held.start <= block && block < held.end;
        const stayers = swarm.peers.filter((each) => each !== self && each.isServing !== false);
        const isLost = (block: number) =>
          holds(self.span, block) &&
          !holds(next, block) &&
          !stayers.some(
            (each) => holds(each.span, block) && holds(each.nextSpan ?? each.span, block),
          );
        const blocks = Array.from({ length: swarm.blockCount }, (_, block) => block);
        const isSafe = self.isServing === false || !blocks.some(isLost);
        expect(mayLeave(swarm, self.id, next)).toBe(isSafe);
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});
