/** Blocks in TensorFlow.js, as `EngineCore` wants them: one interpreter of a model's configuration. */
import {
  decodeHidden,
  type EngineInfo,
  encodeHidden,
  type HiddenType,
  int32View,
  type Logits,
  type ModelConfig,
  type Span,
} from '@skein/protocol';
import type { BatchItem, RunOutput } from '../core/batch.js';
import type { BlockComputer } from '../core/block-computer.js';
import { selectTop } from '../core/top-candidates.js';
import { isWindowedBlock } from '../model/is-windowed-block.js';
import type { BlockWeights, ModelWeights } from '../model/model-weights.js';
import { attend, type Segment } from './attention.js';
import { feedForward } from './feed-forward.js';
import type { Tf, TfTensor } from './open-backend.js';
import { Operations } from './operations.js';
import { createTable, type Rotation, type RotationTable } from './rotation.js';
import { TensorCache, type TensorKvType } from './tensor-cache.js';

/** A span of a model, loaded. */
export interface TfjsModel {
  readonly tf: Tf;
  readonly info: EngineInfo;
  readonly kvType: TensorKvType;
  /** A product gives each row the bits that it would have alone. */
  readonly hasIndependentRows: boolean;
  readonly weights: ModelWeights<TfTensor>;
  /** `[vocabSize, hiddenSize]`: rows are looked up here, without the device. */
  readonly embeddingTable: Float32Array | null;
  readonly rotation: { readonly everywhere: Rotation; readonly windowed: Rotation };
  free(): void;
}

/** The rows of a batch, and where each item's are. */
interface Placed {
  readonly items: readonly BatchItem<TensorCache>[];
  /** First row of each item. */
  readonly starts: readonly number[];
  readonly rowCount: number;
  /** Rows of which somebody wants the outcome, in the items' order. */
  readonly kept: readonly number[];
}

/** A span of a model on a backend of TensorFlow.js. */
export class TfjsComputer implements BlockComputer<TensorCache> {
  readonly info: EngineInfo;
  /** A product of one row may add up otherwise than one of several. */
  readonly joinsSingleRows = false;
  private readonly config: ModelConfig;

  constructor(private readonly model: TfjsModel) {
    this.info = model.info;
    this.config = model.info.config;
  }

  createCache(span: Span): TensorCache {
    return new TensorCache(this.model.tf, this.config, this.model.kvType, span);
  }

  async compute(items: readonly BatchItem<TensorCache>[]): Promise<readonly RunOutput[]> {
    if (this.model.hasIndependentRows) return await this.computeTogether(items);
    // Decision 12: a session's numbers must not depend on who shares its batch.
    const outputs: RunOutput[] = [];
    for (const item of items) outputs.push(...(await this.computeTogether([item])));
    return outputs;
  }

  private async computeTogether(items: readonly BatchItem<TensorCache>[]): Promise<RunOutput[]> {
    const [first] = items;
    if (first === undefined) return [];
    const operations = new Operations(this.model.tf);
    try {
      const placed = place(items);
      const { span, residualType } = first;
      const entered = this.enter(operations, placed, residualType);
      const x =
        span.start === span.end
          ? keep(operations, entered, placed)
          : await this.runBlocks(operations, placed, { x: entered, span, residualType });
      if (x === null) return items.map(() => null);
      // Without blocks the rows are as they came in, which is rounded.
      const rounded = span.start === span.end ? x : await operations.round(x, residualType);
      return await this.leave(operations, placed, rounded);
    } finally {
      operations.release();
    }
  }

  stop(): void {
    this.model.free();
  }

  /** Token embeddings and hidden rows, rounded: `[rows, hiddenSize]`. */
  private enter(operations: Operations, placed: Placed, residualType: HiddenType): TfTensor {
    const { hiddenSize } = this.config;
    const rows = new Float32Array(placed.rowCount * hiddenSize);
    for (const [index, item] of placed.items.entries()) {
      const start = (placed.starts[index] as number) * hiddenSize;
      if (item.input === 'tokens') this.embed(item.bytes, rows.subarray(start));
      else {
        const shape = [item.rows, hiddenSize];
        rows.set(decodeHidden({ type: item.input, shape, bytes: item.bytes }), start);
      }
    }
    const shape = [placed.rowCount, hiddenSize];
    const rounded =
      residualType === 'f32' ? rows : decodeHidden(encodeHidden(rows, shape, residualType));
    return operations.input(rounded, shape);
  }

  private embed(bytes: Uint8Array, target: Float32Array): void {
    const { hiddenSize, embeddingScale = 1 } = this.config;
    const table = this.model.embeddingTable as Float32Array;
    for (const [row, token] of int32View(bytes).entries()) {
      const stored = table.subarray(token * hiddenSize, (token + 1) * hiddenSize);
      for (const [column, value] of stored.entries()) {
        target[row * hiddenSize + column] = value * embeddingScale;
      }
    }
  }

  /** All blocks of the span; only the kept rows leave the last one, not yet rounded. */
  private async runBlocks(
    operations: Operations,
    placed: Placed,
    input: { x: TfTensor; span: Span; residualType: HiddenType },
  ): Promise<TfTensor | null> {
    const { span, residualType } = input;
    const { rotation } = this.model;
    const positions = placed.items.flatMap(({ position, rows }) =>
      Array.from({ length: rows }, (_, row) => position + row),
    );
    const tables = {
      everywhere: createTable(operations, rotation.everywhere, positions),
      windowed: createTable(operations, rotation.windowed, positions),
    };
    const lasting = Object.values(tables).flatMap(({ cosines, sines }) => [cosines, sines]);
    let x: TfTensor | null = input.x;
    for (let block = span.start; block < span.end && x !== null; block += 1) {
      const isLast = block + 1 === span.end;
      const table = isWindowedBlock(this.config, block) ? tables.windowed : tables.everywhere;
      x = await this.runBlock(operations, placed, { x, block, table, isLast });
      if (x === null || isLast) return x;
      x = await operations.round(x, residualType);
      // What one block needed is of no use to the next.
      operations.release([x, ...lasting]);
    }
    return x;
  }

  /** One block. @returns `[kept rows, hiddenSize]`, or null when nothing is kept */
  private async runBlock(
    operations: Operations,
    placed: Placed,
    input: { x: TfTensor; block: number; table: RotationTable; isLast: boolean },
  ): Promise<TfTensor | null> {
    const { config } = this;
    const { block, isLast } = input;
    const weights = this.model.weights.blocks.get(block) as BlockWeights<TfTensor>;
    const norm = (rows: TfTensor, weight: TfTensor | null) =>
      weight === null ? rows : operations.rmsNorm(rows, weight, config.rmsNormEpsilon);
    const segments = placed.items.map((item, index): Segment => {
      const { position, rows } = item;
      const start = placed.starts[index] as number;
      return { cache: item.cache as TensorCache, position, start, rows };
    });
    const attended = await attend(operations, config, this.model.kvType, weights, {
      x: norm(input.x, weights.attentionNorm),
      block,
      segments,
      table: input.table,
      window: isWindowedBlock(config, block) ? config.slidingWindow : null,
      isCacheOnly: isLast && placed.kept.length === 0,
    });
    if (attended === null) return null;
    const mixed = isLast ? keep(operations, attended, placed) : attended;
    let x = isLast ? keep(operations, input.x, placed) : input.x;
    if (mixed === null || x === null) return null;
    const projected = operations.linear(mixed, weights.attentionOutput);
    x = operations.add(x, norm(projected, weights.attentionPostNorm));
    const inner = norm(x, weights.feedForwardNorm);
    const fed = await feedForward(operations, config, weights.feedForward, inner);
    return operations.add(x, norm(fed, weights.feedForwardPostNorm));
  }

  /** Kept rows as each item wants them. `x` is `[kept rows, hiddenSize]`. */
  private async leave(
    operations: Operations,
    { items }: Placed,
    x: TfTensor,
  ): Promise<RunOutput[]> {
    const { hiddenSize } = this.config;
    const values = await operations.read(x);
    const outputs: RunOutput[] = [];
    let start = 0;
    for (const item of items) {
      const rows = keptRowsOf(item);
      const own = values.slice(start * hiddenSize, (start + rows) * hiddenSize);
      start += rows;
      if (item.output === 'none') outputs.push(null);
      else if (item.output === 'last' || item.output === 'all') {
        const logits = await this.score(operations, own, { ...item, rows });
        outputs.push({ kind: 'logits', logits });
      } else {
        const { bytes } = encodeHidden(own, [rows, hiddenSize], item.output);
        outputs.push({ kind: 'hidden', bytes });
      }
    }
    return outputs;
  }

  /** Logits of hidden rows, and the log of their normaliser. */
  private async score(
    operations: Operations,
    hidden: Float32Array,
    { rows, topK, targets }: Pick<BatchItem<unknown>, 'rows' | 'topK' | 'targets'>,
  ): Promise<Logits> {
    const { hiddenSize, vocabSize, rmsNormEpsilon, logitSoftCap } = this.config;
    const head = this.model.weights.head as NonNullable<ModelWeights<TfTensor>['head']>;
    const isFull = topK === 0;
    const width = isFull ? vocabSize : Math.min(topK, vocabSize);
    const logits = new Float32Array(rows * width);
    const ids = isFull ? null : new Int32Array(rows * width);
    const logNormalisers = new Float32Array(rows);
    const targetLogits = targets === undefined ? null : new Float32Array(rows);
    const piece = Math.max(1, Math.floor(headElementsMax / vocabSize));
    for (let start = 0; start < rows; start += piece) {
      const count = Math.min(piece, rows - start);
      const part = hidden.slice(start * hiddenSize, (start + count) * hiddenSize);
      const x = operations.input(part, [count, hiddenSize]);
      const normed = operations.rmsNorm(x, head.norm, rmsNormEpsilon);
      let scores = operations.matMul(normed, head.projection);
      if (logitSoftCap !== undefined) scores = operations.softCap(scores, logitSoftCap);
      const values = await operations.read(scores); // [count, vocab]
      for (let row = 0; row < count; row += 1) {
        const all = values.slice(row * vocabSize, (row + 1) * vocabSize);
        const at = (start + row) * width;
        logNormalisers[start + row] = logNormaliser(all);
        const target = targets?.[start + row];
        if (target !== undefined && targetLogits !== null) {
          targetLogits[start + row] = all[target] ?? Number.NaN;
        }
        if (isFull) logits.set(all, at);
        else {
          const best = selectTop(all, width);
          logits.set(best.logits, at);
          ids?.set(best.ids, at);
        }
      }
      operations.release();
    }
    const found = { rowCount: rows, width, ids, logits, logNormalisers };
    return targetLogits === null ? found : { ...found, targetLogits };
  }
}

/** Logits that are computed at once: 64 MiB. */
const headElementsMax = 16 * 1024 * 1024;

function place(items: readonly BatchItem<TensorCache>[]): Placed {
  const starts: number[] = [];
  const kept: number[] = [];
  let rowCount = 0;
  for (const item of items) {
    starts.push(rowCount);
    rowCount += item.rows;
    for (let row = rowCount - keptRowsOf(item); row < rowCount; row += 1) kept.push(row);
  }
  return { items, starts, rowCount, kept };
}

function keptRowsOf({ output, rows }: Pick<BatchItem<unknown>, 'output' | 'rows'>): number {
  if (output === 'none') return 0;
  return output === 'last' ? 1 : rows;
}

/** The kept rows of all; null when there are none. */
function keep(operations: Operations, x: TfTensor, { kept, rowCount }: Placed): TfTensor | null {
  if (kept.length === 0) return null;
  return kept.length === rowCount ? x : operations.gather(x, kept);
}

/** Log of the sum of exp(logit); not a number where a logit is none. */
function logNormaliser(logits: Float32Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (!(logit <= most)) most = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  return most + Math.log(sum);
}
