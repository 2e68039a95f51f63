import type { BlockProfile } from './block-profile.js';
import { combine, meanNeed, type ScoreWeights, shortage, sumOfSteps } from './score.js';
import { type Host, rowsPerSecond } from './swarm.js';

/** Sizes that one search tries; more are thinned out, so that 1024 blocks cost milliseconds. */
const sizesMax = 64;

/** Blocks that a host can take. */
export function longestSpan(host: Host, blockCount: number): number {
  return Math.max(0, Math.min(Math.floor(host.capacityBlocks), blockCount));
}

/**
 * Scores every span that a host could take beside those in `profile`, longest first, from the
 * first block on. Sums are put together from parts that are only ever added: differences of
 * sums would lose the small terms beside a block without a host.
 *
 * @param profile of the other peers
 */
export function searchSpans(
  profile: BlockProfile,
  host: Host,
  needs: Float64Array,
  weights: ScoreWeights,
  visit: (start: number, end: number, score: number) => void,
): void {
  const blockCount = profile.hosts.length;
  const longest = longestSpan(host, blockCount);
  const shortest = Math.max(1, Math.ceil(longest * weights.spanShareMin));
  const stride = Math.max(1, Math.ceil((longest - shortest + 1) / sizesMax));
  const optimum = meanNeed(needs);
  const stepsBefore = sumOfSteps(profile);
  const before = outsideSums(profile, needs, weights.sharpness);
  const holesBefore = before.holes[blockCount] as number;
  const singlesBefore = before.singles[blockCount] as number;
  const inside = new Float64Array(blockCount);
  const sums = { shortage: 0, steps: 0, singles: 0, holes: 0 };
  for (let size = longest; size >= shortest; size -= stride) {
    const share = rowsPerSecond(host, size);
    addHost(before.shortages, inside, { needs, share, sharpness: weights.sharpness });
    const windows = windowSums(inside, size);
    for (let start = 0; start + size <= blockCount; start++) {
      const end = start + size;
      sums.shortage =
        (before.head[start] as number) + (windows[start] as number) + (before.tail[end] as number);
      sums.steps =
        (stepsBefore +
          stepChange(profile.throughput, start, share) +
          stepChange(profile.throughput, end, -share)) /
        optimum;
      const filled = (before.holes[end] as number) - (before.holes[start] as number);
      const doubled = (before.singles[end] as number) - (before.singles[start] as number);
      sums.holes = holesBefore - filled;
      sums.singles = singlesBefore - doubled + filled;
      visit(start, end, combine(sums, blockCount, weights));
    }
  }
}

/** Prefix sums over the profile without the host. All are `[blockCount + 1]`. */
interface OutsideSums {
  /** Of each block, `[blockCount]`. */
  readonly shortages: Float64Array;
  /** Shortage of the blocks before an index, and from an index on. */
  readonly head: Float64Array;
  readonly tail: Float64Array;
  readonly holes: Int32Array;
  readonly singles: Int32Array;
}

function outsideSums(profile: BlockProfile, needs: Float64Array, sharpness: number): OutsideSums {
  const blockCount = profile.hosts.length;
  const head = new Float64Array(blockCount + 1);
  const tail = new Float64Array(blockCount + 1);
  const holes = new Int32Array(blockCount + 1);
  const singles = new Int32Array(blockCount + 1);
  const shortages = profile.throughput.map((throughput, block) =>
    shortage(throughput, needs[block] as number, sharpness),
  );
  for (let block = 0; block < blockCount; block++) {
    const hosts = profile.hosts[block];
    head[block + 1] = (head[block] as number) + (shortages[block] as number);
    holes[block + 1] = (holes[block] as number) + (hosts === 0 ? 1 : 0);
    singles[block + 1] = (singles[block] as number) + (hosts === 1 ? 1 : 0);
  }
  for (let block = blockCount - 1; block >= 0; block--) {
    tail[block] = (tail[block + 1] as number) + (shortages[block] as number);
  }
  return { shortages, head, tail, holes, singles };
}

/** What the shortage of each block becomes with one more host: `exp(-(a + b)) = exp(-a) exp(-b)`. */
function addHost(
  shortages: Float64Array,
  result: Float64Array,
  host: { readonly needs: Float64Array; readonly share: number; readonly sharpness: number },
): void {
  const { needs, share, sharpness } = host;
  let need = Number.NaN;
  let factor = 1;
  for (let block = 0; block < needs.length; block++) {
    // Without demand all blocks need the same.
    if (needs[block] !== need) {
      need = needs[block] as number;
      factor = Math.exp((-sharpness * share) / need);
    }
    result[block] = (shortages[block] as number) * factor;
  }
}

/** What a rise from `block` on does to the step before it. The model's ends have none. */
function stepChange(throughput: Float64Array, block: number, rise: number): number {
  if (block === 0 || block === throughput.length) return 0;
  const step = (throughput[block] as number) - (throughput[block - 1] as number);
  return Math.abs(step + rise) - Math.abs(step);
}

/**
 * Sums over all windows of one size, without subtractions: the array is cut into pieces of that
 * size, and each window is the rest of one piece and the beginning of the next.
 */
function windowSums(values: Float64Array, size: number): Float64Array {
  const count = values.length;
  const fromPieceStart = new Float64Array(count);
  const toPieceEnd = new Float64Array(count);
  for (let pieceStart = 0; pieceStart < count; pieceStart += size) {
    const pieceEnd = Math.min(pieceStart + size, count);
    let sum = 0;
    for (let index = pieceStart; index < pieceEnd; index++) {
      sum += values[index] as number;
      fromPieceStart[index] = sum;
    }
    sum = 0;
    for (let index = pieceEnd - 1; index >= pieceStart; index--) {
      sum += values[index] as number;
      toPieceEnd[index] = sum;
    }
  }
  // The rest of the piece that the window begins in, then the beginning of the one it ends in.
  const sums = toPieceEnd.subarray(0, Math.max(0, count - size + 1));
  for (let start = 0; start < sums.length; start++) {
    if (start % size !== 0) {
      sums[start] = (sums[start] as number) + (fromPieceStart[start + size - 1] as number);
    }
  }
  return sums;
}
