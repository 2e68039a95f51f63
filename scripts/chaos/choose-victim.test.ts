import { describe, expect, it } from 'vitest';
import { seededRandom } from '../support/seeded-random.js';
import {
  chooseMove,
  drawHopFailure,
  fewestHosts,
  nextDelayMs,
  possibleVictims,
} from './choose-victim.js';

const spans = ['0:4', '0:4', '4:8', '4:8', '2:6'].map((text) => {
  const [start = 0, end = 0] = text.split(':').map(Number);
  return { start, end };
});
const healthy = spans.map((span) => ({ span, isHealthy: true }));
const options = { blockCount: 8, hostsMin: 1 };

describe('possibleVictims', () => {
  it('spares the last healthy host of a block', () => {
    expect(possibleVictims(healthy, options)).toEqual([0, 1, 2, 3, 4]);
    const oneIsDown = healthy.map((peer, index) => ({ ...peer, isHealthy: index !== 0 }));
    expect(possibleVictims(oneIsDown, options)).toEqual([2, 3, 4]);
    expect(possibleVictims(healthy, { ...options, hostsMin: 2 })).toEqual([4]);
  });
});

describe('fewestHosts', () => {
  it('counts at the weakest block', () => {
    expect(fewestHosts(healthy, 8)).toBe(2);
    expect(fewestHosts(healthy.slice(0, 2), 8)).toBe(0);
  });
});

describe('chooseMove', () => {
  it('keeps enough hosts everywhere, and the length', () => {
    const random = seededRandom(3);
    for (let round = 0; round < 100; round += 1) {
      const moved = chooseMove(spans, 4, { blockCount: 8, hostsMin: 2, random });
      expect(moved).not.toEqual(spans[4]);
      expect((moved?.end ?? 0) - (moved?.start ?? 0)).toBe(4);
    }
    expect(chooseMove(spans, 0, { blockCount: 8, hostsMin: 2, random })).toBeNull();
  });
});

describe('drawHopFailure', () => {
  it('strikes each route with the wanted probability, however many clients share a peer', () => {
    const random = seededRandom(7);
    const perToken = 0.05;
    // Two clients share `a`; each has another peer for itself.
    const routes = [
      ['a', 'b'],
      ['a', 'c'],
    ];
    const clientsOf = (peer: string) => routes.filter((route) => route.includes(peer)).length;
    const tokens = 40_000;
    let struck = 0;
    for (let token = 0; token < tokens; token += 1) {
      const route = routes[token % 2] as string[];
      const hops = route.map((peer) => ({ peer, clients: clientsOf(peer) }));
      const failed = drawHopFailure(hops, { perToken, random });
      if (failed !== null) struck += clientsOf(failed);
    }
    expect(struck / tokens).toBeGreaterThan(0.9 * perToken);
    expect(struck / tokens).toBeLessThan(1.1 * perToken);
  });

  it('has nothing to strike before there is a route', () => {
    expect(drawHopFailure([], { perToken: 1, random: () => 0 })).toBeNull();
  });
});

describe('nextDelayMs', () => {
  it('has the mean of the rate', () => {
    const random = seededRandom(1);
    const delays = Array.from({ length: 20_000 }, () => nextDelayMs(30, random));
    const meanMs = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
    expect(meanMs).toBeGreaterThan(1900);
    expect(meanMs).toBeLessThan(2100);
  });
});
