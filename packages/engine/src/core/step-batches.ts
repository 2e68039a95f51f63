/** Sorts the prepared items of a step into batches that one graph computes. Pure. */
import { limits } from '@skein/protocol';
import type { BatchItem } from './batch.js';

/** Rows of one batch: bounds the memory that intermediate results take. */
const batchRowsMax = limits.stepRowsMax;

/** Sessions of one batch: each adds a dozen operations per block. */
const batchItemsMax = 64;

type BatchedItem = Pick<BatchItem<unknown>, 'rows' | 'output' | 'rowByRow'>;

/**
 * Groups items that use the same blocks in the same precision, in the order given, within the
 * limits of one graph. Single rows and chunks are computed by different kernels: in one graph the
 * former would get other bits beside a chunk than alone.
 */
export function groupIntoBatches<
  Item extends BatchedItem & Pick<BatchItem<unknown>, 'span' | 'residualType'>,
>(items: readonly Item[]): Item[][] {
  const open = new Map<string, { items: Item[]; rows: number }>();
  const batches: Item[][] = [];
  for (const item of items) {
    const { start, end } = item.span;
    // Empty spans are all the same: there are no blocks in them.
    const blocks = start === end ? 'none' : `${start}:${end}`;
    const key = `${blocks} ${item.residualType} ${rowsOf(item)}`;
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

/** The same for items whose rows are products of one kind, in the blocks and in the head. */
function rowsOf({ rows, output, rowByRow }: BatchedItem): string {
  if (rows === 1 || rowByRow) return 'single';
  return output === 'last' ? 'last' : 'chunk';
}
