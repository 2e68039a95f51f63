import { seededRandom } from '../support/seeded-random.js';
import { elasticCapacity } from './elastic-capacity.js';
import { blockCount, drawMachine, drawMachines } from './graphics-cards.js';
import type { PlacementRule } from './placement-rule.js';
import { SimulatedSwarm } from './simulated-swarm.js';

const hourSeconds = 3600;

/** How well a swarm is placed; shares are of the fractional optimum. */
interface Quality {
  /** The least throughput of a block. */
  readonly weakest: number;
  /** What it carries when sessions use spans in part, as load demands. */
  readonly elastic: number;
  readonly leastHosts: number;
  readonly singleHostBlocks: number;
}

function measure(swarm: SimulatedSwarm): Quality {
  const peers = swarm.serving();
  const throughput = new Float64Array(blockCount);
  const hosts = new Int32Array(blockCount);
  for (const { span, blocksPerSecond } of peers) {
    for (let block = span.start; block < span.end; block++) {
      throughput[block] = (throughput[block] as number) + blocksPerSecond / (span.end - span.start);
      hosts[block] = (hosts[block] as number) + 1;
    }
  }
  const speed = peers.reduce((sum, { blocksPerSecond }) => sum + blocksPerSecond, 0);
  // Without peers everything is zero.
  const optimum = speed > 0 ? speed / blockCount : 1;
  return {
    weakest: Math.min(...throughput) / optimum,
    elastic: elasticCapacity(peers, blockCount) / optimum,
    leastHosts: Math.min(...hosts),
    singleHostBlocks: hosts.filter((count) => count === 1).length,
  };
}

export interface SettleResult {
  readonly joined: Quality;
  readonly settled: Quality;
  readonly movesPerPeer: number;
  readonly blocksLoadedPerPeer: number;
  readonly settledAfterMinutes: number;
  readonly withdrawn: number;
  readonly lostByMoves: number;
}

/** Peers join one by one, then rebalance until nobody has moved for `quietMinutes`. */
export function runSettling(
  rule: PlacementRule,
  options: {
    readonly peers: number;
    readonly seed: number;
    readonly quietMinutes: number;
    readonly rebalance?: boolean;
  },
): SettleResult {
  const random = seededRandom(options.seed * 7919 + options.peers);
  const swarm = new SimulatedSwarm(rule, random, random);
  for (const machine of drawMachines(options.peers, random)) swarm.joinNow(machine);
  const joined = measure(swarm);
  // Time for everybody's view to show all joins.
  swarm.runUntil(120);
  if (options.rebalance !== false) swarm.startRebalancing();
  const limit = 8 * hourSeconds;
  while (options.rebalance !== false && swarm.now < limit) {
    swarm.runUntil(swarm.now + 60);
    if (swarm.quietSeconds >= options.quietMinutes * 60) break;
  }
  const { moves, withdrawn, lostByMoves, blocksLoaded } = swarm.counts;
  return {
    joined,
    settled: measure(swarm),
    movesPerPeer: moves / options.peers,
    blocksLoadedPerPeer: blocksLoaded / options.peers,
    settledAfterMinutes: (swarm.now - swarm.quietSeconds) / 60,
    withdrawn,
    lostByMoves,
  };
}

export interface ChurnResult {
  /** Mean over time; 0 while a block has no host. */
  readonly weakestMean: number;
  /** The same in each quarter of the time: placement must not wear out. */
  readonly weakestByQuarter: readonly number[];
  readonly elasticMean: number;
  readonly leastHosts: number;
  /** Share of the time in which every block had a host. */
  readonly completeShare: number;
  readonly movesPerPeerHour: number;
  readonly returnsPerPeerHour: number;
  readonly blocksPerMove: number;
  readonly lostByMoves: number;
}

/** Peers crash after two hours in the mean and are replaced; the first hour is not counted. */
export function runChurn(
  rule: PlacementRule,
  options: {
    readonly peers: number;
    readonly seed: number;
    readonly hours: number;
    readonly rebalance?: boolean;
  },
): ChurnResult {
  const random = seededRandom(options.seed * 104_729 + options.peers);
  const worldRandom = seededRandom(options.seed * 15_485_863 + options.peers);
  const still: PlacementRule = { ...rule, move: () => null };
  const swarm = new SimulatedSwarm(options.rebalance === false ? still : rule, random, worldRandom);
  for (const machine of drawMachines(options.peers, worldRandom)) swarm.joinNow(machine);
  swarm.startRebalancing();
  swarm.startChurn(options.peers, 2 * hourSeconds, drawMachine);
  swarm.runUntil(hourSeconds);
  const before = { ...swarm.counts };
  const sums = { elastic: 0, complete: 0, peerSamples: 0, samples: 0 };
  const weakestShares: number[] = [];
  let leastHosts = Number.POSITIVE_INFINITY;
  while (swarm.now < (options.hours + 1) * hourSeconds) {
    swarm.runUntil(swarm.now + 60);
    const quality = measure(swarm);
    weakestShares.push(quality.weakest);
    sums.elastic += quality.elastic;
    sums.complete += quality.leastHosts > 0 ? 1 : 0;
    sums.peerSamples += swarm.serving().length;
    sums.samples++;
    leastHosts = Math.min(leastHosts, quality.leastHosts);
  }
  const peerHours = sums.peerSamples / 60;
  return {
    weakestMean: mean(weakestShares),
    weakestByQuarter: quarters(weakestShares).map(mean),
    elasticMean: sums.elastic / sums.samples,
    leastHosts,
    completeShare: sums.complete / sums.samples,
    movesPerPeerHour: (swarm.counts.moves - before.moves) / peerHours,
    returnsPerPeerHour: (swarm.counts.returns - before.returns) / peerHours,
    blocksPerMove:
      (swarm.counts.blocksLoaded - before.blocksLoaded) /
      Math.max(1, swarm.counts.moves - before.moves),
    lostByMoves: swarm.counts.lostByMoves - before.lostByMoves,
  };
}

function quarters(samples: readonly number[]): number[][] {
  const bound = (quarter: number) => Math.round((samples.length * quarter) / 4);
  return [0, 1, 2, 3].map((quarter) => samples.slice(bound(quarter), bound(quarter + 1)));
}

/** The arithmetic mean. */
export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

/** Standard error of the mean; 0 for a single number, of which nothing is known. */
export function standardError(numbers: readonly number[]): number {
  const centre = mean(numbers);
  const squares = numbers.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, numbers.length - 1) / numbers.length);
}
