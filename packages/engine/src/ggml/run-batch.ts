/** Computes a batch; long runs of logits go through the head in pieces. */
import { type Logits, SkeinError } from '@skein/protocol';
import type { BatchKind, RunOutput } from '../core/batch.js';
import type { GraphCache } from './graph/graph-cache.js';
import { planGraph } from './graph/graph-plan.js';
import { type RunItem, runGraph } from './graph/run-graph.js';
import type { LoadedModel } from './load-model.js';

/** An item of a batch; all items of one batch are of one kind. */
interface GraphItem extends RunItem, BatchKind {}

/** Runs one batch. @throws SkeinError `engine-failed` */
export function runBatch<Item extends GraphItem>(
  { runtime, settings, headRowsMax }: LoadedModel,
  graphs: GraphCache,
  items: readonly Item[],
): Map<Item, RunOutput> {
  const { config } = settings;
  const run = <Each extends RunItem>(kind: BatchKind, batch: readonly Each[]) =>
    runGraph(runtime, config, graphs, planGraph(kind, batch));
  const nothing = { start: 0, end: 0 };
  const { span, residualType } = items[0] ?? { span: nothing, residualType: 'f32' };

  // Items that want the last row only are few; `all` rows can be hundreds.
  if (sumOfAllRows(items) <= headRowsMax) return run({ span, residualType }, items);

  const inner = new Map(
    items.map((item) => [item, item.output === 'all' ? { ...item, output: residualType } : item]),
  );
  const hidden = run({ span, residualType }, [...inner.values()]);
  return new Map(
    items.map((item) => {
      const output = hidden.get(inner.get(item) as Item) ?? null;
      if (item.output !== 'all' || output?.kind !== 'hidden') return [item, output];
      const pieces: Logits[] = [];
      const rowBytes = output.bytes.length / item.rows;
      for (let row = 0; row < item.rows; row += headRowsMax) {
        const rows = Math.min(headRowsMax, item.rows - row);
        const bytes = output.bytes.subarray(row * rowBytes, (row + rows) * rowBytes);
        const targets = item.targets?.subarray(row, row + rows);
        const piece = { ...item, rows, bytes, targets, input: residualType, cache: null };
        const logits = run({ span: nothing, residualType }, [piece]).get(piece);
        if (logits?.kind !== 'logits') throw new SkeinError('internal', 'the head gave no logits');
        pieces.push(logits.logits);
      }
      return [item, { kind: 'logits', logits: joinLogits(pieces) }];
    }),
  );
}

function sumOfAllRows(items: readonly GraphItem[]): number {
  return items.reduce((sum, { output, rows }) => sum + (output === 'all' ? rows : 0), 0);
}

function joinLogits(pieces: readonly Logits[]): Logits {
  const first = pieces[0] as Logits;
  const rowCount = pieces.reduce((sum, piece) => sum + piece.rowCount, 0);
  const ids = first.ids === null ? null : new Int32Array(rowCount * first.width);
  const logits = new Float32Array(rowCount * first.width);
  const logNormalisers = new Float32Array(rowCount);
  const targetLogits = first.targetLogits === undefined ? null : new Float32Array(rowCount);
  let row = 0;
  for (const piece of pieces) {
    if (piece.ids !== null) ids?.set(piece.ids, row * first.width);
    logits.set(piece.logits, row * first.width);
    logNormalisers.set(piece.logNormalisers, row);
    if (piece.targetLogits !== undefined) targetLogits?.set(piece.targetLogits, row);
    row += piece.rowCount;
  }
  const joined = { rowCount, width: first.width, ids, logits, logNormalisers };
  return targetLogits === null ? joined : { ...joined, targetLogits };
}
