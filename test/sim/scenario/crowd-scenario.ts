import type { PeerId, TokenId } from '@skein/protocol';
import { createSimModel } from '../swarm/sim-model.js';
import { identityOf } from '../swarm/sim-peer.js';
import { SeededRandom } from '../world/seeded-random.js';
import type { Scenario, ScenarioPeer } from './draw-scenario.js';

const vocabSize = 64;

/** Many clients and few peers, some faster than others; nothing goes wrong. */
export interface Crowd {
  /** Parts of the model, and peers that host each. */
  readonly parts: number;
  readonly copies: number;
  readonly clients: number;
  /** The fastest peer over the slowest. */
  readonly speedRatio: number;
  /** The clients come within so much time, one after the other. */
  readonly arrivalMs: number;
  readonly tokenCount: number;
}

const blocksPerPart = 8;

/** Draws a swarm for a crowd. All clients are there before the first of them is done. */
export async function drawCrowd(seed: number, crowd: Crowd): Promise<Scenario> {
  const random = new SeededRandom(seed).fork('crowd');
  const blockCount = crowd.parts * blocksPerPart;
  const peers: ScenarioPeer[] = [];
  for (let index = 0; index < crowd.parts * crowd.copies; index += 1) {
    const start = (index % crowd.parts) * blocksPerPart;
    const identity = await identityOf(index);
    const blockMs = 4 / random.between(1, crowd.speedRatio);
    peers.push({
      name: `p${index}`,
      identity,
      peer: identity.publicKey.toString() as PeerId,
      span: { start, end: start + blocksPerPart },
      speed: { stepMs: 0.2, blockMs, rowBlockMs: 0.03 * blockMs },
      kvTokensMax: 1_000_000,
      boast: 1,
      rebalanceMs: null,
      hasRoom: true,
      clock: { offsetMs: 0, rate: 1 },
      startMs: random.between(0, 1500),
      isSafe: true,
    });
  }
  const clients = Array.from({ length: crowd.clients }, (_, index) => [
    {
      startMs: 8000 + (crowd.arrivalMs * index) / crowd.clients,
      prompt: Array.from({ length: 8 }, () => random.integer(0, vocabSize - 1) as TokenId),
      tokenCount: crowd.tokenCount,
      sampling: { temperature: 0 },
      wireType: 'f16' as const,
      leaveAfter: null,
      standby: false,
    },
  ]);
  const model = createSimModel({ blockCount, vocabSize, contextLength: 4096 });
  return { seed, model, peers, clients, faults: [], bufferedBytesMax: 65_536 };
}
