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
  const { hiddenSize, normPlacement } = config;
  const norm = (name: string, isThere: boolean) => (isThere ? vector(name, hiddenSize) : []);
  const isBefore = normPlacement !== 'after';
  const isAfter = normPlacement !== undefined;
  return [
    ...norm('attn_norm.weight', isBefore),
    ...attentionTensors(config),
    ...norm('post_attention_norm.weight', isAfter),
    ...norm('ffn_norm.weight', isBefore),
    ...feedForwardTensors(config),
    ...norm('post_ffw_norm.weight', isAfter),
  ].map(({ name, shape }) => ({ name: `blk.${block}.${name}`, shape }));
}

function attentionTensors(config: ModelConfig): readonly ExpectedTensor[] {
  const { hiddenSize, headDim, qkvBias, attentionOutputBias } = config;
  const queryWidth = config.headCount * headDim;
  const kvWidth = config.kvHeadCount * headDim;
  const isWide = config.qkNormScope === 'projection';
  const norm = (name: string, width: number) =>
    config.qkNorm ? vector(name, isWide ? width : headDim) : [];
  const projection = (name: string, rows: number) =>
    matrix(name, { rows, columns: hiddenSize, bias: qkvBias });
  return [
    ...(config.fusedProjections
      ? projection('attn_qkv', queryWidth + 2 * kvWidth)
      : [
          ...projection('attn_q', queryWidth),
          ...projection('attn_k', kvWidth),
          ...projection('attn_v', kvWidth),
        ]),
    ...norm('attn_q_norm.weight', queryWidth),
    ...norm('attn_k_norm.weight', kvWidth),
    ...(config.attentionSinks ? vector('attn_sinks.weight', config.headCount) : []),
    ...matrix('attn_output', { rows: hiddenSize, columns: queryWidth, bias: attentionOutputBias }),
  ];
}

function feedForwardTensors(config: ModelConfig): readonly ExpectedTensor[] {
  const { hiddenSize, feedForwardSize, feedForwardBias: bias, experts } = config;
  if (experts !== undefined) {
    const { count, bias: hasBias = false } = experts;
    const each = (name: string, rows: number, columns: number) => [
      { name: `${name}.weight`, shape: [count, rows, columns] },
      ...(hasBias ? [{ name: `${name}.bias`, shape: [count, rows] }] : []),
    ];
    return [
      ...matrix('ffn_gate_inp', { rows: count, columns: hiddenSize, bias: hasBias }),
      ...each('ffn_gate_exps', feedForwardSize, hiddenSize),
      ...each('ffn_up_exps', feedForwardSize, hiddenSize),
      ...each('ffn_down_exps', hiddenSize, feedForwardSize),
    ];
  }
  const inner = (name: string, rows: number) => matrix(name, { rows, columns: hiddenSize, bias });
  return [
    // The one matrix of both is named after the second.
    ...(config.fusedProjections
      ? inner('ffn_up', 2 * feedForwardSize)
      : [...inner('ffn_gate', feedForwardSize), ...inner('ffn_up', feedForwardSize)]),
    ...matrix('ffn_down', { rows: hiddenSize, columns: feedForwardSize, bias }),
  ];
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
