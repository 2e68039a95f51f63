import type { ModelConfig } from '@skein/protocol';

/** A tensor that a model of some configuration must have. */
export interface ExpectedTensor {
  /** Canonical (GGUF style) name. */
  readonly name: string;
  /** Outermost dimension first. */
  readonly shape: readonly number[];
}

/**
 * Every tensor of a model, once each: embedding, blocks in order, then the head. This order is
 * also that of the manifest.
 */
export function expectedTensors(config: ModelConfig): readonly ExpectedTensor[] {
  const tensors = [...embeddingTensors(config)];
  for (let block = 0; block < config.blockCount; block += 1) {
    tensors.push(...blockTensors(config, block));
  }
  tensors.push({ name: 'output_norm.weight', shape: [config.hiddenSize] });
  if (!config.tiedEmbeddings) tensors.push(outputMatrix(config));
  return tensors;
}

/** Tensors of the end that turns token ids into hidden rows. */
export function embeddingTensors(config: ModelConfig): readonly ExpectedTensor[] {
  return [{ name: 'token_embd.weight', shape: [config.vocabSize, config.hiddenSize] }];
}

/**
 * Tensors of the end that turns hidden rows into logits. With tied embeddings its matrix is the
 * embedding's, so a peer that hosts both ends needs it once.
 */
export function headTensors(config: ModelConfig): readonly ExpectedTensor[] {
  const matrix = config.tiedEmbeddings ? embeddingTensors(config) : [outputMatrix(config)];
  return [{ name: 'output_norm.weight', shape: [config.hiddenSize] }, ...matrix];
}

/** Tensors of one transformer block. */
export function blockTensors(config: ModelConfig, block: number): readonly ExpectedTensor[] {
  const { hiddenSize, feedForwardSize, headDim, qkvBias, attentionOutputBias } = config;
  const queryWidth = config.headCount * headDim;
  const kvWidth = config.kvHeadCount * headDim;
  const ffBias = config.feedForwardBias;
  return [
    ...vector('attn_norm.weight', hiddenSize),
    ...matrix('attn_q', { rows: queryWidth, columns: hiddenSize, bias: qkvBias }),
    ...matrix('attn_k', { rows: kvWidth, columns: hiddenSize, bias: qkvBias }),
    ...matrix('attn_v', { rows: kvWidth, columns: hiddenSize, bias: qkvBias }),
    ...(config.qkNorm ? vector('attn_q_norm.weight', headDim) : []),
    ...(config.qkNorm ? vector('attn_k_norm.weight', headDim) : []),
    ...matrix('attn_output', { rows: hiddenSize, columns: queryWidth, bias: attentionOutputBias }),
    ...vector('ffn_norm.weight', hiddenSize),
    ...matrix('ffn_gate', { rows: feedForwardSize, columns: hiddenSize, bias: ffBias }),
    ...matrix('ffn_up', { rows: feedForwardSize, columns: hiddenSize, bias: ffBias }),
    ...matrix('ffn_down', { rows: hiddenSize, columns: feedForwardSize, bias: ffBias }),
  ].map(({ name, shape }) => ({ name: `blk.${block}.${name}`, shape }));
}

function outputMatrix(config: ModelConfig): ExpectedTensor {
  return { name: 'output.weight', shape: [config.vocabSize, config.hiddenSize] };
}

function vector(name: string, length: number): readonly ExpectedTensor[] {
  return [{ name, shape: [length] }];
}

function matrix(
  name: string,
  { rows, columns, bias }: { rows: number; columns: number; bias: boolean },
): readonly ExpectedTensor[] {
  const weight = { name: `${name}.weight`, shape: [rows, columns] };
  return bias ? [weight, { name: `${name}.bias`, shape: [rows] }] : [weight];
}
