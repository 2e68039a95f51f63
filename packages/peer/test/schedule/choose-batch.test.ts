import { priorities } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BatchLimits,
  type BatchState,
  type Candidate,
  chooseBatch,
  type WorkKind,
} from '../../src/schedule/choose-batch.js';

const limits: BatchLimits = {
  rowsMax: 100,
  itemsMax: 8,
  decodeRowsMax: 4,
  prefillDueMs: 50,
  backgroundDueMs: 200,
};

const candidate: fc.Arbitrary<Candidate> = fc.record({
  rows: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 150 })),
  priority: fc.constantFrom(...priorities),
  skipped: fc.integer({ min: 0, max: 2 }),
  chunksWaited: fc.integer({ min: 0, max: 1 }),
  waitedMs: fc.integer({ min: 0, max: 400 }),
  servedRows: fc.integer({ min: 0, max: 1000 }),
});
const candidates = fc.array(candidate, { maxLength: 30 });
const state: fc.Arbitrary<BatchState> = fc.record({
  isDecoding: fc.boolean(),
  spread: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1, max: 10 })),
});

function kindOf({ rows, priority }: Candidate): WorkKind {
  if (priority === 'background') return 'background';
  return rows <= limits.decodeRowsMax ? 'decode' : 'prefill';
}

const calm = { skipped: 0, chunksWaited: 0, waitedMs: 0, servedRows: 0 };
const decode: Candidate = { ...calm, rows: 1, priority: 'interactive' };
const prefill: Candidate = { ...calm, rows: 30, priority: 'interactive' };
const background: Candidate = { ...calm, rows: 1, priority: 'background' };
const alone: BatchState = { isDecoding: false, spread: Number.POSITIVE_INFINITY };
const busy: BatchState = { ...alone, isDecoding: true };

describe('chooseBatch', () => {
  it('fills a batch within its limits, of one kind of work, and never with nothing', () => {
    fc.assert(
      fc.property(candidates, state, (all, given) => {
        const { kind, chosen } = chooseBatch(all, limits, given);
        const batch = chosen.map((index) => all[index] as Candidate);
        expect(new Set(chosen).size).toBe(chosen.length);
        expect(chosen.length === 0).toBe(all.length === 0);
        expect(chosen.length).toBeLessThanOrEqual(limits.itemsMax);
        const rows = batch.reduce((sum, each) => sum + each.rows, 0);
        if (batch.length > 1) expect(rows).toBeLessThanOrEqual(limits.rowsMax);
        for (const each of batch) expect(kindOf(each)).toBe(kind);
        const isLong = (each: Candidate) => each.rows > limits.decodeRowsMax;
        expect(new Set(batch.map(isLong)).size).toBeLessThanOrEqual(1);
        if (given.isDecoding && batch.some(isLong)) expect(batch).toHaveLength(1);
      }),
    );
  });

  it('takes decoding, then prompts, then the background, unless they are late', () => {
    expect(chooseBatch([background, prefill, decode, decode], limits, busy).chosen).toEqual([2, 3]);
    expect(chooseBatch([background, prefill], limits, busy).chosen).toEqual([1]);
    const late = { ...prefill, waitedMs: limits.prefillDueMs };
    expect(chooseBatch([late, decode], limits, busy).chosen).toEqual([0]);
    expect(chooseBatch([late, { ...decode, chunksWaited: 1 }], limits, busy).chosen).toEqual([1]);
    const forgotten = { ...background, waitedMs: limits.backgroundDueMs };
    expect(chooseBatch([forgotten, late, decode], limits, busy).chosen).toEqual([0]);
  });

  it('takes the prompt of the session that was served least', () => {
    const long = { ...prefill, servedRows: 500 };
    expect(chooseBatch([long, prefill], limits, busy).chosen).toEqual([1]);
    expect(chooseBatch([long, prefill, long], limits, alone).chosen).toEqual([1, 0, 2]);
  });

  it('divides what decodes, and brings up those that were left behind', () => {
    const many = Array.from({ length: 6 }, () => decode);
    expect(chooseBatch(many, limits, { ...busy, spread: 2 }).chosen).toEqual([0, 1]);
    const left = many.map((each, index) => ({ ...each, skipped: index < 3 ? 0 : 1 }));
    expect(chooseBatch(left, limits, { ...busy, spread: 2 }).chosen).toEqual([3, 4, 5]);
  });

  it('starves nobody, and makes no decoding step wait for two other batches', () => {
    const arrivals = fc.array(
      fc.record({ each: candidate, atBatch: fc.integer({ min: 0, max: 40 }) }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 1, max: 4 }), (plan, spread) => {
        const batchMs = 10;
        let queue: Waiting[] = [];
        let before: WorkKind | null = null;
        let served = 0;
        for (let batch = 0; served < plan.length; batch++) {
          expect(batch).toBeLessThan(400);
          queue = queue.map((each) => passed(each, before, batchMs));
          for (const { each, atBatch } of plan) {
            if (atBatch === batch) queue.push({ ...each, ...calm, isPlanned: true });
          }
          // Others decode all the time, and there are more of them than a batch holds.
          queue.push({ ...decode, isPlanned: false }, { ...decode, isPlanned: false });
          const { kind, chosen } = chooseBatch(queue, limits, { isDecoding: true, spread });
          const taken = new Set(chosen);
          for (const index of chosen) if (queue[index]?.isPlanned) served += 1;
          if (kind === 'decode') queue = queue.map((each) => ({ ...each, skipped: 1 }));
          queue = queue.filter((_, index) => !taken.has(index));
          for (const each of queue) {
            if (kindOf(each) === 'decode') expect(each.chunksWaited).toBeLessThanOrEqual(1);
          }
          before = kind;
        }
      }),
    );
  });
});

interface Waiting extends Candidate {
  readonly isPlanned: boolean;
}

/** A step that waited for a batch. */
function passed(step: Waiting, kind: WorkKind | null, batchMs: number): Waiting {
  const chunksWaited = step.chunksWaited + (kind === null || kind === 'decode' ? 0 : 1);
  return { ...step, chunksWaited, waitedMs: step.waitedMs + batchMs };
}
