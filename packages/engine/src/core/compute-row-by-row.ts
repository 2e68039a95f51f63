/** Computes rows one after the other: the same bits as alone, whatever the computer's kernels. */
import { SkeinError } from '@skein/protocol';
import type { BatchItem, RunOutput } from './batch.js';
import type { BlockComputer, SessionCache } from './block-computer.js';

/**
 * Computes a batch, the rows of some items one by one.
 * @returns an output for each item, in their order
 */
export async function computeRowByRow<Cache extends SessionCache>(
  computer: BlockComputer<Cache>,
  items: readonly BatchItem<Cache>[],
): Promise<readonly RunOutput[]> {
  const others = items.filter(({ rowByRow }) => !rowByRow);
  const found = others.length === 0 ? [] : [...(await computer.compute(others))];
  const outputs: RunOutput[] = [];
  for (const item of items) {
    const output = item.rowByRow ? await computeRows(computer, item) : found.shift();
    outputs.push(output ?? null);
  }
  return outputs;
}

async function computeRows<Cache extends SessionCache>(
  computer: BlockComputer<Cache>,
  item: BatchItem<Cache>,
): Promise<RunOutput> {
  const { rows, bytes, position } = item;
  const rowBytes = bytes.byteLength / rows;
  let outputs: Uint8Array | null = null;
  for (let row = 0; row < rows; row += 1) {
    const [output = null] = await computer.compute([
      {
        ...item,
        rows: 1,
        rowByRow: false,
        position: position + row,
        bytes: bytes.subarray(row * rowBytes, (row + 1) * rowBytes),
      },
    ]);
    item.cache?.setFilled(position + row + 1);
    if (output === null) continue;
    if (output.kind !== 'hidden') throw new SkeinError('internal', 'a single row gave logits');
    outputs ??= new Uint8Array(rows * output.bytes.byteLength);
    outputs.set(output.bytes, row * output.bytes.byteLength);
  }
  return outputs === null ? null : { kind: 'hidden', bytes: outputs };
}
