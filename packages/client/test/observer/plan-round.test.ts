import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateBudget } from '../../src/network/rate-budget.js';
import {
  type PlannedPeer,
  planRound,
  type RoundPlanOptions,
} from '../../src/observer/watch/plan-round.js';

interface Planned extends PlannedPeer {
  readonly name: number;
  hasLine: boolean;
  askedAtMs: number | null;
  heardAtMs: number;
  reports: boolean | null;
  isSuspect: boolean;
}

function peers(count: number, fields: (index: number) => Partial<Planned> = () => ({})): Planned[] {
  return Array.from({ length: count }, (_, name) => ({
    name,
    isKept: false,
    place: (name * 7) % count,
    hasLine: false,
    lostAtMs: null,
    askedAtMs: null,
    heardAtMs: 0,
    nextQuestionAtMs: 0,
    silences: 0,
    reports: null,
    isSuspect: false,
    record: { sessions: 0 },
    ...fields(name),
  }));
}

function plan(all: readonly Planned[], options: Partial<RoundPlanOptions<Planned>> = {}) {
  return planRound<Planned>(all, {
    keptMax: 4,
    reportersMax: null,
    isRotating: true,
    untoldMs: 30_000,
    nowMs: 1_000,
    hasLine: ({ hasLine }) => hasLine,
    takeDials: (wanted) => Math.min(wanted, 3),
    ...options,
  });
}

const names = (some: readonly Planned[]) => some.map(({ name }) => name);
const kept = (all: readonly Planned[]) => names(all.filter(({ isKept }) => isKept));

describe('a round of questions', () => {
  it('keeps lines to peers with sessions first', () => {
    const all = peers(10, (index) => ({ record: { sessions: index >= 8 ? 2 : 0 } }));
    plan(all);
    expect(kept(all)).toEqual([0, 1, 8, 9]);
  });

  it('asks over open lines without dialling, and dials within the budget', () => {
    const all = peers(6);
    plan(all);
    for (const peer of all.slice(0, 2)) peer.hasLine = true;
    const { open, dialled } = plan(all);
    expect(names(open)).toEqual([0, 1]);
    expect(names(dialled)).toEqual([2, 3, 4]);
  });

  it.each([null, 2])('comes round to everybody, with %s reporters that tell nothing', (max) => {
    const all = peers(20, () => ({ reports: max === null ? null : true }));
    const asked = new Set<number>();
    for (let round = 0; round < 12; round += 1) {
      const nowMs = 100_000 * (round + 1);
      const { open, dialled } = plan(all, { reportersMax: max, nowMs });
      for (const peer of [...open, ...dialled]) {
        asked.add(peer.name);
        peer.askedAtMs = nowMs;
        peer.heardAtMs = nowMs;
        peer.hasLine = peer.isKept;
      }
    }
    expect(asked.size).toBe(20);
  });

  it('leaves those alone that are not due, and beside other work all beyond the kept ones', () => {
    const all = peers(8, (name) => ({ nextQuestionAtMs: name < 2 ? 9_999 : 0 }));
    const { dialled } = plan(all, { isRotating: false });
    expect(names(dialled)).toEqual([2, 3]);
  });

  it('gives the place of a lost peer to another', () => {
    const all = peers(5);
    plan(all);
    const lost = all.map((peer) => ({ ...peer, lostAtMs: peer.name === 0 ? 500 : null }));
    plan(lost);
    expect(kept(lost)).toEqual([1, 2, 3, 4]);
  });
});

describe('a round in a large swarm', () => {
  const large = { keptMax: 6, reportersMax: 3 };

  it('chooses the same reporters wherever it looks from, and leaves those who are told of alone', () => {
    const all = peers(20);
    const reversed = [...peers(20)].reverse();
    plan(all, large);
    plan(reversed, large);
    expect(kept(all)).toEqual(kept(reversed).sort((left, right) => left - right));
    expect(kept(all)).toHaveLength(3);
    for (const peer of all) [peer.hasLine, peer.reports] = [peer.isKept, peer.isKept || null];
    const { open, dialled } = plan(all, large);
    expect(open).toHaveLength(3);
    expect(dialled).toEqual([]);
  });

  it('lets lines go that it had when the swarm was small', () => {
    const all = peers(20, (name) => ({ isKept: name < 6, hasLine: name < 6, reports: name < 6 }));
    const { open, released } = plan(all, large);
    expect(open).toHaveLength(3);
    expect([...names(open), ...names(released)].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('keeps peers that tell of nobody in the places that are left, those with sessions first', () => {
    const all = peers(20, (name) => ({
      reports: name % 2 === 0,
      record: { sessions: name === 19 ? 3 : 0 },
    }));
    plan(all, large);
    const old = all.filter(({ isKept, reports }) => isKept && reports === false);
    expect(names(old)).toContain(19);
    expect(old).toHaveLength(3);
  });

  it('dials suspects before others, and others only when nobody told of them for long', () => {
    const all = peers(20, (name) => ({
      reports: true,
      heardAtMs: name === 15 ? 0 : 90_000,
      isSuspect: name === 17,
    }));
    plan(all, large);
    for (const peer of all) peer.hasLine = peer.isKept;
    expect(kept(all)).not.toEqual(expect.arrayContaining([15]));
    const { dialled } = plan(all, { ...large, nowMs: 100_000 });
    expect(names(dialled)).toEqual([17, 15]);
    const beside = plan(all, { ...large, nowMs: 100_000, isRotating: false });
    expect(names(beside.dialled)).toEqual([17]);
  });

  it('without anybody who tells of others dials all in turn', () => {
    const all = peers(20, () => ({ reports: false }));
    plan(all, large);
    for (const peer of all) [peer.hasLine, peer.askedAtMs] = [peer.isKept, peer.isKept ? 1 : null];
    expect(kept(all)).toHaveLength(6);
    expect(plan(all, large).dialled).toHaveLength(3);
  });

  it('has never more lines than there are places, and none to a lost peer', () => {
    const peerOf = fc.record({
      isKept: fc.boolean(),
      hasLine: fc.boolean(),
      place: fc.nat(1_000),
      reports: fc.constantFrom(true, false, null),
      lostAtMs: fc.constantFrom(null, 5),
      nextQuestionAtMs: fc.constantFrom(0, 9_999),
      isSuspect: fc.boolean(),
      silences: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(peerOf, { maxLength: 40 }), fc.nat(8), (some, keptMax) => {
        const all = peers(some.length, (name) => some[name] ?? {});
        // What an earlier round left never exceeds the places.
        for (const peer of all.filter(({ isKept }) => isKept).slice(keptMax)) peer.isKept = false;
        const { open, dialled } = plan(all, { keptMax, reportersMax: Math.min(3, keptMax) });
        const chosen = all.filter(({ isKept }) => isKept);
        expect(chosen.length).toBeLessThanOrEqual(keptMax);
        expect(chosen.filter(({ reports }) => reports !== false).length).toBeLessThanOrEqual(3);
        expect(chosen.every(({ lostAtMs }) => lostAtMs === null)).toBe(true);
        const asked = [...open, ...dialled];
        expect(new Set(asked).size).toBe(asked.length);
        expect(asked.every(({ nextQuestionAtMs }) => nextQuestionAtMs <= 1_000)).toBe(true);
      }),
    );
  });
});

describe('a budget', () => {
  it('holds so many at once, and fills up with time', () => {
    let nowMs = 0;
    const budget = new RateBudget({ atOnceMax: 8, perSecond: 2, now: () => nowMs });
    expect(budget.take(1_000)).toBe(8);
    expect(budget.take(1)).toBe(0);
    nowMs = 2_000;
    expect(budget.take(1_000)).toBe(4);
    budget.giveBack(3);
    expect(budget.take(1_000)).toBe(3);
    nowMs = 1_000_000;
    budget.giveBack(5);
    expect(budget.take(1_000)).toBe(8);
  });
});
