/** Computes one planned batch: writes the inputs, runs the graph, reads the outputs. */
import { type HiddenType, type Logits, type ModelConfig, SkeinError } from '@skein/protocol';
import type { RunOutput } from '../../core/batch.js';
import { hiddenElementBytes } from '../../core/hidden-element-bytes.js';
import { selectTop } from '../../core/top-candidates.js';
import type { Tensor } from '../c-types.js';
import type { Ggml } from '../load-ggml.js';
import type { Runtime } from '../runtime.js';
import { attentionMask } from './attention-mask.js';
import type { GraphCache } from './graph-cache.js';
import type { GraphPlan, PlacedItem, PlanItem } from './graph-plan.js';
import type { StepGraph } from './step-graph.js';
import { threadsFor } from './threads-for.js';

/** An item with the numbers that go in. */
export interface RunItem extends PlanItem {
  readonly position: number;
  /** Token ids as i32, or hidden rows; exactly `rows` of them. */
  readonly bytes: Uint8Array;
  readonly topK: number;
  /** Tokens whose logits are wanted beside the best, one for each row of logits. */
  readonly targets?: Int32Array | undefined;
}

/**
 * Runs one batch. @returns the outputs by item
 * @throws SkeinError `engine-failed`: the device refused, and nothing on it can be trusted
 */
export function runGraph<Item extends RunItem>(
  { ggml, threads }: Pick<Runtime, 'ggml' | 'threads'>,
  config: ModelConfig,
  cache: GraphCache,
  plan: GraphPlan<Item>,
): Map<Item, RunOutput> {
  const taken = cache.take(plan);
  if (taken === null) {
    throw new SkeinError('engine-failed', `There is no memory to compute ${plan.rowCount} rows.`);
  }
  const { step, executor } = taken;
  writeInputs(ggml, config, plan, step);
  if (!executor.compute(step.graph, threadsFor(config, plan, threads))) {
    throw new SkeinError('engine-failed', 'The device failed to compute a batch.');
  }
  return new Map(
    plan.placed.map((placed) => [placed.item, readOutput({ ggml, config, cache }, placed, step)]),
  );
}

function writeInputs(
  ggml: Ggml,
  config: ModelConfig,
  plan: GraphPlan<RunItem>,
  { inputs }: StepGraph,
): void {
  const write = (tensor: Tensor, data: Uint8Array | Int32Array | Uint16Array, offset = 0) =>
    ggml.backend_tensor_set(tensor, data, offset, data.byteLength);

  // Items of one kind of input stand together, so each kind fills its tensor from the start.
  const filled = { tokens: 0, f32: 0, f16: 0, bf16: 0 };
  for (const { item } of plan.placed) {
    const tensor = item.input === 'tokens' ? inputs.tokens : inputs.hidden[item.input];
    write(tensor as Tensor, item.bytes, filled[item.input]);
    filled[item.input] += item.bytes.byteLength;
  }
  if (inputs.keptRows !== null) write(inputs.keptRows, plan.keptRows as Int32Array);
  if (inputs.positions === null) return;

  const positions = new Int32Array(plan.rowCount);
  plan.placed.forEach(({ item, start }, index) => {
    const segment = inputs.segments[index] as StepGraph['inputs']['segments'][number];
    // 64-bit integers of which the upper halves stay zero: little-endian everywhere we run.
    const cacheIndices = new Int32Array(2 * item.rows);
    for (let row = 0; row < item.rows; row += 1) {
      positions[start + row] = item.position + row;
      cacheIndices[2 * row] = item.position + row;
    }
    write(segment.cacheIndices, cacheIndices);
    const { masks, attendedTokens } = segment;
    if (masks.everywhere !== null) {
      write(masks.everywhere, attentionMask(item, attendedTokens, null));
    }
    if (masks.windowed !== null) {
      write(masks.windowed, attentionMask(item, attendedTokens, config.slidingWindow));
    }
  });
  write(inputs.positions, positions);
}

/** What reading an output takes. */
interface Reader {
  readonly ggml: Ggml;
  readonly config: ModelConfig;
  readonly cache: GraphCache;
}

function readOutput(
  reader: Reader,
  placed: PlacedItem<RunItem>,
  { outputs }: StepGraph,
): RunOutput {
  const { output } = placed.item;
  if (output === 'none') return null;
  if (output === 'last' || output === 'all') {
    return { kind: 'logits', logits: readLogits(reader, placed, outputs) };
  }
  const { ggml, config } = reader;
  const rowBytes = config.hiddenSize * hiddenElementBytes[output as HiddenType];
  const bytes = new Uint8Array(placed.outputRows * rowBytes);
  const tensor = outputs.hidden[output] as Tensor;
  ggml.backend_tensor_get(tensor, bytes, placed.outputStart * rowBytes, bytes.byteLength);
  return { kind: 'hidden', bytes };
}

/** Best candidates of each row, with the normaliser: `log Z = logit - log probability`. */
function readLogits(
  { ggml, config, cache }: Reader,
  { item, outputStart, outputRows }: PlacedItem<RunItem>,
  outputs: StepGraph['outputs'],
): Logits {
  const { vocabSize } = config;
  const isFull = item.topK === 0;
  const width = isFull ? vocabSize : Math.min(item.topK, vocabSize);
  const logits = new Float32Array(outputRows * width);
  const ids = isFull ? null : new Int32Array(outputRows * width);
  const logNormalisers = new Float32Array(outputRows);
  const targetLogits = item.targets === undefined ? null : new Float32Array(outputRows);
  const vocabulary = cache.logitsRow;
  const probability = new Float32Array(1);
  for (let row = 0; row < outputRows; row += 1) {
    const firstElement = (outputStart + row) * vocabSize;
    ggml.backend_tensor_get(
      outputs.logits as Tensor,
      vocabulary,
      firstElement * 4,
      vocabulary.byteLength,
    );
    const best = selectTop(vocabulary, isFull ? 1 : width);
    const bestId = best.ids[0] ?? 0;
    ggml.backend_tensor_get(
      outputs.probabilities as Tensor,
      probability,
      (firstElement + bestId) * 4,
      4,
    );
    logNormalisers[row] = (vocabulary[bestId] ?? 0) - Math.log(probability[0] ?? 0);
    logits.set(isFull ? vocabulary : best.logits, row * width);
    ids?.set(best.ids, row * width);
    if (targetLogits !== null) {
      targetLogits[row] = vocabulary[item.targets?.[row] ?? 0] ?? Number.NaN;
    }
  }
  const rows = { rowCount: outputRows, width, ids, logits, logNormalisers };
  return targetLogits === null ? rows : { ...rows, targetLogits };
}
