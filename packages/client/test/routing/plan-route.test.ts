import type { PeerId } from '@skein/protocol';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distanceOf, edgeMs, peerCost } from '../../src/routing/peer-cost.js';
import { longestContext, planRepair, planRoute, planRoutes } from '../../src/routing/plan-route.js';
import { referenceSpeed } from '../../src/routing/reference-speed.js';
import { routingLimits } from '../../src/routing/routing-limits.js';
import type { PeerView, Route } from '../../src/routing/snapshot.js';
import { measured, viewModel as model, type PeerChanges, peerView } from '../support/peer-view.js';

const blockCount = 5;
const request = { model, blockCount };
const noLuck = () => 0;

const peer = (name: string, span: readonly [number, number], changes: PeerChanges = {}) =>
  peerView(name, span, { blockCount, ...changes });

const names = (route: ReturnType<typeof planRoute>) =>
  route.kind === 'route'
    ? route.hops.map(({ name, span }) => `${name} ${span.start}:${span.end}`)
    : route;

/** What the property tests ask for: prompt rows count, so that bytes and chunks do. */
const work = { tokensMax: 0, promptRowsPerToken: 3, rowBytes: null };
const workRequest = { ...request, promptRowsPerToken: work.promptRowsPerToken };

/** Every route that uses each peer for one stretch at most, with its cost, cheapest first. */
function allRoutes(
  peers: readonly PeerView[],
  all: readonly PeerView[],
): { readonly key: string; readonly costMs: number }[] {
  const basis = { work, reference: referenceSpeed(all), sessionsPerSpeed: 0 };
  const costs = new Map(peers.map((view) => [view, peerCost(view, basis)]));
  const distance = (view: PeerView | null) => (view === null ? null : distanceOf(view, work));
  const found: { key: string; costMs: number }[] = [];
  const visit = (block: number, path: readonly PeerView[], costMs: number): void => {
    const current = path.at(-1) ?? null;
    if (block === blockCount) {
      if (!current?.record.ends.head) return;
      found.push({ key: keyOf(path), costMs: costMs + edgeMs(distance(current), null) });
      return;
    }
    for (const next of peers) {
      const { span, ends } = next.record;
      if (block < span.start || block >= span.end) continue;
      if (block === 0 && !ends.embedding) continue;
      if (next !== current && path.includes(next)) continue;
      const { entryMs, blockMs } = costs.get(next) as ReturnType<typeof peerCost>;
      const enterMs = next === current ? 0 : edgeMs(distance(current), distance(next)) + entryMs;
      visit(block + 1, [...path, next], costMs + enterMs + blockMs);
    }
  };
  visit(0, [], 0);
  return found.sort((a, b) => a.costMs - b.costMs);
}

const keyOf = (path: readonly PeerView[]) => path.map(({ peer: id }) => id).join(' ');

const keyOfRoute = ({ hops }: Route) =>
  hops.flatMap(({ peer: id, span }) => Array(span.end - span.start).fill(id)).join(' ');

/** Of all kinds together, cheapest first. */
function allRoutesByKind(peers: readonly PeerView[]) {
  const usable = peers.filter(({ isBanned }) => !isBanned);
  return ['f16/f16', 'q8_0/f16']
    .flatMap((kind) =>
      allRoutes(
        usable.filter(({ record }) => record.numericKind === kind),
        peers,
      ),
    )
    .sort((a, b) => a.costMs - b.costMs);
}

const arbitraryPeer = fc
  .record({
    start: fc.nat(blockCount - 1),
    length: fc.integer({ min: 1, max: blockCount }),
    latencyMs: fc.option(fc.integer({ min: 0, max: 200 })),
    queueMs: fc.option(fc.integer({ min: 0, max: 50 })),
    speed: fc.constantFrom(0, 20, 100, 1000),
    blockMs: fc.option(fc.integer({ min: 1, max: 40 })),
    byteMs: fc.option(fc.constantFrom(0.001, 0.05)),
    samples: fc.integer({ min: 1, max: 10 }),
    ageMs: fc.constantFrom(0, 5000, 1e6),
    sessions: fc.nat(5),
    numericKind: fc.constantFrom('f16/f16', 'q8_0/f16'),
    isBanned: fc.boolean(),
    hostsEnds: fc.boolean(),
  })
  .map((facts) => (index: number) => {
    const end = Math.min(blockCount, facts.start + facts.length);
    const { isBanned, numericKind, hostsEnds, samples, ageMs, sessions } = facts;
    const view = (value: number | null) =>
      value === null ? null : measured(value, { samples, ageMs });
    return peer(`p${index}`, [facts.start, end], {
      latencyMs: view(facts.latencyMs),
      queueMs: view(facts.queueMs),
      blockMs: view(facts.blockMs),
      byteMs: view(facts.byteMs),
      sessionsInFlight: sessions,
      isBanned,
      record: {
        numericKind,
        decodeBlocksPerSecond: facts.speed,
        ends: { embedding: hostsEnds && facts.start === 0, head: hostsEnds && end === blockCount },
      },
    });
  });
const arbitrarySwarm = fc
  .array(arbitraryPeer, { maxLength: 7 })
  .map((builders) => builders.map((build, index) => build(index)));

function checkRoute(route: Route, peers: readonly PeerView[]): void {
  let block = 0;
  expect(new Set(route.hops.map(({ peer }) => peer)).size).toBe(route.hops.length);
  for (const hop of route.hops) {
    const view = peers.find((candidate) => candidate.peer === hop.peer) as PeerView;
    expect(hop.span.start).toBe(block);
    expect(hop.span.end).toBeGreaterThan(block);
    expect(view.record.span.start).toBeLessThanOrEqual(hop.span.start);
    expect(view.record.span.end).toBeGreaterThanOrEqual(hop.span.end);
    expect(hop.ends).toEqual({ embedding: block === 0, head: hop.span.end === blockCount });
    block = hop.span.end;
  }
  expect(block).toBe(blockCount);
}

describe('planRoutes', () => {
  it('are the cheapest of all routes, in order', () => {
    fc.assert(
      fc.property(arbitrarySwarm, fc.integer({ min: 1, max: 12 }), (peers, count) => {
        const routes = planRoutes({ peers }, workRequest, { count });
        const all = allRoutesByKind(peers);
        expect(routes.length).toBe(Math.min(count, all.length));
        expect(new Set(routes.map(keyOfRoute)).size).toBe(routes.length);
        const costs = new Map(all.map(({ key, costMs }) => [key, costMs]));
        for (const [index, route] of routes.entries()) {
          checkRoute(route, peers);
          expect(new Set(route.hops.map(({ numericKind }) => numericKind)).size).toBe(1);
          expect(route.costMs).toBeCloseTo((all[index] as { costMs: number }).costMs, 5);
          expect(costs.get(keyOfRoute(route))).toBeCloseTo(route.costMs, 5);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('does not depend on the order of the peers', () => {
    fc.assert(
      fc.property(arbitrarySwarm, (peers) => {
        const costs = (views: readonly PeerView[]) =>
          planRoutes({ peers: views }, workRequest, { count: 5 }).map(({ costMs }) =>
            costMs.toFixed(5),
          );
        expect(costs(peers.slice().reverse())).toEqual(costs(peers));
      }),
    );
  });
});

describe('planRoute', () => {
  it('finds a route where there is one, within the spread of the best, whatever the luck', () => {
    fc.assert(
      fc.property(
        arbitrarySwarm,
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (peers, luck) => {
          const random = () => luck.next().value as number;
          const route = planRoute({ peers }, workRequest, random);
          const [best] = allRoutesByKind(peers);
          if (route.kind === 'no-route') {
            expect(best).toBeUndefined();
            return;
          }
          checkRoute(route, peers);
          const boundMs = (best?.costMs ?? 0) * (1 + routingLimits.spreadRatio);
          expect(route.costMs).toBeLessThanOrEqual(boundMs + 1e-6);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('uses spans in part', () => {
    const slow = peer('slow', [0, 5], { record: { decodeBlocksPerSecond: 10 } });
    const fast = peer('fast', [2, 4], { record: { decodeBlocksPerSecond: 10_000 } });
    const end = peer('end', [3, 5], { record: { decodeBlocksPerSecond: 100 } });
    expect(names(planRoute({ peers: [slow, fast, end] }, request, noLuck))).toEqual([
      'slow 0:2',
      'fast 2:4',
      'end 4:5',
    ]);
  });

  it('does not come back to a peer that it left', () => {
    const slow = peer('slow', [0, 5], { record: { decodeBlocksPerSecond: 10 } });
    const fast = peer('fast', [2, 4], { record: { decodeBlocksPerSecond: 10_000 } });
    const route = planRoute({ peers: [slow, fast] }, request, noLuck);
    expect(names(route)).toEqual(['slow 0:5']);
  });

  it('takes near-equal routes at random', () => {
    const peers = [peer('a', [0, 5]), peer('b', [0, 5])];
    const picks = new Set<unknown>();
    for (let seed = 0; seed < 20; seed += 1) {
      let draw = seed;
      const random = () => {
        draw = (draw * 7 + 3) % 20;
        return draw / 20;
      };
      picks.add(JSON.stringify(names(planRoute({ peers }, request, random))));
    }
    expect(picks.size).toBe(2);
  });

  it('avoids peers without room, unless there is no other', () => {
    const full = peer('full', [0, 5], { record: { kvTokensFree: 10 } });
    const far = peer('far', [0, 5], { latencyMs: measured(400) });
    const never = peer('never', [0, 5], { record: { kvTokensMax: 50 }, latencyMs: measured(0) });
    const long = { ...request, tokensMax: 100 };
    expect(names(planRoute({ peers: [full, far, never] }, long, noLuck))).toEqual(['far 0:5']);
    expect(names(planRoute({ peers: [full, never] }, long, noLuck))).toEqual(['full 0:5']);
  });

  it('says when only the length of the context stands in the way, and which length fits', () => {
    const peers = [
      peer('a', [0, 3], { record: { kvTokensMax: 500 } }),
      peer('b', [3, 5], { record: { kvTokensMax: 800 } }),
      peer('c', [3, 5], { record: { kvTokensMax: 100 } }),
    ];
    const long = { ...request, tokensMax: 600 };
    expect(planRoute({ peers }, long, noLuck)).toMatchObject({ needsShorterContext: true });
    expect(longestContext({ peers }, long)).toBe(500);
    expect(longestContext({ peers }, { ...long, tokensMax: 300 })).toBe(300);
    expect(longestContext({ peers: peers.slice(0, 1) }, long)).toBe(0);
  });

  it('says what is missing', () => {
    const peers = [
      peer('a', [0, 2], { record: { ends: { embedding: false, head: false } } }),
      peer('b', [3, 4]),
      peer('banned', [2, 3], { isBanned: true }),
      peer('draining', [4, 5], { record: { state: 'draining' } }),
    ];
    expect(planRoute({ peers }, request, noLuck)).toEqual({
      kind: 'no-route',
      missingBlocks: [
        { start: 2, end: 3 },
        { start: 4, end: 5 },
      ],
      isEmbeddingMissing: true,
      isHeadMissing: true,
      needsMixedNumerics: false,
      needsShorterContext: false,
      unusablePeers: ['banned'],
    });
  });

  it('says when only the numeric kinds stand in the way', () => {
    const peers = [peer('a', [0, 3]), peer('b', [3, 5], { record: { numericKind: 'q8_0/f16' } })];
    expect(planRoute({ peers }, request, noLuck)).toMatchObject({
      kind: 'no-route',
      missingBlocks: [{ start: 3, end: 5 }],
      needsMixedNumerics: true,
    });
    const mixed = { ...request, acceptMixedNumerics: true };
    expect(names(planRoute({ peers }, mixed, noLuck))).toEqual(['a 0:3', 'b 3:5']);
  });
});

describe('planRepair', () => {
  const repair = {
    model,
    span: { start: 1, end: 4 },
    ends: { embedding: false, head: false },
    numericKind: 'f16/f16',
  };

  it('covers just the range, by several hops if need be', () => {
    const slow = { record: { decodeBlocksPerSecond: 50 } };
    const peers = [peer('a', [0, 3]), peer('b', [2, 5], slow)];
    expect(names(planRepair({ peers }, repair, noLuck))).toEqual(['a 1:3', 'b 3:4']);
  });

  it('leaves out excluded peers and other numeric kinds', () => {
    const peers = [
      peer('a', [0, 5]),
      peer('b', [0, 5], { record: { numericKind: 'q8_0/f16' } }),
      peer('c', [0, 5], { latencyMs: measured(500) }),
    ];
    const excluded = new Set(['a' as PeerId]);
    expect(names(planRepair({ peers }, { ...repair, excluded }, noLuck))).toEqual(['c 1:4']);
  });

  it('prefers a peer near to its neighbours', () => {
    const peers = [
      peer('near', [0, 5], { latencyMs: measured(5) }),
      peer('far', [0, 5], { latencyMs: measured(50) }),
    ];
    expect(names(planRepair({ peers }, repair, noLuck))).toEqual(['near 1:4']);
  });

  it('plans a large swarm in milliseconds', () => {
    const peers = Array.from({ length: 500 }, (_, index) => {
      const start = (index * 7) % 76;
      return peer(`p${index}`, [start, start + 5], { latencyMs: measured(index % 90) });
    });
    const wide = { ...repair, span: { start: 4, end: 76 } };
    // Of the processor, not of the wall: others may use it as well.
    const before = process.cpuUsage();
    expect(planRepair({ peers }, wide, noLuck).kind).toBe('route');
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(500);
  });
});
