/** The loaded tensors, under the names that the model code uses. */
import type { Ends, ModelConfig, Span } from '@skein/protocol';
import type { Tensor } from '../c-types.js';

/** A linear layer: `[outputs, inputs]` matrix and perhaps an `[outputs]` bias. */
export interface LinearWeights {
  readonly matrix: Tensor;
  readonly bias: Tensor | null;
}

/** One transformer block. Norms are `[size]` in f32. */
export interface BlockWeights {
  readonly attentionNorm: Tensor;
  readonly query: LinearWeights;
  readonly key: LinearWeights;
  readonly value: LinearWeights;
  /** `[headDim]`, Qwen3 only. */
  readonly queryNorm: Tensor | null;
  readonly keyNorm: Tensor | null;
  readonly attentionOutput: LinearWeights;
  readonly feedForwardNorm: Tensor;
  readonly gate: LinearWeights;
  readonly up: LinearWeights;
  readonly down: LinearWeights;
}

/** Everything that an engine holds of a model. */
export interface ModelWeights {
  /** Blocks by their index in the model, for the engine's span. */
  readonly blocks: ReadonlyMap<number, BlockWeights>;
  /** `[vocabSize, hiddenSize]` */
  readonly embedding: Tensor | null;
  readonly head: { readonly norm: Tensor; readonly projection: Tensor } | null;
  /** `[headDim / 2]` divisors of the rotary frequencies; null when all are 1. */
  readonly ropeDivisors: Tensor | null;
}

/** Name of the tensor that holds the rotary divisors; it is computed, not read. */
export const ropeDivisorsName = 'rope_divisors';

/** Sorts tensors by canonical name into {@link ModelWeights}. */
export function arrangeWeights(
  tensors: ReadonlyMap<string, Tensor>,
  model: { config: ModelConfig; span: Span; ends: Ends },
): ModelWeights {
  const { config, span, ends } = model;
  const take = (name: string): Tensor => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`tensor ${name} was planned but not loaded`);
    return tensor;
  };
  const blocks = new Map<number, BlockWeights>();
  for (let index = span.start; index < span.end; index += 1) {
    blocks.set(index, arrangeBlock(tensors, take, index));
  }
  const projectionName = config.tiedEmbeddings ? 'token_embd.weight' : 'output.weight';
  return {
    blocks,
    embedding: ends.embedding ? take('token_embd.weight') : null,
    head: ends.head ? { norm: take('output_norm.weight'), projection: take(projectionName) } : null,
    ropeDivisors: tensors.get(ropeDivisorsName) ?? null,
  };
}

function arrangeBlock(
  tensors: ReadonlyMap<string, Tensor>,
  take: (name: string) => Tensor,
  index: number,
): BlockWeights {
  const prefix = `blk.${index}.`;
  const linear = (name: string): LinearWeights => ({
    matrix: take(`${prefix}${name}.weight`),
    bias: tensors.get(`${prefix}${name}.bias`) ?? null,
  });
  return {
    attentionNorm: take(`${prefix}attn_norm.weight`),
    query: linear('attn_q'),
    key: linear('attn_k'),
    value: linear('attn_v'),
    queryNorm: tensors.get(`${prefix}attn_q_norm.weight`) ?? null,
    keyNorm: tensors.get(`${prefix}attn_k_norm.weight`) ?? null,
    attentionOutput: linear('attn_output'),
    feedForwardNorm: take(`${prefix}ffn_norm.weight`),
    gate: linear('ffn_gate'),
    up: linear('ffn_up'),
    down: linear('ffn_down'),
  };
}
