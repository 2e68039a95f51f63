/** Sorts the prepared items of a step into batches that one graph computes. Pure. */
import { limits } from '@skein/protocol';
import type { BatchKind } from './graph/graph-plan.js';

/** Rows of one graph: bounds the memory that intermediate results take. */
const batchRowsMax = limits.stepRowsMax;

/** Sessions of one graph: each adds a dozen operations per block. */
const batchItemsMax = 64;

/**
 * Groups items that use the same blocks in the same precision, in the order given, within the
 * limits of one graph.
 */
export function groupIntoBatches<Item extends BatchKind & { readonly rows: number }>(
  items: readonly Item[],
): Item[][] {
  const open = new Map<string, { items: Item[]; rows: number }>();
  const batches: Item[][] = [];
  for (const item of items) {
    const { start, end } = item.span;
    // Empty spans are all the same: there are no blocks in them.
    const blocks = start === end ? 'none' : `${start}:${end}`;
    const key = `${blocks} ${item.residualType}`;
    let batch = open.get(key);
    const isFull =
      batch === undefined ||
      batch.rows + item.rows > batchRowsMax ||
      batch.items.length >= batchItemsMax;
    if (batch === undefined || isFull) {
      batch = { items: [], rows: 0 };
      open.set(key, batch);
      batches.push(batch.items);
    }
    batch.items.push(item);
    batch.rows += item.rows;
  }
  return batches;
}
