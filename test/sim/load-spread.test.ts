import { type PeerView, planRoute, type SwarmSnapshot } from '@skein/client';
import type { ModelHash, PeerId } from '@skein/protocol';
import { expect, it } from 'vitest';
import { SeededRandom } from './world/seeded-random.js';

const model = 'a'.repeat(64) as ModelHash;
const blockCount = 24;
const clientCount = 200;

/** Three parts of the model, each hosted by peers of one speed or of many. */
function drawSnapshot(random: SeededRandom, options: { speedRatio: number }): SwarmSnapshot {
  const peers: PeerView[] = [];
  for (const start of [0, 8, 16]) {
    for (let copy = 0; copy < 8; copy += 1) {
      const end = start + 8;
      peers.push({
        peer: `p${peers.length}` as PeerId,
        record: {
          state: 'serving',
          name: `p${peers.length}`,
          model,
          blockCount,
          span: { start, end },
          ends: { embedding: start === 0, head: end === blockCount },
          numericKind: 'q8_0/f16',
          decodeBlocksPerSecond: 400 * random.between(1, options.speedRatio),
          kvTokensFree: 1_000_000,
          kvTokensMax: 1_000_000,
          queuedRows: 0,
          multiaddrs: [],
        },
        latencyMs: 5,
        blockMs: null,
        queueMs: null,
        sessionsInFlight: 0,
        isBanned: false,
      });
    }
  }
  return { peers };
}

/** The busiest peer's load over its fair share: the part of the work that its speed is worth. */
function busiest({ peers }: SwarmSnapshot, blocksOf: ReadonlyMap<PeerId, number>): number {
  let worst = 0;
  for (const { peer, record } of peers) {
    const rivals = peers.filter(({ record: other }) => other.span.start === record.span.start);
    const speed = rivals.reduce((sum, rival) => sum + rival.record.decodeBlocksPerSecond, 0);
    const work = rivals.reduce((sum, rival) => sum + (blocksOf.get(rival.peer) ?? 0), 0);
    const fair = (work * record.decodeBlocksPerSecond) / speed;
    worst = Math.max(worst, (blocksOf.get(peer) ?? 0) / fair);
  }
  return worst;
}

/** All clients plan from one snapshot; with `isCounted` they see the sessions of those before. */
function spread(seed: number, options: { isCounted: boolean; speedRatio: number }): number {
  const random = new SeededRandom(seed);
  let snapshot = drawSnapshot(random, options);
  const blocksOf = new Map<PeerId, number>();
  for (let client = 0; client < clientCount; client += 1) {
    const route = planRoute(snapshot, { model, blockCount, tokensMax: 100 }, random.next);
    if (route.kind !== 'route') throw new Error('the snapshot covers the model');
    for (const { peer, span } of route.hops) {
      blocksOf.set(peer, (blocksOf.get(peer) ?? 0) + span.end - span.start);
    }
    if (!options.isCounted) continue;
    const used = new Set(route.hops.map(({ peer }) => peer));
    snapshot = {
      peers: snapshot.peers.map((view) =>
        used.has(view.peer) ? { ...view, sessionsInFlight: view.sessionsInFlight + 1 } : view,
      ),
    };
  }
  return busiest(snapshot, blocksOf);
}

/** The busiest peer may have this much more than its fair share. */
const bound = 1.3;

function worstOf(options: { isCounted: boolean; speedRatio: number }): number {
  const ratios = [1, 2, 3, 4, 5].map((seed) => spread(seed, options));
  const figures = ratios.map((ratio) => ratio.toFixed(2)).join(' ');
  console.log(`busiest peer over its fair share: ${figures} (${JSON.stringify(options)})`);
  return Math.max(...ratios);
}

it('200 clients spread over equal peers when sessions in flight count', () => {
  expect(worstOf({ isCounted: true, speedRatio: 1 })).toBeLessThan(bound);
});

// Open: a row in a queue costs a tenth of a step, so the faster peers are preferred for too long.
it.fails('200 clients spread over peers of different speed by their capacity', () => {
  expect(worstOf({ isCounted: true, speedRatio: 2 })).toBeLessThan(bound);
});

// Open: nothing but the tie-break within 5% keeps clients apart that know nothing of each other.
it.fails('200 clients that know nothing of each other do not stampede on the fastest', () => {
  expect(worstOf({ isCounted: false, speedRatio: 1 })).toBeGreaterThan(1);
  expect(worstOf({ isCounted: false, speedRatio: 2 })).toBeLessThan(bound);
});
