import type { PlacementPeer, PlacementSwarm } from '@skein/peer';
import type { Span } from '@skein/protocol';
import type { Random } from '../support/seeded-random.js';
import type { PlacementRule } from './placement-rule.js';
import { between } from './random.js';

/**
 * Petals' placement, written anew after a description of what it does, for comparison:
 * a server always hosts as many blocks as fit, at the window whose sorted throughputs are
 * lexicographically smallest; it moves when a simulated re-placement of everybody promises a
 * minimum of more than 1 / 0.75 of the present one; a move tears the old span down first.
 */
export const petalsRule: PlacementRule = {
  name: 'Petals',
  join: (swarm, machine) => {
    const length = Math.min(machine.capacityBlocks, swarm.blockCount);
    return weakestWindow(throughputs(swarm.peers, swarm.blockCount), length);
  },
  secondsToNextCheck: (random) => between(random, 0, 120),
  move: (swarm, selfId, random) => {
    const self = swarm.peers.find(({ id }) => id === selfId);
    if (self === undefined || !shouldMove(swarm, self, random)) return null;
    const others = swarm.peers.filter(({ id }) => id !== selfId);
    const length = self.span.end - self.span.start;
    return weakestWindow(throughputs(others, swarm.blockCount), length);
  },
  makeBeforeBreak: null,
};

const balanceQuality = 0.75;
const tolerance = 1e-3;
/** The re-placement of everybody usually rests after two or three rounds. */
const roundsMax = 100;

function shouldMove(swarm: PlacementSwarm, self: PlacementPeer, random: Random): boolean {
  const { blockCount } = swarm;
  const initial = Math.min(...throughputs(swarm.peers, blockCount));
  const spans = new Map(swarm.peers.map((peer) => [peer.id, { ...peer }]));
  const rest = swarm.peers.filter(({ id }) => id !== self.id);
  // The swarm must stay connected without this server.
  if (Math.min(...throughputs(rest, blockCount)) <= 0) return false;
  if (!replace(spans, self.id, blockCount)) return false;
  let isMoved = true;
  for (let round = 0; isMoved && round < roundsMax; round++) {
    isMoved = false;
    for (const id of shuffled([...spans.keys()], random)) {
      if (replace(spans, id, blockCount)) isMoved = true;
    }
  }
  const reached = Math.min(...throughputs([...spans.values()], blockCount));
  return reached >= initial && initial / reached < balanceQuality - tolerance;
}

/** Takes one server out and places it again; tells whether it ends elsewhere. */
function replace(spans: Map<string, PlacementPeer>, id: string, blockCount: number): boolean {
  const peer = spans.get(id) as PlacementPeer;
  const others = [...spans.values()].filter((other) => other.id !== id);
  const length = peer.span.end - peer.span.start;
  const profile = throughputs(others, blockCount);
  const span = weakestWindow(profile, length);
  if (span.start === peer.span.start) return false;
  // Only a real change counts, or equal windows would alternate for ever.
  const there = sortedWindow(profile, span);
  if (compare(there, sortedWindow(profile, peer.span)) >= 0) return false;
  spans.set(id, { ...peer, span });
  return true;
}

function throughputs(peers: readonly PlacementPeer[], blockCount: number): number[] {
  const sums = new Array<number>(blockCount).fill(0);
  const sorted = [...peers].sort((left, right) => (left.id < right.id ? -1 : 1));
  for (const { span, blocksPerSecond } of sorted) {
    const share = blocksPerSecond / (span.end - span.start);
    for (let block = span.start; block < span.end; block++) {
      sums[block] = (sums[block] as number) + share;
    }
  }
  return sums;
}

function weakestWindow(profile: readonly number[], length: number): Span {
  let best = { start: 0, end: length };
  let bestWindow = sortedWindow(profile, best);
  for (let start = 1; start + length <= profile.length; start++) {
    const span = { start, end: start + length };
    // Sorting is what takes the time, and the least value alone rules most windows out.
    if (leastIn(profile, span) > (bestWindow[0] as number)) continue;
    const window = sortedWindow(profile, span);
    if (compare(window, bestWindow) >= 0) continue;
    best = span;
    bestWindow = window;
  }
  return best;
}

function leastIn(profile: readonly number[], span: Span): number {
  let least = Number.POSITIVE_INFINITY;
  for (let block = span.start; block < span.end; block++) {
    least = Math.min(least, profile[block] as number);
  }
  return least;
}

function sortedWindow(profile: readonly number[], span: Span): Float64Array {
  return Float64Array.from(profile.slice(span.start, span.end)).sort();
}

function compare(left: Float64Array, right: Float64Array): number {
  const index = left.findIndex((value, position) => value !== right[position]);
  return index === -1 ? 0 : (left[index] as number) - (right[index] as number);
}

function shuffled(ids: string[], random: Random): string[] {
  for (let last = ids.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [ids[last], ids[other]] = [ids[other] as string, ids[last] as string];
  }
  return ids;
}
