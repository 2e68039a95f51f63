/** Architectures whose blocks the engines know. */
export const architectures = ['llama', 'mistral', 'qwen2', 'qwen3'] as const;
export type Architecture = (typeof architectures)[number];

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
  /** YaRN (arXiv 2309.00071). */
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly originalContextLength: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      /** Multiplier of q and k after rotation; `0.1 ln(factor) + 1` unless the model says otherwise. */
      readonly attentionFactor: number;
    };

/** The hyper-parameters of a decoder-only transformer, independent of the file they came from. */
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
  readonly rope: {
    readonly theta: number;
    readonly mode: RopeMode;
    readonly scaling: RopeScaling;
  };
  /** A token attends to this many tokens, itself included; null attends to all. */
  readonly slidingWindow: number | null;
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
  readonly bosTokenId: number | null;
  /** Any of these ends a generation. */
  readonly eosTokenIds: readonly number[];
}
