/**
 * The graph of one batch: embedding, blocks, head, from {@link GraphPlan} to ggml operations.
 *
 * At each block boundary the residual stream is rounded to the plan's `residualType`, once: inputs
 * as they come in, unless they come in that type; then after each block; after the last one, each
 * output on its own, since those that leave in that type are rounded by leaving.
 */
import type { HiddenType, ModelConfig } from '@skein/protocol';
import { isWindowedBlock } from '../../model/is-windowed-block.js';
import type { Context, Graph, Tensor } from '../c-types.js';
import type { Ggml } from '../load-ggml.js';
import type { ModelWeights } from '../weights/model-weights.js';
import { attentionUses } from './attention-mask.js';
import {
  appendBlock,
  type BlockBatch,
  type BlockSettings,
  type Segment,
  type UnitSettings,
} from './block.js';
import type { GraphPlan } from './graph-plan.js';
import { Operations } from './operations.js';

/** What a graph is built from, the same for all graphs of an engine. */
export interface ModelGraphSettings extends Pick<BlockSettings, 'config' | 'kvLayout'> {
  readonly settingsOf: (block: number) => UnitSettings;
  readonly weights: ModelWeights;
  /** See {@link Operations}. */
  readonly orderedMatrices: ReadonlySet<Tensor>;
}

/** A built graph with the tensors to write before, and to read after, each computation. */
export interface StepGraph {
  readonly graph: Graph;
  readonly inputs: {
    /** `[rows]` i32 token ids. */
    readonly tokens: Tensor | null;
    /** `[rows, hiddenSize]` */
    readonly hidden: Readonly<Partial<Record<HiddenType, Tensor>>>;
    readonly positions: Tensor | null;
    readonly keptRows: Tensor | null;
    /** One for each placed item of the plan, in its order; empty without blocks. */
    readonly segments: readonly Segment[];
  };
  readonly outputs: {
    /** `[rows, hiddenSize]` */
    readonly hidden: Readonly<Partial<Record<HiddenType, Tensor>>>;
    /** `[rows, vocabSize]` f32, and their softmax. */
    readonly logits: Tensor | null;
    readonly probabilities: Tensor | null;
  };
}

// Upper bounds of the tensors that the builder makes, for the size of the arena.
const tensorsPerBlock = 96;
const tensorsPerUsedExpert = 2;
const tensorsPerSegment = 16;
const tensorsBesides = 60;

const hiddenTypes: readonly HiddenType[] = ['f32', 'f16', 'bf16'];

/** Tensors and graph nodes that {@link buildStepGraph} makes at most. */
export function countTensors({ experts }: ModelConfig, plan: GraphPlan): number {
  const blocks = plan.span.end - plan.span.start;
  const segments = plan.placed.length;
  const perBlock = tensorsPerBlock + tensorsPerUsedExpert * (experts?.usedCount ?? 0);
  return tensorsBesides + 5 * segments + blocks * (perBlock + tensorsPerSegment * segments);
}

/** Builds the graph of a plan in an empty context. */
export function buildStepGraph(
  ggml: Ggml,
  context: Context,
  settings: ModelGraphSettings,
  plan: GraphPlan,
): StepGraph {
  const graph = ggml.new_graph_custom(context, countTensors(settings.config, plan), false);
  const operations = new Operations(ggml, context, graph, settings.orderedMatrices);

  const { x: embedded, tokens, hidden } = appendInputs(operations, settings, plan);
  const keptCount = Object.values(plan.outputRows).reduce((sum, rows) => sum + rows, 0);
  const keptRows =
    plan.keptRows === null || keptCount === 0 ? null : operations.input('i32', keptCount);
  const inner = appendBlocks(operations, settings, plan, { x: embedded, keptRows });
  const outputs =
    inner.x === null
      ? { hidden: {}, logits: null, probabilities: null }
      : appendOutputs(operations, settings, plan, inner.x);
  const { positions, segments } = inner;
  return { graph, inputs: { tokens, hidden, positions, keptRows, segments }, outputs };
}

/** Token embeddings and hidden rows, rounded, in the plan's order: `[rows, hiddenSize]` f32. */
function appendInputs(operations: Operations, settings: ModelGraphSettings, plan: GraphPlan) {
  const { hiddenSize, embeddingScale } = settings.config;
  const parts: Tensor[] = [];
  let tokens: Tensor | null = null;
  const hidden: Partial<Record<HiddenType, Tensor>> = {};
  if (plan.inputRows.tokens > 0) {
    tokens = operations.input('i32', plan.inputRows.tokens);
    const stored = operations.gather(settings.weights.embedding as Tensor, tokens);
    const embedded =
      embeddingScale === undefined ? stored : operations.scale(stored, embeddingScale);
    parts.push(operations.round(embedded, plan.residualType));
  }
  for (const type of hiddenTypes) {
    const rows = plan.inputRows[type];
    if (rows === 0) continue;
    const given = operations.input(type, hiddenSize, rows);
    hidden[type] = given;
    const x = type === 'f32' ? given : operations.cast(given, 'f32');
    parts.push(type === plan.residualType ? x : operations.round(x, plan.residualType));
  }
  return { x: operations.stack(parts), tokens, hidden };
}

/** All blocks of the session's span; only the kept rows leave the last one, not yet rounded. */
function appendBlocks(
  operations: Operations,
  settings: ModelGraphSettings,
  plan: GraphPlan,
  input: { x: Tensor; keptRows: Tensor | null },
): { x: Tensor | null; positions: Tensor | null; segments: Segment[] } {
  const { span, rowCount, rowsKind, keptKind } = plan;
  const { config, kvLayout } = settings;
  const keepsAll = plan.keptRows === null;
  const keep: BlockBatch['keep'] = keepsAll ? 'all' : (input.keptRows ?? 'nothing');
  if (span.start === span.end) {
    const x = typeof keep === 'bigint' ? operations.gather(input.x, keep) : input.x;
    return { x: keep === 'nothing' ? null : x, positions: null, segments: [] };
  }
  const positions = operations.input('i32', rowCount);
  // One block of which only the cache is wanted attends to nothing: an input that no operation
  // uses has no memory to be written to.
  const attending = keep === 'nothing' ? { ...span, end: span.end - 1 } : span;
  const uses = attentionUses(config, attending);
  const segments = plan.placed.map(({ item, start }): Segment => {
    const { store, attendedTokens } = item.cache as NonNullable<typeof item.cache>;
    const { rows, rowByRow } = item;
    const cacheIndices = operations.input('i64', rows);
    const mask = (isUsed: boolean) =>
      isUsed ? operations.input('f16', attendedTokens, rows) : null;
    const masks = { everywhere: mask(uses.everywhere), windowed: mask(uses.windowed) };
    return { store, attendedTokens, start, rows, rowByRow, cacheIndices, masks };
  });
  let x: Tensor | null = input.x;
  for (let index = span.start; index < span.end; index += 1) {
    const weights = settings.weights.blocks.get(index);
    if (weights === undefined || x === null) throw new Error(`block ${index} is not loaded`);
    const isLast = index + 1 === span.end;
    const batch: BlockBatch = {
      rowCount,
      rowsKind,
      keptKind,
      positions,
      segments,
      keep: isLast ? keep : 'all',
    };
    const storeIndex = index - span.start;
    const isWindowed = isWindowedBlock(config, index);
    const own: BlockSettings = { config, kvLayout, ...settings.settingsOf(index) };
    x = appendBlock(operations, own, weights, batch, { x, storeIndex, isWindowed });
    if (!isLast && x !== null) x = operations.round(x, plan.residualType);
  }
  return { x, positions, segments };
}

/** Hidden rows in the wanted types, then logits of the rest. `x` is `[kept rows, hiddenSize]`. */
function appendOutputs(
  operations: Operations,
  { config, weights }: ModelGraphSettings,
  plan: GraphPlan,
  x: Tensor,
): StepGraph['outputs'] {
  const hidden: Partial<Record<HiddenType, Tensor>> = {};
  const keptCount = Object.values(plan.outputRows).reduce((sum, rows) => sum + rows, 0);
  // Without blocks the rows are as they came in, which is rounded.
  const { span, residualType } = plan;
  const round = (part: Tensor) =>
    span.start === span.end ? part : operations.round(part, residualType);
  // A view does not keep the memory of what it looks at from being reused.
  if (plan.outputRows.f32 > 0) operations.output(x);
  let start = 0;
  const take = (rows: number) => {
    const range = { start, rows };
    start += rows;
    return rows === keptCount ? x : operations.rows(x, config.hiddenSize, range);
  };
  for (const type of hiddenTypes) {
    const rows = plan.outputRows[type];
    if (rows === 0) continue;
    const part = take(rows);
    const rounded = type === residualType ? part : round(part);
    hidden[type] = operations.output(type === 'f32' ? rounded : operations.cast(rounded, type));
  }
  if (plan.outputRows.logits === 0) return { hidden, logits: null, probabilities: null };
  const { norm, projection } = weights.head as NonNullable<ModelWeights['head']>;
  const normed = operations.rmsNorm(
    round(take(plan.outputRows.logits)),
    norm,
    config.rmsNormEpsilon,
  );
  const output = { matrix: projection, bias: null };
  const scores = operations.linear(normed, output, plan.keptKind); // [rows, vocab]
  const { logitSoftCap } = config;
  const logits = logitSoftCap === undefined ? scores : operations.softCap(scores, logitSoftCap);
  operations.output(logits);
  const probabilities = operations.output(operations.softmax(logits)); // [rows, vocab]
  return { hidden, logits, probabilities };
}
