/**
 * Rotary frequencies under context extension, as divisors of the plain frequencies. ggml takes one
 * divisor per pair (`freq_factors`), which expresses every kind of scaling exactly: its own YaRN
 * parameters would round differently from the models' reference implementation.
 */
import type { RopeConfig, RopeScaling } from '@skein/protocol';

/** What `ggml_rope_ext` needs beyond the base. */
export interface RopeFrequencies {
  /** Leading elements of a head that are rotated. */
  readonly dimensions: number;
  /** Divisor of each pair's frequency, length `dimensions / 2`; null when all are 1. */
  readonly divisors: Float32Array | null;
  /** Multiplier of the rotated vector. */
  readonly magnitude: number;
}

/**
 * Computes the divisors as `transformers/modeling_rope_utils.py` computes the frequencies.
 *
 * LongRoPE has two lists of them, and transformers changes from one to the other in the middle of a
 * session that grows over the original length, which leaves keys of both kinds in its cache. Here,
 * as in llama.cpp, the longest context that the model serves decides, once for all sessions.
 */
export function ropeFrequencies(
  rope: RopeConfig,
  model: { readonly headDim: number; readonly contextLength: number },
): RopeFrequencies {
  const dimensions = rope.dimensions ?? model.headDim;
  const { scaling } = rope;
  const pairs = dimensions / 2;
  const settings = { theta: rope.theta, dimensions };
  switch (scaling.kind) {
    case 'none':
      return { dimensions, divisors: null, magnitude: 1 };
    case 'linear':
      return { dimensions, divisors: new Float32Array(pairs).fill(scaling.factor), magnitude: 1 };
    case 'factors':
      return { dimensions, divisors: Float32Array.from(scaling.factors), magnitude: 1 };
    case 'longrope': {
      const isLong = model.contextLength > scaling.originalContextLength;
      const factors = isLong ? scaling.longFactors : scaling.shortFactors;
      const divisors = Float32Array.from(factors);
      return { dimensions, divisors, magnitude: scaling.attentionFactor };
    }
    case 'llama3':
      return { dimensions, divisors: perPair(settings, llama3Divisor(scaling)), magnitude: 1 };
    case 'yarn':
      return {
        dimensions,
        divisors: perPair(settings, yarnDivisor(settings, scaling)),
        magnitude: scaling.attentionFactor,
      };
  }
}

type ScalingOf<Kind> = Extract<RopeScaling, { kind: Kind }>;
type Divisor = (frequency: number, pair: number) => number;

/** The base, and the elements of a head that are rotated by it. */
interface Rotation {
  readonly theta: number;
  readonly dimensions: number;
}

function perPair({ theta, dimensions }: Rotation, divisor: Divisor): Float32Array {
  return Float32Array.from({ length: dimensions / 2 }, (_, pair) =>
    divisor(theta ** ((-2 * pair) / dimensions), pair),
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
function yarnDivisor({ theta, dimensions }: Rotation, scaling: ScalingOf<'yarn'>): Divisor {
  const pairAtTurns = (turns: number) =>
    (dimensions * Math.log(scaling.originalContextLength / (turns * 2 * Math.PI))) /
    (2 * Math.log(theta));
  const isRounded = scaling.truncate !== false;
  const [first, last] = [pairAtTurns(scaling.betaFast), pairAtTurns(scaling.betaSlow)];
  const low = Math.max(isRounded ? Math.floor(first) : first, 0);
  let high = Math.min(isRounded ? Math.ceil(last) : last, dimensions - 1);
  // The reference avoids a division by zero in the same way.
  if (high === low) high += 0.001;
  return (_frequency, pair) => {
    const stretch = Math.min(Math.max((pair - low) / (high - low), 0), 1);
    return 1 / (stretch / scaling.factor + (1 - stretch));
  };
}
