/**
 * The family that a model belongs to: `llama`, `qwen3moe`. To the protocol it is a name: in what the
 * blocks differ from Llama's is spelled out in the other fields, and which of these an engine can
 * compute is the engine's affair.
 */
export type Architecture = string;

/**
 * How rotary position embedding pairs up the elements of a head: `neox` rotates the two halves
 * (Hugging Face weights), `norm` rotates neighbours (llama-family GGUF files, whose q and k rows
 * are permuted to match).
 */
export type RopeMode = 'neox' | 'norm';

/** Context extension of the rotary embedding, as in Hugging Face's `rope_scaling`. */
export type RopeScaling =
  | { readonly kind: 'none' }
  /** Positions are divided by `factor`. */
  | { readonly kind: 'linear'; readonly factor: number }
  /** Llama 3.1: low frequencies are divided by `factor`, with a smooth transition. */
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFreqFactor: number;
      readonly highFreqFactor: number;
      readonly originalContextLength: number;
    }
  /** Per-pair divisors given outright: `rope_freqs.weight` of a GGUF file, length headDim / 2. */
  | { readonly kind: 'factors'; readonly factors: readonly number[] }
  /**
   * LongRoPE (arXiv 2402.13753): per-pair divisors, one list for contexts up to the original length
   * and one for longer ones.
   */
  | {
      readonly kind: 'longrope';
      readonly shortFactors: readonly number[];
      readonly longFactors: readonly number[];
      readonly originalContextLength: number;
      /** Multiplier of q and k after rotation. */
      readonly attentionFactor: number;
    }
  /** YaRN (arXiv 2309.00071). */
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly originalContextLength: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      /** The ends of the ramp between kept and stretched pairs are not rounded to whole pairs. */
      readonly truncate?: false;
      /** Multiplier of q and k after rotation; `0.1 ln(factor) + 1` unless the model says otherwise. */
      readonly attentionFactor: number;
    };

/** Rotary position embedding. */
export interface RopeConfig {
  readonly theta: number;
  readonly mode: RopeMode;
  readonly scaling: RopeScaling;
  /** Leading elements of a head that are rotated; absent: all of them. */
  readonly dimensions?: number;
}

/**
 * Gated activations: `gelu-tanh` takes GELU's approximation by tanh in the place of SiLU;
 * `swiglu-clamped` is GPT-OSS's, `(up + 1) * gate * sigmoid(1.702 * gate)` of values cut off at 7.
 */
export const activations = ['gelu-tanh', 'swiglu-clamped'] as const;
export type Activation = (typeof activations)[number];

/** A feed-forward layer in several copies, the experts, of which each token takes a few. */
export interface ExpertConfig {
  readonly count: number;
  /** Experts that each token passes through: those with the highest scores. */
  readonly usedCount: number;
  /**
   * Over which scores the softmax runs that weighs the experts' outputs: with `chosen` the shares
   * of a token sum to one.
   */
  readonly softmaxOver: 'all' | 'chosen';
  /** Scores and experts have biases. */
  readonly bias?: true;
}

/**
 * The hyper-parameters of a decoder-only transformer, independent of the file they came from.
 *
 * An optional field is absent from a model that does as Llama does: the hash of a model must not
 * change because another architecture needs a field.
 */
export interface ModelConfig {
  readonly architecture: Architecture;
  readonly blockCount: number;
  readonly hiddenSize: number;
  /** Query heads. */
  readonly headCount: number;
  /** Key and value heads; divides `headCount`. */
  readonly kvHeadCount: number;
  /** Elements of a head; `headCount * headDim` may differ from `hiddenSize`. */
  readonly headDim: number;
  /** Width of the gated feed-forward layer. */
  readonly feedForwardSize: number;
  readonly vocabSize: number;
  /** Longest context that the model was made for, in tokens. */
  readonly contextLength: number;
  readonly rmsNormEpsilon: number;
  readonly rope: RopeConfig;
  /** A token attends to this many tokens, itself included; null attends to all. */
  readonly slidingWindow: number | null;
  /** Blocks that attend to all tokens in spite of the window, ascending. */
  readonly fullAttentionBlocks?: readonly number[];
  /** The rotary embedding of the blocks with the window; absent: that of all others. */
  readonly windowedRope?: RopeConfig;
  /** The LM head reuses the embedding matrix. */
  readonly tiedEmbeddings: boolean;
  /** Biases on the q, k and v projections (Qwen2). */
  readonly qkvBias: boolean;
  /** Bias on the attention's output projection. */
  readonly attentionOutputBias: boolean;
  /** Biases on the feed-forward projections. */
  readonly feedForwardBias: boolean;
  /** RMS norm over each head of q and k before rotation (Qwen3). */
  readonly qkNorm: boolean;
  /** The norms of q and k run over all heads at once (OLMo 2). */
  readonly qkNormScope?: 'projection';
  /** Multiplier of q·k; absent: `headDim ** -0.5`. */
  readonly attentionScale?: number;
  /** Each head has a score of its own to which attention may go in the place of tokens (GPT-OSS). */
  readonly attentionSinks?: true;
  /** Scores s become `cap * tanh(s / cap)` before the softmax (Gemma 2). */
  readonly attentionSoftCap?: number;
  /** The same for the logits. */
  readonly logitSoftCap?: number;
  /** Multiplier of the token embeddings (Gemma). */
  readonly embeddingScale?: number;
  /**
   * Where RMS norms stand: before each half of a block, as in Llama, unless they stand `after` each
   * half (OLMo 2) or on both sides, `around` it (Gemma).
   */
  readonly normPlacement?: 'after' | 'around';
  /** What the stored weights of norms lack: Gemma's are stored as differences from 1. */
  readonly normOffset?: 1;
  /** How gate and up become one; absent: `silu(gate) * up`. */
  readonly activation?: Activation;
  /** q, k and v lie in one matrix, gate and up in another (Phi-3). */
  readonly fusedProjections?: true;
  /** The feed-forward layers are mixtures of experts; `feedForwardSize` is the width of one. */
  readonly experts?: ExpertConfig;
  readonly bosTokenId: number | null;
  /** Any of these ends a generation. */
  readonly eosTokenIds: readonly number[];
}
