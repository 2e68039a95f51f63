import { limits, type ModelConfig, type RopeConfig } from '@skein/protocol';
import { corruptModel } from './model-errors.js';
import { modelFileLimits } from './model-file-limits.js';

/**
 * Checks the relations between hyper-parameters that no single field shows. Everything after this
 * (tensor shapes, native code) relies on them.
 *
 * @throws SkeinError `model-corrupt`
 */
export function checkModelConfig(config: ModelConfig, path: string): ModelConfig {
  const { rope, windowedRope = rope, headDim } = config;
  const problem =
    headProblem(config) ??
    vocabularyProblem(config) ??
    ropeProblem(rope, headDim) ??
    ropeProblem(windowedRope, headDim);
  if (problem !== null) throw corruptModel(path, problem);
  return config;
}

function headProblem({ headCount, kvHeadCount, headDim }: ModelConfig): string | null {
  if (kvHeadCount > headCount || headCount % kvHeadCount !== 0) {
    return `${headCount} query heads cannot share ${kvHeadCount} key and value heads`;
  }
  if (headDim < 2 || headDim % 2 !== 0) {
    return `a head of ${headDim} elements cannot be rotated in pairs`;
  }
  const { headDimMax } = modelFileLimits;
  return headDim > headDimMax ? `a head of ${headDim} elements is over ${headDimMax}` : null;
}

function vocabularyProblem({ vocabSize, bosTokenId }: ModelConfig): string | null {
  if (vocabSize > limits.vocabSizeMax) {
    return `a vocabulary of ${vocabSize} is over the maximum of ${limits.vocabSizeMax}`;
  }
  if (bosTokenId !== null && bosTokenId >= vocabSize) {
    return `the start token ${bosTokenId} is outside the vocabulary of ${vocabSize}`;
  }
  return null;
}

function ropeProblem({ theta, scaling, dimensions }: RopeConfig, headDim: number): string | null {
  const rotated = dimensions ?? headDim;
  if (rotated < 2 || rotated > headDim || rotated % 2 !== 0) {
    return `${rotated} elements of a head of ${headDim} cannot be rotated in pairs`;
  }
  if (theta <= 1) return `the rotary base ${theta} is not over 1`;
  if (scaling.kind === 'llama3' && scaling.highFreqFactor <= scaling.lowFreqFactor) {
    return 'the llama3 rotary scaling has a high_freq_factor that is not over low_freq_factor';
  }
  const lists =
    scaling.kind === 'factors'
      ? [scaling.factors]
      : scaling.kind === 'longrope'
        ? [scaling.shortFactors, scaling.longFactors]
        : [];
  const isFactor = (factor: number) => factor > 0 && Number.isFinite(factor);
  const areSound = lists.every((list) => list.length === rotated / 2 && list.every(isFactor));
  return areSound ? null : `the rotary factors are not ${rotated / 2} numbers over 0`;
}

/**
 * Ends of text in the form that the configuration keeps: ascending, without repeats, and only those
 * that the model can produce (fine-tunes list ids of tokens that they later removed).
 */
export function normaliseEosTokens(ids: readonly number[], vocabSize: number): readonly number[] {
  return [...new Set(ids)].filter((id) => id < vocabSize).sort((a, b) => a - b);
}
