/** The loaded tensors, under the names that the model code uses, whatever an engine's tensors are. */
import type { Ends, ModelConfig, Span } from '@skein/protocol';

/** A linear layer: `[outputs, inputs]` matrix and perhaps an `[outputs]` bias. */
export interface LinearWeights<Tensor> {
  readonly matrix: Tensor;
  readonly bias: Tensor | null;
}

/** Queries, keys and values, from one matrix each or from one for all three. */
type ProjectionWeights<Tensor> =
  | {
      readonly kind: 'separate';
      readonly query: LinearWeights<Tensor>;
      readonly key: LinearWeights<Tensor>;
      readonly value: LinearWeights<Tensor>;
    }
  | { readonly kind: 'fused'; readonly all: LinearWeights<Tensor> };

/** A feed-forward layer; `fused` has gate and up in one matrix. */
export type FeedForwardWeights<Tensor> =
  | {
      readonly kind: 'gated';
      readonly gate: LinearWeights<Tensor>;
      readonly up: LinearWeights<Tensor>;
      readonly down: LinearWeights<Tensor>;
    }
  | {
      readonly kind: 'fused';
      readonly gateAndUp: LinearWeights<Tensor>;
      readonly down: LinearWeights<Tensor>;
    }
  | {
      readonly kind: 'experts';
      /** `[experts, hiddenSize]` scores the experts. */
      readonly router: LinearWeights<Tensor>;
      /** `[experts, outputs, inputs]` each, with biases of `[experts, outputs]`. */
      readonly gate: LinearWeights<Tensor>;
      readonly up: LinearWeights<Tensor>;
      readonly down: LinearWeights<Tensor>;
    };

/** One transformer block. Norms are `[size]` in f32; null where the model has none. */
export interface BlockWeights<Tensor> {
  readonly attentionNorm: Tensor | null;
  readonly projections: ProjectionWeights<Tensor>;
  /** `[headDim]`, or as wide as the projection. */
  readonly queryNorm: Tensor | null;
  readonly keyNorm: Tensor | null;
  /** `[heads]`, GPT-OSS only. */
  readonly sinks: Tensor | null;
  readonly attentionOutput: LinearWeights<Tensor>;
  readonly attentionPostNorm: Tensor | null;
  readonly feedForwardNorm: Tensor | null;
  readonly feedForward: FeedForwardWeights<Tensor>;
  readonly feedForwardPostNorm: Tensor | null;
}

/** Everything that an engine holds of a model. */
export interface ModelWeights<Tensor> {
  /** Blocks by their index in the model, for the engine's span. */
  readonly blocks: ReadonlyMap<number, BlockWeights<Tensor>>;
  /** `[vocabSize, hiddenSize]` */
  readonly embedding: Tensor | null;
  readonly head: { readonly norm: Tensor; readonly projection: Tensor } | null;
}

/** Sorts tensors by canonical name into {@link ModelWeights}. */
export function arrangeWeights<Tensor>(
  tensors: ReadonlyMap<string, Tensor>,
  model: { config: ModelConfig; span: Span; ends: Ends },
): ModelWeights<Tensor> {
  const { config, span, ends } = model;
  const take = (name: string): Tensor => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`tensor ${name} was planned but not loaded`);
    return tensor;
  };
  const blocks = new Map<number, BlockWeights<Tensor>>();
  for (let index = span.start; index < span.end; index += 1) {
    blocks.set(index, arrangeBlock(tensors, take, { config, index }));
  }
  const projectionName = config.tiedEmbeddings ? 'token_embd.weight' : 'output.weight';
  return {
    blocks,
    embedding: ends.embedding ? take('token_embd.weight') : null,
    head: ends.head ? { norm: take('output_norm.weight'), projection: take(projectionName) } : null,
  };
}

function arrangeBlock<Tensor>(
  tensors: ReadonlyMap<string, Tensor>,
  take: (name: string) => Tensor,
  { config, index }: { config: ModelConfig; index: number },
): BlockWeights<Tensor> {
  const prefix = `blk.${index}.`;
  const find = (name: string) => tensors.get(`${prefix}${name}`) ?? null;
  const linear = (name: string): LinearWeights<Tensor> => ({
    matrix: take(`${prefix}${name}.weight`),
    bias: find(`${name}.bias`),
  });
  return {
    attentionNorm: find('attn_norm.weight'),
    projections: config.fusedProjections
      ? { kind: 'fused', all: linear('attn_qkv') }
      : {
          kind: 'separate',
          query: linear('attn_q'),
          key: linear('attn_k'),
          value: linear('attn_v'),
        },
    queryNorm: find('attn_q_norm.weight'),
    keyNorm: find('attn_k_norm.weight'),
    sinks: find('attn_sinks.weight'),
    attentionOutput: linear('attn_output'),
    attentionPostNorm: find('post_attention_norm.weight'),
    feedForwardNorm: find('ffn_norm.weight'),
    feedForward: arrangeFeedForward(config, linear),
    feedForwardPostNorm: find('post_ffw_norm.weight'),
  };
}

function arrangeFeedForward<Tensor>(
  config: ModelConfig,
  linear: (name: string) => LinearWeights<Tensor>,
): FeedForwardWeights<Tensor> {
  if (config.experts !== undefined) {
    return {
      kind: 'experts',
      router: linear('ffn_gate_inp'),
      gate: linear('ffn_gate_exps'),
      up: linear('ffn_up_exps'),
      down: linear('ffn_down_exps'),
    };
  }
  const down = linear('ffn_down');
  if (config.fusedProjections) return { kind: 'fused', gateAndUp: linear('ffn_up'), down };
  return { kind: 'gated', gate: linear('ffn_gate'), up: linear('ffn_up'), down };
}
