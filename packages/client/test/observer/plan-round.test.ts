import { describe, expect, it } from 'vitest';
import { observerLimits } from '../../src/observer/observer-limits.js';
import { DialBudget } from '../../src/observer/watch/dial-budget.js';
import { type PlannedPeer, planRound } from '../../src/observer/watch/plan-round.js';

interface Planned extends PlannedPeer {
  readonly name: number;
  hasLine: boolean;
  askedAtMs: number | null;
}

function peers(count: number, sessionsOf: (index: number) => number = () => 0): Planned[] {
  return Array.from({ length: count }, (_, name) => ({
    name,
    isKept: false,
    hasLine: false,
    lostAtMs: null,
    askedAtMs: null,
    nextQuestionAtMs: 0,
    record: { sessions: sessionsOf(name) },
  }));
}

function plan(all: readonly Planned[], options: Partial<Parameters<typeof planRound>[1]> = {}) {
  return planRound<Planned>(all, {
    keptMax: 4,
    isRotating: true,
    nowMs: 1_000,
    hasLine: ({ hasLine }) => hasLine,
    takeDials: (wanted) => Math.min(wanted, 3),
    ...options,
  });
}

describe('a round of questions', () => {
  it('keeps lines to peers with sessions first', () => {
    const all = peers(10, (index) => (index >= 8 ? 2 : 0));
    plan(all);
    expect(all.filter(({ isKept }) => isKept).map(({ name }) => name)).toEqual([0, 1, 8, 9]);
  });

  it('asks over open lines without dialling, and dials within the budget', () => {
    const all = peers(6);
    plan(all);
    for (const peer of all.slice(0, 2)) peer.hasLine = true;
    const { open, dialled } = plan(all);
    expect(open.map(({ name }) => name)).toEqual([0, 1]);
    expect(dialled.map(({ name }) => name)).toEqual([2, 3, 4]);
  });

  it('comes round to everybody', () => {
    const all = peers(20);
    const asked = new Set<number>();
    for (let round = 0; round < 12; round += 1) {
      const { open, dialled } = plan(all);
      for (const peer of [...open, ...dialled]) {
        asked.add(peer.name);
        peer.askedAtMs = round;
        peer.hasLine = peer.isKept;
      }
    }
    expect(asked.size).toBe(20);
  });

  it('leaves those alone that are not due, and beside other work all beyond the kept ones', () => {
    const all = peers(8).map((peer) => ({ ...peer, nextQuestionAtMs: peer.name < 2 ? 9_999 : 0 }));
    const { dialled } = plan(all, { isRotating: false });
    expect(dialled.map(({ name }) => name)).toEqual([2, 3]);
  });

  it('gives the place of a lost peer to another', () => {
    const all = peers(5);
    plan(all);
    const lost = all.map((peer) => ({ ...peer, lostAtMs: peer.name === 0 ? 500 : null }));
    plan(lost);
    expect(lost.map(({ isKept }) => isKept)).toEqual([false, true, true, true, true]);
  });
});

describe('the budget of dials', () => {
  it('holds so many at once, and fills up with time', () => {
    let nowMs = 0;
    const budget = new DialBudget(() => nowMs);
    const { dialsAtOnceMax, dialsPerSecond } = observerLimits;
    expect(budget.take(1_000)).toBe(dialsAtOnceMax);
    expect(budget.take(1)).toBe(0);
    nowMs = 2_000;
    expect(budget.take(1_000)).toBe(2 * dialsPerSecond);
    nowMs = 1_000_000;
    expect(budget.take(1_000)).toBe(dialsAtOnceMax);
  });
});
