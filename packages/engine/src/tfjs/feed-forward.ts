/** The second half of a block: one gated layer, or a mixture of several. */
import type { ExpertConfig, ModelConfig } from '@skein/protocol';
import { selectTop } from '../core/top-candidates.js';
import type { FeedForwardWeights, LinearWeights } from '../model/model-weights.js';
import type { TfTensor } from './open-backend.js';
import type { Operations } from './operations.js';

type ExpertWeights = Extract<FeedForwardWeights<TfTensor>, { kind: 'experts' }>;

/** `[rows, hiddenSize] -> [rows, hiddenSize]` */
export async function feedForward(
  operations: Operations,
  config: ModelConfig,
  weights: FeedForwardWeights<TfTensor>,
  x: TfTensor,
): Promise<TfTensor> {
  switch (weights.kind) {
    case 'gated': {
      const gate = operations.linear(x, weights.gate); // [rows, feedForward]
      const up = operations.linear(x, weights.up); // [rows, feedForward]
      return operations.linear(operations.activate(config.activation, gate, up), weights.down);
    }
    case 'fused': {
      const size = config.feedForwardSize;
      const both = operations.linear(x, weights.gateAndUp); // [rows, 2 * feedForward]
      const [gate, up] = operations.split(both, [size, size]) as [TfTensor, TfTensor];
      return operations.linear(operations.activate(config.activation, gate, up), weights.down);
    }
    case 'experts':
      return mixExperts(operations, config, weights, x);
  }
}

/** A row's place among its experts' rows. */
interface Choice {
  readonly row: number;
  /** 0 for the best expert of the row. */
  readonly rank: number;
  readonly share: number;
}

/** Each row through its best experts, whose outputs are weighed by their shares and summed. */
async function mixExperts(
  operations: Operations,
  config: ModelConfig,
  weights: ExpertWeights,
  x: TfTensor,
): Promise<TfTensor> {
  const experts = config.experts as ExpertConfig;
  const rows = x.shape[0] as number;
  const scores = operations.softmax(operations.linear(x, weights.router)); // [rows, experts]
  const choices = chooseExperts(await operations.read(scores), experts, rows);

  const outputs: TfTensor[] = [];
  // Where the output of each row's expert of each rank stands among all outputs.
  const places = Array.from({ length: experts.usedCount }, () => new Array<number>(rows).fill(0));
  let place = 0;
  for (const [expert, chosen] of choices.entries()) {
    if (chosen.length === 0) continue;
    outputs.push(throughExpert(operations, config, weights, { x, expert, chosen }));
    for (const { row, rank } of chosen) (places[rank] as number[])[row] = place++;
  }
  const all = operations.concat(outputs, 0); // [rows * used, hidden]
  return places
    .map((indices) => operations.gather(all, indices)) // [rows, hidden] each
    .reduce((total, part) => operations.add(total, part));
}

/** The rows of one expert, weighed: `[chosen, hiddenSize]`. */
function throughExpert(
  operations: Operations,
  config: ModelConfig,
  { gate, up, down }: ExpertWeights,
  { x, expert, chosen }: { x: TfTensor; expert: number; chosen: readonly Choice[] },
): TfTensor {
  const linear = (rows: TfTensor, all: LinearWeights<TfTensor>) =>
    operations.linear(rows, weightsOf(operations, all, expert));
  const rows = operations.gather(
    x,
    chosen.map(({ row }) => row),
  );
  const inner = operations.activate(config.activation, linear(rows, gate), linear(rows, up));
  const shares = Float32Array.from(chosen, ({ share }) => share);
  return operations.multiply(linear(inner, down), operations.input(shares, [chosen.length, 1]));
}

/** One expert's matrix and bias out of all: `[experts, inputs, outputs]` and `[experts, outputs]`. */
function weightsOf(
  operations: Operations,
  { matrix, bias }: LinearWeights<TfTensor>,
  expert: number,
): LinearWeights<TfTensor> {
  const [, inputs, outputs] = matrix.shape as [number, number, number];
  const own = operations.slice(matrix, [expert, 0, 0], [1, inputs, outputs]);
  return {
    matrix: operations.reshape(own, [inputs, outputs]),
    bias: bias === null ? null : operations.slice(bias, [expert, 0], [1, outputs]),
  };
}

/** By expert, the rows that pass through it. */
function chooseExperts(
  probabilities: Float32Array,
  { count, usedCount, softmaxOver }: ExpertConfig,
  rows: number,
): Choice[][] {
  const choices = Array.from({ length: count }, (): Choice[] => []);
  for (let row = 0; row < rows; row += 1) {
    const best = selectTop(probabilities.slice(row * count, (row + 1) * count), usedCount);
    // A softmax over the chosen ones alone is that over all, divided by what fell to the chosen.
    const total = softmaxOver === 'all' ? 1 : best.logits.reduce((sum, share) => sum + share, 0);
    for (const [rank, expert] of best.ids.entries()) {
      const share = (best.logits[rank] as number) / total;
      choices[expert]?.push({ row, rank, share });
    }
  }
  return choices;
}
