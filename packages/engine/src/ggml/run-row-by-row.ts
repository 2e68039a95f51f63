/** Computes the rows of a batch one after the other: the same bits as alone, on any device. */
import { SkeinError } from '@skein/protocol';
import type { GraphCache } from './graph/graph-cache.js';
import type { RunOutput } from './graph/run-graph.js';
import type { LoadedModel } from './load-model.js';
import { type BatchItem, runBatch } from './run-batch.js';

/**
 * Runs a batch, the rows of some items one by one; those give hidden rows or nothing.
 * @throws SkeinError `engine-failed`
 */
export function runRowByRow<Item extends BatchItem>(
  model: LoadedModel,
  graphs: GraphCache,
  items: readonly Item[],
): Map<Item, RunOutput> {
  const others = items.filter(({ rowByRow }) => !rowByRow);
  const outputs = others.length === 0 ? [] : runBatch(model, graphs, others);
  const apart = items.filter(({ rowByRow }) => rowByRow);
  return new Map([
    ...outputs,
    ...apart.map((item) => [item, runRows(model, graphs, item)] as const),
  ]);
}

function runRows(model: LoadedModel, graphs: GraphCache, item: BatchItem): RunOutput {
  const { rows, bytes, position } = item;
  const rowBytes = bytes.byteLength / rows;
  let outputs: Uint8Array | null = null;
  for (let row = 0; row < rows; row += 1) {
    const single: BatchItem = {
      ...item,
      rows: 1,
      rowByRow: false,
      position: position + row,
      bytes: bytes.subarray(row * rowBytes, (row + 1) * rowBytes),
    };
    const output = runBatch(model, graphs, [single]).get(single) ?? null;
    if (output === null) continue;
    if (output.kind !== 'hidden') throw new SkeinError('internal', 'a single row gave logits');
    outputs ??= new Uint8Array(rows * output.bytes.byteLength);
    outputs.set(output.bytes, row * output.bytes.byteLength);
  }
  return outputs === null ? null : { kind: 'hidden', bytes: outputs };
}
