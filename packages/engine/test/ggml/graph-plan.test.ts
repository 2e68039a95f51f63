import type { HiddenType } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { groupIntoBatches } from '../../src/core/step-batches.js';
import { attentionMask } from '../../src/ggml/graph/attention-mask.js';
import { type PlanItem, planGraph } from '../../src/ggml/graph/graph-plan.js';
import type { KvStore } from '../../src/ggml/kv-store.js';

const kind = { span: { start: 0, end: 2 }, residualType: 'f32' } as const;

function createPlanItem(changes: Partial<PlanItem> & { storeId?: number }): PlanItem {
  const store: KvStore = { id: changes.storeId ?? 1, capacity: 64, keys: [], values: [] };
  const cache = { store, attendedTokens: 64 };
  return { rows: 1, rowByRow: false, input: 'f32', output: 'f32', cache, ...changes };
}

describe('planGraph', () => {
  it('keeps every row in its place when all are wanted in one type', () => {
    const plan = planGraph(kind, [createPlanItem({ rows: 2 }), createPlanItem({ rows: 3 })]);
    expect(plan.keptRows).toBeNull();
    expect(plan.placed.map(({ start, outputStart }) => [start, outputStart])).toEqual([
      [0, 0],
      [2, 2],
    ]);
  });

  it('puts rows of one kind of input, and of output, together', () => {
    const rows = createPlanItem({ rows: 2, input: 'f16', output: 'last' });
    const tokens = createPlanItem({ rows: 3, input: 'tokens', output: 'f16' });
    const silent = createPlanItem({ rows: 4, input: 'f16', output: 'none' });
    const more = createPlanItem({ rows: 1, input: 'tokens', output: 'all' });
    const plan = planGraph(kind, [rows, tokens, silent, more]);
    expect(plan.placed.map(({ item }) => item)).toEqual([tokens, more, rows, silent]);
    expect(plan.inputRows).toEqual({ tokens: 4, f32: 0, f16: 6, bf16: 0 });
    expect(plan.outputRows).toEqual({ f32: 0, f16: 3, bf16: 0, logits: 2 });
    expect([...(plan.keptRows ?? [])]).toEqual([0, 1, 2, 3, 5]);
    const places = plan.placed.map(({ outputStart, outputRows }) => [outputStart, outputRows]);
    expect(places).toEqual([
      [0, 3],
      [0, 1],
      [1, 1],
      [0, 0],
    ]);
  });

  it('has one key for the steps of a session, and others for other caches or lengths', () => {
    const keyOf = (changes: Parameters<typeof createPlanItem>[0]) =>
      planGraph(kind, [createPlanItem(changes)]).key;
    const store: KvStore = { id: 1, capacity: 128, keys: [], values: [] };
    expect(keyOf({})).toBe(keyOf({}));
    expect(keyOf({ storeId: 2 })).not.toBe(keyOf({}));
    expect(keyOf({ cache: { store, attendedTokens: 128 } })).not.toBe(keyOf({}));
    expect(keyOf({ output: 'last' })).not.toBe(keyOf({}));
    const rounded = planGraph({ ...kind, residualType: 'f16' }, [createPlanItem({})]);
    expect(rounded.key).not.toBe(keyOf({}));
    expect(keyOf({ rows: 2, output: 'last' })).not.toBe(keyOf({ rows: 2, output: 'all' }));
  });
});

describe('the kinds of rows of a plan', () => {
  const kindsOf = (...items: Partial<PlanItem>[]) => {
    const { rowsKind, keptKind } = planGraph(kind, items.map(createPlanItem));
    return [rowsKind, keptKind];
  };

  it('are independent where each session has one', () => {
    expect(kindsOf({}, { output: 'none' })).toEqual(['independent', 'independent']);
    expect(kindsOf({ rows: 5 }, {})).toEqual(['chunk', 'chunk']);
    const last = { rows: 5, output: 'last' } as const;
    expect(kindsOf(last, last)).toEqual(['chunk', 'independent']);
  });

  it('are part of the key', () => {
    const items = (first: Partial<PlanItem>, second: Partial<PlanItem>) =>
      [first, second].map((changes) => createPlanItem({ rows: 2, ...changes }));
    const two = planGraph(kind, items({ output: 'last' }, { output: 'last' }));
    const one = planGraph(kind, items({ output: 'all' }, { output: 'none' }));
    expect(two.outputRows).toEqual(one.outputRows);
    expect(two.key).not.toBe(one.key);
  });
});

describe('attentionMask', () => {
  const visible = (mask: Uint16Array, row: number, width: number) =>
    Array.from(mask.subarray(row * width, (row + 1) * width), (bits) => (bits === 0 ? 1 : 0)).join(
      '',
    );

  it('shows a row itself and what came before', () => {
    const mask = attentionMask({ position: 2, rows: 2 }, 8, null);
    expect([0, 1].map((row) => visible(mask, row, 8))).toEqual(['11100000', '11110000']);
  });

  it('hides what has left the window', () => {
    const mask = attentionMask({ position: 2, rows: 2 }, 8, 2);
    expect([0, 1].map((row) => visible(mask, row, 8))).toEqual(['01100000', '00110000']);
  });
});

describe('groupIntoBatches', () => {
  const item = (start: number, end: number, rows: number) => ({
    span: { start, end },
    residualType: 'f32' as HiddenType,
    rows,
    rowByRow: false,
    output: 'f32' as PlanItem['output'],
  });

  it('takes rows that are repeated one by one for single ones', () => {
    const [single, again] = [item(0, 2, 1), { ...item(0, 2, 9), rowByRow: true }];
    expect(groupIntoBatches([single, item(0, 2, 9), again])[0]).toEqual([single, again]);
  });

  it('separates single rows from chunks, and chunks of which one row goes to the head', () => {
    const [single, other] = [item(0, 2, 1), item(0, 2, 1)];
    const [chunk, silent] = [item(0, 2, 9), { ...item(0, 2, 9), output: 'none' as const }];
    const last = { ...item(0, 2, 9), output: 'last' as const };
    expect(groupIntoBatches([single, chunk, last, other, silent])).toEqual([
      [single, other],
      [chunk, silent],
      [last],
    ]);
  });

  it('separates precisions of the residual stream', () => {
    const exact = item(0, 2, 1);
    const half = { ...item(0, 2, 1), residualType: 'f16' as HiddenType };
    expect(groupIntoBatches([exact, half, exact])).toEqual([[exact, exact], [half]]);
  });

  it('separates spans, and rows beyond what one graph takes', () => {
    const items = [item(0, 2, 300), item(1, 2, 9), item(0, 2, 300), item(3, 3, 1), item(4, 4, 1)];
    const indices = groupIntoBatches(items).map((batch) =>
      batch.map((each) => items.indexOf(each)),
    );
    expect(indices).toEqual([[0], [1], [2], [3, 4]]);
  });
});
