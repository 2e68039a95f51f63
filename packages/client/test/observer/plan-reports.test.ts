import type { PeerId } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeOf, planReports, type ReportedPeer } from '../../src/observer/watch/plan-reports.js';
import { peerId } from './support/peers.js';

interface Reported extends ReportedPeer {
  readonly avoids: Map<PeerId, number>;
}

function peerOf(index: number, kind = 'peer'): Reported {
  // Digits that base58 has.
  const id = peerId(`${kind}${index.toString().replaceAll('0', 'A')}`);
  return { id, place: placeOf(id), avoids: new Map() };
}

const some = (count: number, kind: string) =>
  Array.from({ length: count }, (_, index) => peerOf(index, kind));

const options = { nowMs: 1_000, namesMax: 32 };

/** Who is asked for whom. */
function reporterOf(plan: ReturnType<typeof planReports<Reported>>): Map<PeerId, PeerId> {
  const pairs = [...plan].flatMap(([reporter, names]) =>
    names.map(({ id }) => [id, reporter.id] as const),
  );
  return new Map(pairs);
}

describe('a plan of reports', () => {
  it('spreads a thousand peers evenly over 64 reporters', () => {
    const [peers, reporters] = [some(936, 'peer'), some(64, 'reporter')];
    const plan = planReports(peers, reporters, options);
    const loads = [...plan.values()].map((names) => names.length);
    expect(reporterOf(plan).size).toBe(936);
    expect(Math.max(...loads)).toBeLessThanOrEqual(Math.ceil((936 / 64) * 1.25));
    expect(Math.min(...loads)).toBeGreaterThan(4);
  });

  it('moves few peers when a reporter goes: its own, and some by their share', () => {
    const [peers, reporters] = [some(936, 'peer'), some(64, 'reporter')];
    const before = reporterOf(planReports(peers, reporters, options));
    const [gone, ...rest] = reporters;
    const after = reporterOf(planReports(peers, rest, options));
    const moved = peers.filter(({ id }) => before.get(id) !== after.get(id));
    const own = peers.filter(({ id }) => before.get(id) === gone?.id);
    expect(moved.length).toBeGreaterThanOrEqual(own.length);
    expect(moved.length).toBeLessThan(100);
  });

  it('comes to the same in whatever order the peers are known', () => {
    const [peers, reporters] = [some(200, 'peer'), some(9, 'reporter')];
    const left = planReports(peers, reporters, options);
    const right = planReports([...peers].reverse(), [...reporters].reverse(), options);
    expect(reporterOf(left)).toEqual(reporterOf(right));
  });

  it('has one reporter tell of all whom the others withhold', () => {
    const [peers, reporters] = [some(20, 'peer'), some(4, 'reporter')];
    const [honest, ...hostile] = reporters;
    for (const { avoids } of peers) for (const { id } of hostile) avoids.set(id, 2_000);
    const plan = planReports(peers, reporters, options);
    expect([...plan].map(([reporter, names]) => [reporter, names.length])).toEqual([[honest, 20]]);
  });

  it('asks no reporter of itself, none for what it withheld lately, and none for too many', () => {
    fc.assert(
      fc.property(
        fc.nat(60),
        fc.nat(6),
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.tuple(fc.nat(59), fc.nat(5), fc.boolean()), { maxLength: 80 }),
        (peerCount, reporterCount, namesMax, avoided) => {
          const reporters = some(reporterCount, 'reporter');
          const peers = [...some(peerCount, 'peer'), ...reporters.slice(0, 2)];
          for (const [peer, reporter, isOver] of avoided) {
            const id = reporters[reporter]?.id;
            if (id !== undefined) peers[peer]?.avoids.set(id, isOver ? 500 : 2_000);
          }
          const plan = planReports(peers, reporters, { nowMs: 1_000, namesMax });
          const told = [...plan.values()].flat();
          expect(new Set(told).size).toBe(told.length);
          for (const [reporter, names] of plan) {
            expect(names.length).toBeLessThanOrEqual(namesMax);
            expect(names).not.toContain(reporter);
            for (const { avoids } of names) {
              expect(avoids.get(reporter.id) ?? 0).toBeLessThanOrEqual(1_000);
            }
          }
        },
      ),
    );
  });
});
