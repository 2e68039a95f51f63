/**
 * Prints how well placement does, ours and Petals' rule beside each other, on the same swarms.
 *
 *   node scripts/dist/placement/main.js [--seeds 100] [--hours 24] [--only joins|settled|churn]
 *     [--rule Skein|Petals]
 */
import { parseArgs } from 'node:util';
import * as placement from '@skein/peer';
import {
  type ChurnResult,
  mean,
  runChurn,
  runSettling,
  type SettleResult,
  standardError,
} from './experiments.js';
import { machines } from './graphics-cards.js';
import { petalsRule } from './petals-rule.js';
import type { PlacementRule } from './placement-rule.js';
import { skeinRule } from './skein-rule.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    hours: { type: 'string', default: '24' },
    only: { type: 'string' },
    rule: { type: 'string' },
  },
});
const seeds = Number(values.seeds);
const hours = Number(values.hours);
/** What ours must reach, in shares of the fractional optimum; the script fails where it does not. */
const targets = [
  { peers: 8, joined: 0.54, settled: 0.7 },
  { peers: 16, joined: 0.75, settled: 0.9 },
  { peers: 32, joined: 0.83, settled: 0.95 },
  { peers: 64, joined: 0.9, settled: 0.97 },
] as const;
const movesPerPeerMax = 0.5;
/** Simulated days whose mean is printed. */
const churnSeeds = 3;
/** Their check re-places everybody again and again: hours for a table of greater swarms. */
const petalsRebalancingPeersMax = 32;
/** For the same reason only this part of the largest of these is settled. */
const petalsShare = 25;
const rules = [skeinRule(placement), petalsRule].filter(
  ({ name }) => values.rule === undefined || values.rule === name,
);

if (wants('joins')) printJoins();
if (wants('settled')) printSettled();
if (wants('churn')) printChurn();

function wants(part: string): boolean {
  return values.only === undefined || values.only === part;
}

function printJoins(): void {
  const cards = machines.map(({ name, capacityBlocks }) => `${name} ${capacityBlocks}`).join(', ');
  console.log(`Blocks that fit: ${cards}\n`);
  console.log(`Joins alone, ${seeds} swarms a row. Shares of the fractional optimum.\n`);
  console.log('| rule | peers | weakest block | standard error | elastic | blocks with one host |');
  console.log('|---|---|---|---|---|---|');
  forEachRow((rule, peers) => {
    const results = repeat(seeds, (seed) =>
      runSettling(rule, { peers, seed, quietMinutes: 0, rebalance: false }),
    ).map(({ joined }) => joined);
    const weakest = results.map((result) => result.weakest);
    row(
      rule.name,
      peers,
      share(mean(weakest)),
      share(standardError(weakest)),
      share(mean(results.map(({ elastic }) => elastic))),
      mean(results.map(({ singleHostBlocks }) => singleHostBlocks)).toFixed(1),
    );
    check(rule, peers, 'joined', mean(weakest));
  });
}

function printSettled(): void {
  console.log('\nSettled after rebalancing; views are 30 to 60 s old.\n');
  console.log(
    '| rule | peers | swarms | weakest block | standard error | elastic | moves a peer | blocks loaded a peer | minutes | withdrawn | lost by moves |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|---|---|');
  forEachRow((rule, peers) => {
    if (rule === petalsRule && peers > petalsRebalancingPeersMax) return;
    // Greater swarms take longer and vary less.
    const swarms = (seeds * 8) / peers;
    const isSlow = rule === petalsRule && peers === petalsRebalancingPeersMax;
    const count = Math.max(1, Math.round(isSlow ? swarms / petalsShare : swarms));
    const results = repeat(count, (seed) => runSettling(rule, { peers, seed, quietMinutes: 30 }));
    const of = (pick: (result: SettleResult) => number) => mean(results.map(pick));
    row(
      rule.name,
      peers,
      count,
      share(of(({ settled }) => settled.weakest)),
      share(standardError(results.map(({ settled }) => settled.weakest))),
      share(of(({ settled }) => settled.elastic)),
      of(({ movesPerPeer }) => movesPerPeer).toFixed(2),
      of(({ blocksLoadedPerPeer }) => blocksLoadedPerPeer).toFixed(1),
      of(({ settledAfterMinutes }) => settledAfterMinutes).toFixed(0),
      of(({ withdrawn }) => withdrawn).toFixed(1),
      of(({ lostByMoves }) => lostByMoves).toFixed(1),
    );
    check(
      rule,
      peers,
      'settled',
      of(({ settled }) => settled.weakest),
    );
    const moves = of(({ movesPerPeer }) => movesPerPeer);
    if (rule.name !== petalsRule.name && moves > movesPerPeerMax) {
      console.error(`${peers} peers: ${moves.toFixed(2)} moves a peer`);
      process.exitCode = 1;
    }
  });
}

function printChurn(): void {
  console.log(
    `\n${churnSeeds} times ${hours} hours of churn: peers crash after two hours in the mean.\n`,
  );
  console.log(
    '| rule | peers | weakest block, mean | by quarters of the time | elastic, mean | time complete | fewest hosts | moves a peer-hour | of them back | blocks a move | lost by moves |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|---|---|');
  for (const peers of [16, 32]) {
    for (const rule of rules) {
      for (const rebalance of [true, false]) {
        if (rule === petalsRule && rebalance && peers >= petalsRebalancingPeersMax) continue;
        const results = repeat(churnSeeds, (seed) =>
          runChurn(rule, { peers, seed: seed + 1, hours, rebalance }),
        );
        printChurnRow(rebalance ? rule.name : `${rule.name}, joins alone`, peers, results);
      }
    }
  }
}

function printChurnRow(name: string, peers: number, results: readonly ChurnResult[]): void {
  const of = (pick: (result: ChurnResult) => number) => mean(results.map(pick));
  row(
    name,
    peers,
    share(of(({ weakestMean }) => weakestMean)),
    [0, 1, 2, 3]
      .map((quarter) => share(of(({ weakestByQuarter }) => weakestByQuarter[quarter] as number)))
      .join(' '),
    share(of(({ elasticMean }) => elasticMean)),
    `${(of(({ completeShare }) => completeShare) * 100).toFixed(2)}%`,
    Math.min(...results.map(({ leastHosts }) => leastHosts)),
    of(({ movesPerPeerHour }) => movesPerPeerHour).toFixed(2),
    of(({ returnsPerPeerHour }) => returnsPerPeerHour).toFixed(2),
    of(({ blocksPerMove }) => blocksPerMove).toFixed(1),
    results.reduce((sum, { lostByMoves }) => sum + lostByMoves, 0),
  );
}

/** Notes where ours misses a target. */
function check(rule: PlacementRule, peers: number, of: 'joined' | 'settled', value: number): void {
  const target = targets.find((each) => each.peers === peers)?.[of] ?? 0;
  if (rule.name === petalsRule.name || value >= target) return;
  console.error(`${peers} peers, ${of}: ${value.toFixed(3)} is below ${target}`);
  process.exitCode = 1;
}

function forEachRow(print: (rule: PlacementRule, peers: number) => void): void {
  for (const { peers } of targets) {
    for (const rule of rules) print(rule, peers);
  }
}

function repeat<Result>(count: number, run: (seed: number) => Result): Result[] {
  return Array.from({ length: count }, (_, seed) => run(seed));
}

function row(...cells: (string | number)[]): void {
  console.log(`| ${cells.join(' | ')} |`);
}

function share(value: number): string {
  return value.toFixed(3);
}
