/** The second half of a block: one gated layer, or a mixture of several. */
import type { ExpertConfig, ModelConfig } from '@skein/protocol';
import type { Tensor } from '../c-types.js';
import type { FeedForwardWeights } from '../weights/model-weights.js';
import type { Operations, RowsKind } from './operations.js';

/** Rows, and how they belong together. */
interface Rows {
  readonly x: Tensor;
  readonly rowsKind: RowsKind;
}

/** Appends the feed-forward layer: `[rows, hiddenSize] -> [rows, hiddenSize]`. */
export function appendFeedForward(
  operations: Operations,
  config: ModelConfig,
  weights: FeedForwardWeights,
  rows: Rows,
): Tensor {
  const { x, rowsKind } = rows;
  switch (weights.kind) {
    case 'gated': {
      const gate = operations.linear(x, weights.gate, rowsKind); // [rows, feedForward]
      const up = operations.linear(x, weights.up, rowsKind); // [rows, feedForward]
      return operations.linear(activate(operations, config, gate, up), weights.down, rowsKind);
    }
    case 'fused': {
      const both = operations.linear(x, weights.gateAndUp, rowsKind); // [rows, 2 * feedForward]
      return operations.linear(operations.swigluOfHalves(both), weights.down, rowsKind);
    }
    case 'experts':
      return appendExperts(operations, config, weights, rows);
  }
}

function activate(
  operations: Operations,
  { activation }: ModelConfig,
  gate: Tensor,
  up: Tensor,
): Tensor {
  switch (activation) {
    case 'gelu-tanh':
      return operations.geglu(gate, up);
    case 'swiglu-clamped':
      return operations.swigluClamped(gate, up);
    default:
      return operations.swiglu(gate, up);
  }
}

/** Each row through its best experts, whose outputs are weighed by their shares and summed. */
function appendExperts(
  operations: Operations,
  config: ModelConfig,
  weights: Extract<FeedForwardWeights, { kind: 'experts' }>,
  { x, rowsKind }: Rows,
): Tensor {
  const { ggml, context } = operations;
  const { hiddenSize } = config;
  const experts = config.experts as ExpertConfig;
  const scores = operations.linear(x, weights.router, rowsKind); // [rows, experts]
  const probabilities = operations.softmax(scores); // [rows, experts]
  const chosen = ggml.argsort_top_k(context, probabilities, experts.usedCount); // [rows, used]
  const shares = shareOut(operations, experts, probabilities, chosen); // [rows, used, 1]

  const rowCount = operations.rowCount(x);
  const rows = operations.reshape(x, [rowCount, 1, hiddenSize]);
  const gate = operations.linearOfChosen(rows, weights.gate, chosen); // [rows, used, feedForward]
  const up = operations.linearOfChosen(rows, weights.up, chosen); // [rows, used, feedForward]
  const inner = activate(operations, config, gate, up);
  const down = operations.linearOfChosen(inner, weights.down, chosen); // [rows, used, hidden]
  const weighed = ggml.mul(context, down, shares); // [rows, used, hidden]

  const rowBytes = hiddenSize * 4;
  const outputs = Array.from({ length: experts.usedCount }, (_, place) =>
    ggml.view_2d(
      context,
      weighed,
      hiddenSize,
      rowCount,
      experts.usedCount * rowBytes,
      place * rowBytes,
    ),
  ); // [rows, hidden] each
  const sum = outputs.reduce((total, output) => operations.add(total, output));
  // Of a single expert the sum is a view with gaps, which not every operation takes.
  return outputs.length === 1 ? ggml.cont(context, sum) : sum;
}

/** What each chosen expert's output counts: `[rows, used, 1]`. */
function shareOut(
  operations: Operations,
  { count, usedCount, softmaxOver }: ExpertConfig,
  probabilities: Tensor,
  chosen: Tensor,
): Tensor {
  const { ggml, context } = operations;
  const rowCount = operations.rowCount(probabilities);
  const single = operations.reshape(probabilities, [rowCount, count, 1]);
  const shares = operations.gather(single, chosen); // [rows, used, 1]
  if (softmaxOver === 'all') return shares;
  // A softmax over the chosen ones alone is that over all, divided by what fell to the chosen.
  const flat = operations.reshape(shares, [rowCount, usedCount]);
  const normed = ggml.div(context, flat, ggml.sum_rows(context, flat)); // [rows, used]
  return operations.reshape(normed, [rowCount, usedCount, 1]);
}
