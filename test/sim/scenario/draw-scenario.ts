import type { PeerId, Span, TokenId } from '@skein/protocol';
import type { GenerationPlan } from '../swarm/sim-client.js';
import type { EngineSpeed } from '../swarm/sim-engine.js';
import { createSimModel, type SimModel } from '../swarm/sim-model.js';
import { identityOf, type SimPeerPlan } from '../swarm/sim-peer.js';
import { SeededRandom } from '../world/seeded-random.js';
import { drawFaults } from './draw-faults.js';
import type { Fault } from './fault-types.js';

/** What a run is made of; everything follows from the seed. */
export interface Scenario {
  readonly seed: number;
  readonly model: SimModel;
  readonly peers: readonly ScenarioPeer[];
  readonly clients: readonly (readonly GenerationPlan[])[];
  readonly faults: readonly Fault[];
  readonly bufferedBytesMax: number;
}

export interface ScenarioPeer extends SimPeerPlan {
  readonly startMs: number;
  /** Nothing ever happens to these, and they cover the model: a route always exists. */
  readonly isSafe: boolean;
}

/** How large a run is; null lets the seed decide. */
export interface ScenarioSize {
  readonly peers?: number;
  readonly clients?: number;
  readonly faults?: number;
  /** Only these go wrong. Default: the seed chooses. */
  readonly faultKinds?: readonly Fault['kind'][];
  /** Peers that nothing happens to cover the model. Default: in three of four runs. */
  readonly hasSafePeers?: boolean;
}

const vocabSize = 64;
const tokensMax = 512;

export async function drawScenario(seed: number, size: ScenarioSize = {}): Promise<Scenario> {
  const random = new SeededRandom(seed).fork('scenario');
  const blockCount = random.integer(4, 32);
  const model = createSimModel({ blockCount, vocabSize, contextLength: 4096 });
  const hasSafePeers = size.hasSafePeers ?? random.chance(0.75);
  const clientCount = size.clients ?? random.integer(1, 10);
  const peers = await drawPeers(random, {
    blockCount,
    count: size.peers ?? random.pick([8, 8, 8, 10, 10, 12, 12, 14, 16, 20, 30, 40]),
    hasSafePeers,
    kvTokensMax: 3 * clientCount * tokensMax,
  });
  const clients = Array.from({ length: clientCount }, () => drawPlans(random));
  const faultCount = size.faults ?? random.integer(0, 3 * peers.length);
  const faults = drawFaults(random.fork('faults'), {
    count: faultCount,
    isSafe: peers.map((peer) => peer.isSafe),
    clientCount,
    ...(size.faultKinds === undefined ? {} : { kinds: size.faultKinds }),
  });
  const bufferedBytesMax = random.pick([4096, 65_536, 1_048_576]);
  return { seed, model, peers, clients, faults, bufferedBytesMax };
}

async function drawPeers(
  random: SeededRandom,
  options: { blockCount: number; count: number; hasSafePeers: boolean; kvTokensMax: number },
): Promise<ScenarioPeer[]> {
  const { blockCount, count, hasSafePeers } = options;
  const peers: ScenarioPeer[] = [];
  const areSafeSlow = random.chance(0.6);
  // Safe peers stay where they are: they cover the model at all times.
  const areOthersRestless = random.chance(0.6);
  // Two covers in full, then whatever comes: each block has two hosts at least, as far as it goes.
  const spans = [...cover(random, blockCount, count), ...cover(random, blockCount, count)];
  const safeCount = spans.findIndex(({ end }) => end === blockCount) + 1;
  while (spans.length < count) spans.push(drawSpan(random, blockCount, count));
  for (const [index, span] of spans.entries()) {
    const isSafe = hasSafePeers && index < safeCount;
    const isEarly = index < spans.length * 0.8 || isSafe;
    const skewMs = random.chance(0.3) ? random.between(-25_000, 25_000) : 0;
    const identity = await identityOf(index);
    const isLost = !isSafe && random.chance(0.03);
    peers.push({
      name: `p${index}`,
      identity,
      peer: identity.publicKey.toString() as PeerId,
      span,
      speed: drawSpeed(random, isSafe && areSafeSlow),
      kvTokensMax: isSafe ? options.kvTokensMax : Math.round(random.logarithmic(64, 20_000)),
      boast: !isSafe && random.chance(0.15) ? random.logarithmic(2, 50) : 1,
      clock: {
        offsetMs: isLost ? random.pick([-3_600_000, 3_600_000]) : skewMs,
        rate: 1 + random.between(-1e-3, 1e-3),
      },
      rebalanceMs: areOthersRestless && !isSafe ? random.between(2000, 15_000) : null,
      hasRoom: random.chance(0.7),
      startMs: isEarly ? random.between(0, 2500) : random.between(3000, 30_000),
      isSafe,
    });
  }
  return peers;
}

/** Spans that follow each other from the first block to the last. */
function cover(random: SeededRandom, blockCount: number, count: number): Span[] {
  const parts = random.integer(Math.min(2, blockCount), Math.min(6, blockCount, count >> 1));
  const cuts = random.shuffled(Array.from({ length: blockCount - 1 }, (_, index) => index + 1));
  const bounds = [0, ...cuts.slice(0, parts - 1).sort((a, b) => a - b), blockCount];
  return bounds.slice(1).map((end, index) => ({ start: bounds[index] as number, end }));
}

function drawSpan(random: SeededRandom, blockCount: number, count: number): Span {
  const lengthMax = Math.max(1, Math.min(blockCount, Math.ceil((6 * blockCount) / count)));
  const length = random.integer(1, lengthMax);
  const start = random.integer(0, blockCount - length);
  return { start, end: start + length };
}

function drawSpeed(random: SeededRandom, isSlow: boolean): EngineSpeed {
  const blockMs = random.logarithmic(0.1, 3) * (isSlow ? 4 : 1);
  return { stepMs: random.between(0.05, 1), blockMs, rowBlockMs: blockMs * 0.03 };
}

function drawPlans(random: SeededRandom): GenerationPlan[] {
  const plans: GenerationPlan[] = [];
  const count = random.integer(1, 3);
  // A stream of its own: all else stays as it was drawn.
  const standbys = random.fork('standbys');
  for (let index = 0; index < count; index += 1) {
    const promptLength = Math.round(random.logarithmic(1, 400));
    const tokenCount = random.integer(2, 60);
    plans.push({
      startMs: random.between(3000, 25_000),
      prompt: Array.from(
        { length: promptLength },
        () => random.integer(0, vocabSize - 1) as TokenId,
      ),
      tokenCount,
      sampling: random.chance(0.4)
        ? { temperature: 0 }
        : {
            temperature: random.between(0.3, 1.5),
            topK: random.pick([0, 0, 5, 40]),
            topP: random.pick([1, 0.9]),
            repetitionPenalty: random.pick([1, 1, 1.2]),
            seed: random.integer(0, 2 ** 40),
          },
      standby: standbys.chance(0.3),
      wireType: random.pick(['f16', 'f16', 'f32', 'bf16', 'int8'] as const),
      leaveAfter: random.chance(0.15) ? random.integer(1, tokenCount) : null,
    });
  }
  return plans;
}
