import type { Tensor } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HistoryBudget, OutputHistory } from '../../src/session/output-history.js';

const width = 4;
/** Bytes of a row. */
const rowBytes = 4 * width;

/** Rows whose every value is the position. */
function rowsAt(position: number, rows: number): Tensor {
  const values = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    values.fill(position + row, row * width, (row + 1) * width);
  }
  return { type: 'f32', shape: [rows, width], bytes: new Uint8Array(values.buffer) };
}

function positionsOf(tensor: Tensor): number[] {
  const values = new Float32Array(tensor.bytes.slice().buffer);
  return Array.from({ length: values.length / width }, (_, row) => values[row * width] as number);
}

const rowsAppendedMax = 9;

const operations = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('append' as const),
      rows: fc.integer({ min: 1, max: rowsAppendedMax }),
      rowByRow: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('truncate' as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    fc.record({ kind: fc.constant('reset' as const), rows: fc.integer({ min: 0, max: 20 }) }),
  ),
  { maxLength: 60 },
);

describe('an output history', () => {
  it('holds an unbroken stretch up to the length, within its budget', () => {
    fc.assert(
      fc.property(operations, fc.integer({ min: 1, max: 8 }), (plan, rowsMax) => {
        const budget = new HistoryBudget(1e9);
        const history = new OutputHistory(budget, 20 * rowBytes);
        let length = 0;
        for (const operation of plan) {
          if (operation.kind === 'append') {
            const { rows, rowByRow } = operation;
            history.append({ step: length, rows, rowByRow, tensor: rowsAt(length, rows) });
            length += operation.rows;
          } else if (operation.kind === 'truncate') {
            length = Math.floor(operation.share * length);
            history.truncate(length);
          } else {
            length = operation.rows;
            history.reset(length);
          }
          expect(history.end).toBe(length);
          expect(history.start).toBeLessThanOrEqual(length);
          expect(history.bytes).toBe((history.end - history.start) * rowBytes);
          expect(history.bytes).toBeLessThanOrEqual(20 * rowBytes);
          expect(budget.bytes).toBe(history.bytes);
          const from = history.start + Math.floor((length - history.start) / 3);
          const range = { to: length, singlesMax: rowsMax - 1, rowsMax, rowsJoinedMax: 4 };
          const pieces = history.pieces({ ...range, from });
          const positions = pieces?.flatMap(({ tensor }) => positionsOf(tensor));
          expect(positions).toEqual(Array.from({ length: length - from }, (_, row) => from + row));
          for (const { rows, rowByRow, tensor } of pieces ?? []) {
            if (rowByRow) expect(rows).toBeLessThanOrEqual(Math.max(4, rowsAppendedMax));
            expect(tensor.shape).toEqual([rows, width]);
          }
          if (history.start > 0) {
            const before = history.start - 1;
            expect(history.pieces({ ...range, from: before })).toBeNull();
          }
        }
        history.release();
        expect(budget.bytes).toBe(0);
      }),
    );
  });

  it('gives back the steps in which outputs were computed, unless there are too many', () => {
    const history = new OutputHistory(new HistoryBudget(1e9), 1e9);
    for (const [position, rows] of [
      [0, 5],
      [5, 1],
      [6, 1],
      [7, 1],
    ] as const) {
      history.append({ step: position, rows, rowByRow: false, tensor: rowsAt(position, rows) });
    }
    const rowsOf = (singlesMax: number, from = 0, rowsJoinedMax = 8) =>
      history
        .pieces({ from, to: 8, singlesMax, rowsJoinedMax, rowsMax: 3 })
        ?.map(({ rows, rowByRow }) => (rowByRow ? `${rows}x1` : rows));
    expect(rowsOf(3)).toEqual([5, '3x1']);
    expect(rowsOf(3, 2)).toEqual([3, '3x1']);
    expect(rowsOf(3, 0, 2)).toEqual([5, '2x1', 1]);
    expect(rowsOf(2)).toEqual([3, 3, 2]);
  });

  it('repeats rows one by one that were repeated so before', () => {
    const history = new OutputHistory(new HistoryBudget(1e9), 1e9);
    history.append({ step: 0, rows: 4, rowByRow: true, tensor: rowsAt(0, 4) });
    history.append({ step: 1, rows: 1, rowByRow: false, tensor: rowsAt(4, 1) });
    const limits = { singlesMax: 9, rowsJoinedMax: 8, rowsMax: 3 };
    const pieces = history.pieces({ from: 1, to: 5, ...limits });
    expect(pieces?.map(({ rows, rowByRow }) => [rows, rowByRow])).toEqual([[4, true]]);
    expect(positionsOf((pieces ?? [])[0]?.tensor as Tensor)).toEqual([1, 2, 3, 4]);
  });

  it('gives way to others: the largest loses its oldest', () => {
    const budget = new HistoryBudget(10 * rowBytes);
    const [large, small] = [new OutputHistory(budget, 1e9), new OutputHistory(budget, 1e9)];
    for (let position = 0; position < 8; position++)
      large.append({ step: position, rows: 1, rowByRow: false, tensor: rowsAt(position, 1) });
    for (let position = 0; position < 4; position++)
      small.append({ step: position, rows: 1, rowByRow: false, tensor: rowsAt(position, 1) });
    expect(budget.bytes).toBe(10 * rowBytes);
    expect([large.start, large.end, small.start]).toEqual([2, 8, 0]);
    small.release();
    expect(budget.bytes).toBe(6 * rowBytes);
  });

  it('does not keep a large buffer alive for a few rows of it', () => {
    const history = new OutputHistory(new HistoryBudget(1e9), 1e9);
    const { bytes } = rowsAt(0, 100);
    const tensor = { type: 'f32', shape: [1, width], bytes: bytes.subarray(0, rowBytes) } as const;
    history.append({ step: 0, rows: 1, rowByRow: false, tensor });
    const [piece] =
      history.pieces({ from: 0, to: 1, singlesMax: 1, rowsJoinedMax: 8, rowsMax: 8 }) ?? [];
    expect(piece?.tensor.bytes.buffer.byteLength).toBe(rowBytes);
  });
});
