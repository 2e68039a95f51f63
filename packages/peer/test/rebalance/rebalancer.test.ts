import { describe, expect, it } from 'vitest';
import { idle, TestClock } from '../../../client/test/support/test-clock.js';
import type { PlacementSwarm } from '../../src/placement/index.js';
import type { MoveEnvironment } from '../../src/rebalance/move-span.js';
import { Rebalancer } from '../../src/rebalance/rebalancer.js';
import { peer } from '../placement/swarms.js';

const intervalMs = 120_000;
const crowded = {
  blockCount: 8,
  peers: [peer('a', 0, 4), peer('b', 0, 4), peer('c', 0, 4), peer('d', 4, 8)],
};
const nobody = { blockCount: 8, peers: [] };

/** A loop over a peer that has nothing but a view: moves end when they would be announced. */
function startLoop(options: { view: () => PlacementSwarm; random?: () => number; state?: string }) {
  const clock = new TestClock();
  const looksAtMs: number[] = [];
  const events: string[] = [];
  const errors: unknown[] = [];
  let samples = 0;
  const span = { start: 0, end: 4 };
  const announcer = {
    state: options.state ?? 'serving',
    update: async () => undefined,
  };
  const move = {
    selfId: 'a',
    clock,
    announceMs: 90_000,
    announcer,
    spans: { placement: { span }, nextSpan: null, discard: async () => undefined },
    view: () => {
      looksAtMs.push(clock.now());
      return { swarm: options.view(), demand: [] };
    },
    placeAt: () => {
      throw new Error('this machine cannot');
    },
    onEvent: ({ type }: { type: string }) => events.push(type),
  } as unknown as MoveEnvironment;
  const rebalancer = new Rebalancer({
    clock,
    random: options.random ?? (() => 0.5),
    intervalMs,
    onDisk: [],
    move,
    sampleQueues: () => {
      samples += 1;
    },
    onError: (error) => errors.push(error),
  });
  const startedAtMs = clock.now();
  rebalancer.start();
  const pass = async (untilMs: number) => {
    while (clock.now() - startedAtMs < untilMs) {
      clock.fireNext();
      await idle();
    }
  };
  const looks = () => looksAtMs.map((atMs) => atMs - startedAtMs);
  return { clock, rebalancer, pass, looks, events, errors, samples: () => samples };
}

describe('the loop', () => {
  it('looks at random times around its interval, and at the queues far more often', async () => {
    const dice = [0, 1 - Number.EPSILON];
    const loop = startLoop({ view: () => nobody, random: () => dice.shift() ?? 0.5 });
    await loop.pass(4 * intervalMs);
    const [first = 0, second = 0, third = 0] = loop.looks();
    expect(first).toBe(0.5 * intervalMs);
    expect(second - first).toBeCloseTo(1.5 * intervalMs, 0);
    expect(third - second).toBeCloseTo(intervalMs, 0);
    expect(loop.samples()).toBeGreaterThan(80);
    expect(loop.errors).toEqual([]);
  });

  it('does not look while the peer does not serve', async () => {
    const loop = startLoop({ view: () => crowded, state: 'joining' });
    await loop.pass(4 * intervalMs);
    expect(loop.looks()).toEqual([]);
  });

  it('gives a machine on which moves fail longer and longer pauses', async () => {
    const announced = crowded.peers.map((each) =>
      each.id === 'a' ? { ...each, nextSpan: { start: 4, end: 8 } } : each,
    );
    // Each look is followed by a review, which sees the plan.
    let views = 0;
    const view = () => {
      views += 1;
      return views % 2 === 0 ? { ...crowded, peers: announced } : crowded;
    };
    const loop = startLoop({ view });
    await loop.pass(20 * intervalMs);
    expect(loop.events).toContain('move-cancelled');
    expect(loop.events).not.toContain('moved');
    expect(loop.events.filter((type) => type === 'move-planned').length).toBeLessThanOrEqual(4);
  });

  it('leaves no timer behind', async () => {
    const loop = startLoop({ view: () => nobody });
    await loop.pass(2 * intervalMs);
    await loop.rebalancer.stop();
    await loop.rebalancer.stop();
    expect(loop.clock.timerCount).toBe(0);
  });

  it('goes on after a bug, and tells of it', async () => {
    const loop = startLoop({
      view: () => {
        throw new Error('a bug');
      },
    });
    await loop.pass(3.5 * intervalMs);
    expect(loop.errors).toHaveLength(3);
  });
});
