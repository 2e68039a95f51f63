import type { BlockProfile } from './block-profile.js';

/** How a profile is judged: see `docs/placement.md`, "The score". */
export interface ScoreWeights {
  /**
   * Of the soft minimum: the greater, the less counts any block but the weakest. A joiner looks at
   * the whole low end, since others will build on it; a mover at the weakest blocks.
   */
  readonly sharpness: number;
  /**
   * Cost of steps between neighbouring blocks. Contributions are flat, so narrow dips can hardly
   * be filled later: a joiner that ends where another begins leaves wide ones.
   */
  readonly raggedness: number;
  /** Cost of blocks with one host, whose loss interrupts every generation. */
  readonly singleHosts: number;
  /**
   * A peer gives at least this share of its memory. Fewer blocks may lift the weakest ones more,
   * but make routes longer, and leave fewer hosts per block for when some crash.
   */
  readonly spanShareMin: number;
}

/** Chosen by `scripts/placement` over 8 to 64 peers; results are flat around these values. */
export const joinWeights: ScoreWeights = {
  sharpness: 20,
  raggedness: 2,
  singleHosts: 0.1,
  spanShareMin: 0.7,
};

/** The more peers, the smaller the part that one can add to a block, and the finer the view. */
export function moveWeights(peerCount: number): ScoreWeights {
  const sharpness = Math.min(Math.max(40, 5 * peerCount), 400);
  return { sharpness, raggedness: 0.1, singleHosts: 0.2, spanShareMin: 0.5 };
}

/** What a hole costs: more than any other difference of two profiles, so holes are filled first. */
const holeCost = 100;
/** `exp(-600)` is not zero yet, so the logarithm of the sum stays finite. */
const exponentMax = 600;

/** What a block adds to the soft minimum's sum. */
export function shortage(throughput: number, need: number, sharpness: number): number {
  return Math.exp(-Math.min((sharpness * throughput) / need, exponentMax));
}

/** How far the throughput goes up and down along the model, in rows a second. */
export function sumOfSteps(profile: BlockProfile): number {
  let steps = 0;
  for (let block = 1; block < profile.hosts.length; block++) {
    const left = profile.throughput[block - 1] as number;
    steps += Math.abs((profile.throughput[block] as number) - left);
  }
  return steps;
}

/** What a score is made of. */
export interface ScoreSums {
  /** Sum of {@link shortage} over all blocks. */
  readonly shortage: number;
  /** {@link sumOfSteps}, in shares of the mean need. */
  readonly steps: number;
  /** Blocks with one host. */
  readonly singles: number;
  /** Blocks with none. */
  readonly holes: number;
}

/**
 * Puts the sums over a profile together: about the weakest block's share of what it needs, where
 * 1 is the fractional optimum, less the penalties.
 */
export function combine(sums: ScoreSums, blockCount: number, weights: ScoreWeights): number {
  const softMinimum = -Math.log(sums.shortage / blockCount) / weights.sharpness;
  const penalty = weights.raggedness * sums.steps + weights.singleHosts * sums.singles;
  return softMinimum - penalty / blockCount - holeCost * sums.holes;
}

/** Mean of what the blocks need: the fractional optimum. */
export function meanNeed(needs: Float64Array): number {
  return needs.reduce((total, need) => total + need, 0) / needs.length;
}

/** Judges a profile as it stands. */
export function scoreProfile(
  profile: BlockProfile,
  needs: Float64Array,
  weights: ScoreWeights,
): number {
  const sums = { shortage: 0, steps: 0, singles: 0, holes: 0 };
  sums.steps = sumOfSteps(profile) / meanNeed(needs);
  profile.throughput.forEach((throughput, block) => {
    sums.shortage += shortage(throughput, needs[block] as number, weights.sharpness);
    if (profile.hosts[block] === 0) sums.holes++;
    if (profile.hosts[block] === 1) sums.singles++;
  });
  return combine(sums, needs.length, weights);
}
