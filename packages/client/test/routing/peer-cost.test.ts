import { describe, expect, it } from 'vitest';
import { distanceOf, edgeMs, peerCost, sessionsPerSpeed } from '../../src/routing/peer-cost.js';
import { referenceSpeed } from '../../src/routing/reference-speed.js';
import { routingLimits } from '../../src/routing/routing-limits.js';
import type { PeerView } from '../../src/routing/snapshot.js';
import { measured, type PeerChanges, peerView } from '../support/peer-view.js';

const decode = { tokensMax: 0, promptRowsPerToken: 0, rowBytes: null };
const peer = (name: string, changes: PeerChanges = {}) =>
  peerView(name, [0, 10], { blockCount: 10, ...changes });
const claims = (decodeBlocksPerSecond: number) => ({ record: { decodeBlocksPerSecond } });

function costOf(view: PeerView, peers: readonly PeerView[], work = decode) {
  const reference = referenceSpeed(peers);
  return peerCost(view, { work, reference, sessionsPerSpeed: sessionsPerSpeed(peers, reference) });
}

describe('trust in speeds', () => {
  const others = [peer('a', claims(100)), peer('b', claims(120)), peer('c', claims(90))];

  it('counts a claim up to a bound over the median, and believes who says that he is slow', () => {
    const liar = peer('liar', claims(10_000));
    const slow = peer('slow', claims(20));
    const peers = [...others, liar, slow];
    // The median is 100 blocks a second: 10 ms.
    expect(costOf(liar, peers).blockMs).toBeCloseTo(10 / routingLimits.claimedSpeedupMax, 6);
    expect(costOf(slow, peers).blockMs).toBe(50);
  });

  it('lets half of the peers lie without effect', () => {
    const peers = [peer('a', claims(100)), peer('liar', claims(1e6))];
    expect(referenceSpeed(peers).blockMs).toBe(10);
  });

  it('believes measurements step by step', () => {
    const seen = (samples: number) =>
      peer('liar', { ...claims(10_000), blockMs: measured(200, { samples }) });
    const costs = [0, 2, 4, 8, 100].map((samples) => {
      const view = samples === 0 ? peer('liar', claims(10_000)) : seen(samples);
      return costOf(view, [...others, view]).blockMs;
    });
    expect([...costs].sort((a, b) => a - b)).toEqual(costs);
    expect(costs[0]).toBeLessThan(10);
    expect(costs[3]).toBe(200);
    expect(costs[4]).toBe(200);
  });

  it('goes back to the claim as the measurement ages', () => {
    const old = peer('old', { ...claims(100), blockMs: measured(2, { ageMs: 1e8 }) });
    expect(costOf(old, [...others, old]).blockMs).toBeCloseTo(10, 3);
  });

  it('takes the median of what it measured once that is a few peers', () => {
    const known = ['x', 'y', 'z'].map((name) =>
      peer(name, { ...claims(1000), blockMs: measured(40) }),
    );
    expect(referenceSpeed([...others, ...known]).blockMs).toBe(40);
  });
});

describe('costs of a session', () => {
  it('grow with the prompt rows that go with each token', () => {
    const view = peer('a');
    const prefill = { ...decode, promptRowsPerToken: 20 };
    // 10 ms for a token, 1 ms for each row of a chunk.
    expect(costOf(view, [view]).blockMs).toBe(10);
    expect(costOf(view, [view], prefill).blockMs).toBe(30);
  });

  it('count bytes on edges between peers, as fast as the slower one', () => {
    const [fast, slow] = [peer('a'), peer('b', { byteMs: measured(0.05) })];
    const rows = { ...decode, promptRowsPerToken: 9, rowBytes: 100 };
    const [from, to] = [distanceOf(fast, rows), distanceOf(slow, rows)];
    expect(edgeMs(from, to)).toBeCloseTo(10 + 10 * 100 * 0.05, 6);
    expect(edgeMs(null, to)).toBe(10);
    expect(edgeMs(to, null)).toBe(10);
  });

  it('count what a peer said of its room over what its record says', () => {
    const load = { queuedRows: 0, kvTokensFree: 5, sessions: 0, ageMs: 0 };
    const view = peer('a', { load });
    const work = { ...decode, tokensMax: 100 };
    expect(costOf(view, [view], work).entryMs).toBeGreaterThan(routingLimits.kvShortPenaltyMs);
    expect(costOf(peer('b'), [view], work).entryMs).toBeLessThan(routingLimits.kvShortPenaltyMs);
  });

  it('take a peer that nobody asked for as loaded as the busiest of those that were', () => {
    const load = { queuedRows: 0, kvTokensFree: 1000, sessions: 6, ageMs: 0 };
    const asked = peer('asked', { load });
    const idle = peer('idle', { load: { ...load, sessions: 0 } });
    const twiceAsFast = peer('silent', { ...claims(200) });
    const peers = [asked, idle, twiceAsFast];
    expect(costOf(twiceAsFast, peers).sessions).toBeCloseTo(12, 6);
    expect(costOf(idle, peers).sessions).toBe(0);
  });

  it('prefer a fresh measurement of the queue to an estimate', () => {
    const estimated = peer('a', { record: { queuedRows: 30 } });
    const known = peer('b', { record: { queuedRows: 30 }, queueMs: measured(3) });
    const entries = [estimated, known].map((view) => costOf(view, [view]).entryMs);
    expect(entries).toEqual([routingLimits.hopOverheadMs + 300, routingLimits.hopOverheadMs + 3]);
  });
});
