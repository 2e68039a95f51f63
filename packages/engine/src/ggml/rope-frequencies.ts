/**
 * Rotary frequencies under context extension, as divisors of the plain frequencies. ggml takes one
 * divisor per pair (`freq_factors`), which expresses every kind of scaling exactly: its own YaRN
 * parameters would round differently from the models' reference implementation.
 */
import type { ModelConfig } from '@skein/protocol';

/** What `ggml_rope_ext` needs beyond the base. */
export interface RopeFrequencies {
  /** Divisor of each pair's frequency, length `headDim / 2`; null when all are 1. */
  readonly divisors: Float32Array | null;
  /** Multiplier of the rotated vector. */
  readonly magnitude: number;
}

/** Computes the divisors as `transformers/modeling_rope_utils.py` computes the frequencies. */
export function ropeFrequencies(config: ModelConfig): RopeFrequencies {
  const { scaling } = config.rope;
  const pairs = config.headDim / 2;
  switch (scaling.kind) {
    case 'none':
      return { divisors: null, magnitude: 1 };
    case 'linear':
      return { divisors: new Float32Array(pairs).fill(scaling.factor), magnitude: 1 };
    case 'factors':
      return { divisors: Float32Array.from(scaling.factors), magnitude: 1 };
    case 'llama3':
      return { divisors: perPair(config, llama3Divisor(scaling)), magnitude: 1 };
    case 'yarn':
      return {
        divisors: perPair(config, yarnDivisor(config, scaling)),
        magnitude: scaling.attentionFactor,
      };
  }
}

type ScalingOf<Kind> = Extract<ModelConfig['rope']['scaling'], { kind: Kind }>;
type Divisor = (frequency: number, pair: number) => number;

function perPair(config: ModelConfig, divisor: Divisor): Float32Array {
  return Float32Array.from({ length: config.headDim / 2 }, (_, pair) =>
    divisor(config.rope.theta ** ((-2 * pair) / config.headDim), pair),
  );
}

/** Wavelengths beyond the original context are stretched, short ones kept, with a blend between. */
function llama3Divisor(scaling: ScalingOf<'llama3'>): Divisor {
  const { factor, lowFreqFactor, highFreqFactor, originalContextLength } = scaling;
  return (frequency) => {
    const wavelength = (2 * Math.PI) / frequency;
    const turns = originalContextLength / wavelength;
    if (turns < lowFreqFactor) return factor;
    if (turns > highFreqFactor) return 1;
    const keep = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
    return 1 / ((1 - keep) / factor + keep);
  };
}

/** YaRN, arXiv 2309.00071, section 3.2: a linear ramp over the pairs between two turn counts. */
function yarnDivisor(config: ModelConfig, scaling: ScalingOf<'yarn'>): Divisor {
  const { headDim } = config;
  const pairAtTurns = (turns: number) =>
    (headDim * Math.log(scaling.originalContextLength / (turns * 2 * Math.PI))) /
    (2 * Math.log(config.rope.theta));
  const low = Math.max(Math.floor(pairAtTurns(scaling.betaFast)), 0);
  let high = Math.min(Math.ceil(pairAtTurns(scaling.betaSlow)), headDim - 1);
  // The reference avoids a division by zero in the same way.
  if (high === low) high += 0.001;
  return (_frequency, pair) => {
    const stretch = Math.min(Math.max((pair - low) / (high - low), 0), 1);
    return 1 / (stretch / scaling.factor + (1 - stretch));
  };
}
