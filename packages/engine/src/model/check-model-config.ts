import { limits, type ModelConfig } from '@skein/protocol';
import { corruptModel } from './model-errors.js';
import { modelFileLimits } from './model-file-limits.js';

/**
 * Checks the relations between hyper-parameters that no single field shows. Everything after this
 * (tensor shapes, native code) relies on them.
 *
 * @throws SkeinError `model-corrupt`
 */
export function checkModelConfig(config: ModelConfig, path: string): ModelConfig {
  const { headCount, kvHeadCount, headDim, vocabSize, bosTokenId, rope } = config;
  const require = (holds: boolean, problem: string) => {
    if (!holds) throw corruptModel(path, problem);
  };
  require(kvHeadCount <= headCount && headCount % kvHeadCount === 0,
    `${headCount} query heads cannot share ${kvHeadCount} key and value heads`);
  require(headDim >= 2 && headDim % 2 === 0,
    `a head of ${headDim} elements cannot be rotated in pairs`);
  require(headDim <= modelFileLimits.headDimMax,
    `a head of ${headDim} elements is over the maximum of ${modelFileLimits.headDimMax}`);
  require(vocabSize <= limits.vocabSizeMax,
    `a vocabulary of ${vocabSize} is over the maximum of ${limits.vocabSizeMax}`);
  require(bosTokenId === null || bosTokenId < vocabSize,
    `the start token ${bosTokenId} is outside the vocabulary of ${vocabSize}`);
  require(rope.theta > 1, `the rotary base ${rope.theta} is not over 1`);
  const { scaling } = rope;
  if (scaling.kind === 'llama3') {
    require(scaling.highFreqFactor > scaling.lowFreqFactor,
      'the llama3 rotary scaling has high_freq_factor not over low_freq_factor');
  }
  if (scaling.kind === 'factors') {
    const areSound = scaling.factors.every((factor) => factor > 0 && Number.isFinite(factor));
    require(scaling.factors.length === headDim / 2 && areSound,
      `the rotary factors are not ${headDim / 2} numbers over 0`);
  }
  return config;
}

/**
 * Ends of text in the form that the configuration keeps: ascending, without repeats, and only those
 * that the model can produce (fine-tunes list ids of tokens that they later removed).
 */
export function normaliseEosTokens(ids: readonly number[], vocabSize: number): readonly number[] {
  return [...new Set(ids)].filter((id) => id < vocabSize).sort((a, b) => a - b);
}
