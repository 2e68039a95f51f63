/**
 * Lays out a batch: which rows stand where, and what shape the graph has. Pure. Two batches with
 * the same key can be computed by the same graph with other numbers in it.
 */
import type { HiddenType } from '@skein/protocol';
import type { BatchKind, InputKind, OutputKind } from '../../core/batch.js';
import type { KvStore } from '../kv-store.js';
import type { RowsKind } from './operations.js';

/** One session's share, as far as the layout goes. */
export interface PlanItem {
  readonly rows: number;
  /** Its rows are steps of their own. */
  readonly rowByRow: boolean;
  readonly input: InputKind;
  readonly output: OutputKind;
  /** Cache and attended (padded) length; null for a session without blocks. */
  readonly cache: { readonly store: KvStore; readonly attendedTokens: number } | null;
}

/** An item with its place in the batch. */
export interface PlacedItem<Item extends PlanItem> {
  readonly item: Item;
  /** First row in the batch. */
  readonly start: number;
  /** First row among the outputs of its kind, and how many there are. */
  readonly outputStart: number;
  readonly outputRows: number;
}

export interface GraphPlan<Item extends PlanItem = PlanItem> extends BatchKind {
  readonly key: string;
  readonly rowCount: number;
  readonly placed: readonly PlacedItem<Item>[];
  /** How the rows belong together: all of them, and those that are kept. */
  readonly rowsKind: RowsKind;
  readonly keptKind: RowsKind;
  /** Rows of each kind of input, in this order from the first row on. */
  readonly inputRows: Readonly<Record<InputKind, number>>;
  /** Rows of each kind of output, in this order among the kept rows. */
  readonly outputRows: Readonly<Record<HiddenType | 'logits', number>>;
  /** Batch rows that are kept, in output order; null when that is every row in its place. */
  readonly keptRows: Int32Array | null;
}

const inputOrder: readonly InputKind[] = ['tokens', 'f32', 'f16', 'bf16'];
const outputOrder = ['f32', 'f16', 'bf16', 'logits'] as const;

/** Sorts the items so that rows of one kind stand together, and finds out which are kept. */
export function planGraph<Item extends PlanItem>(
  { span, residualType }: BatchKind,
  items: readonly Item[],
): GraphPlan<Item> {
  const ordered = inputOrder.flatMap((kind) => items.filter(({ input }) => input === kind));
  const starts = new Map<Item, number>();
  const inputRows = { tokens: 0, f32: 0, f16: 0, bf16: 0 };
  let rowCount = 0;
  for (const item of ordered) {
    starts.set(item, rowCount);
    rowCount += item.rows;
    inputRows[item.input] += item.rows;
  }
  const outputRows = { f32: 0, f16: 0, bf16: 0, logits: 0 };
  const kept: number[] = [];
  const outputs = new Map<Item, { outputStart: number; outputRows: number }>();
  for (const kind of outputOrder) {
    for (const item of ordered.filter(({ output }) => outputClass(output) === kind)) {
      const wanted = item.output === 'last' ? 1 : item.rows;
      const start = starts.get(item) as number;
      outputs.set(item, { outputStart: outputRows[kind], outputRows: wanted });
      outputRows[kind] += wanted;
      for (let row = item.rows - wanted; row < item.rows; row += 1) kept.push(start + row);
    }
  }
  const isEveryRow = kept.length === rowCount && kept.every((row, index) => row === index);
  const placed = ordered.map((item) => ({
    item,
    start: starts.get(item) as number,
    ...(outputs.get(item) ?? { outputStart: 0, outputRows: 0 }),
  }));
  const keptRows = isEveryRow ? null : Int32Array.from(kept);
  const rowsKind = kindOf(ordered.map(({ rows, rowByRow }) => (rowByRow ? 1 : rows)));
  const keptKind = kindOf(placed.map(({ item, outputRows: kept }) => (item.rowByRow ? 1 : kept)));
  const kinds = { rowsKind, keptKind };
  const rows = { inputRows, outputRows, isEveryRow, keptKind };
  const key = describe({ span, residualType }, ordered, rows);
  return { key, span, residualType, rowCount, placed, ...kinds, inputRows, outputRows, keptRows };
}

function kindOf(counts: readonly number[]): RowsKind {
  return counts.every((rows) => rows <= 1) ? 'independent' : 'chunk';
}

function outputClass(output: OutputKind): (typeof outputOrder)[number] | 'none' {
  return output === 'last' || output === 'all' ? 'logits' : output;
}

/** Everything that the graph's structure depends on. */
function describe(
  { span, residualType }: BatchKind,
  items: readonly PlanItem[],
  rows: {
    inputRows: GraphPlan['inputRows'];
    outputRows: GraphPlan['outputRows'];
    isEveryRow: boolean;
    keptKind: RowsKind;
  },
): string {
  const segments = items.map(
    ({ rows: count, rowByRow, cache }) =>
      `${count}${rowByRow ? '*1' : ''}@${cache?.store.id}:${cache?.attendedTokens}`,
  );
  return [
    `${span.start}-${span.end}`,
    residualType,
    Object.values(rows.inputRows).join(),
    Object.values(rows.outputRows).join(),
    rows.isEveryRow,
    rows.keptKind,
    ...segments,
  ].join('|');
}
