import type { TokenId } from '@skein/protocol';
import { SwarmView } from '../../src/routing/swarm-view.js';
import type {
  RerouteEvent,
  SessionEvent,
  SessionOptions,
} from '../../src/session/session-types.js';
import { SwarmSession } from '../../src/session/swarm-session.js';
import { TestClock } from './test-clock.js';
import type { FaultAction } from './toy-hop.js';
import { argmax, toyGreedy } from './toy-model.js';
import { type FaultRule, type ToyPeerOptions, ToySwarm, toyModel } from './toy-swarm.js';

export const model = toyModel();
export const prompt = Array.from({ length: 20 }, (_, index) => (index * 7 + 3) % model.vocabSize);
export const tokenCount = 12;
export const expected = toyGreedy(model, prompt, tokenCount);

/** Three hops of two blocks, and a slower spare peer for each. */
export const sixPeers: readonly ToyPeerOptions[] = [
  { name: 'a1', span: [0, 2] },
  { name: 'b1', span: [2, 4] },
  { name: 'c1', span: [4, 6] },
  { name: 'a2', span: [0, 2], decodeBlocksPerSecond: 100 },
  { name: 'b2', span: [2, 4], decodeBlocksPerSecond: 100 },
  { name: 'c2', span: [4, 6], decodeBlocksPerSecond: 100 },
];

/** A swarm, and a session on it that has not begun. */
export function setUp(
  peers: readonly ToyPeerOptions[] = sixPeers,
  options: SessionOptions & { random?: () => number } = {},
) {
  const swarm = new ToySwarm(model, peers);
  const clock = new TestClock();
  const view = new SwarmView(swarm.directory, clock);
  const events: SessionEvent[] = [];
  const random = options.random ?? (() => 0);
  const session = new SwarmSession({ node: swarm.node, view, clock, random }, model, {
    tokensMax: 1000,
    chunkRows: 4,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { swarm, clock, view, events, session };
}

/** Greedy tokens after a prompt, appended to what the session holds. */
export async function generate(
  session: SwarmSession,
  options: { prompt?: readonly number[]; count?: number; onToken?: (index: number) => void } = {},
): Promise<number[]> {
  const tokens: number[] = [];
  let next = options.prompt ?? prompt;
  while (tokens.length < (options.count ?? tokenCount)) {
    const logits = await session.extend(next as TokenId[]);
    const token = argmax(logits?.logits as Float32Array);
    options.onToken?.(tokens.length);
    tokens.push(token);
    next = [token];
  }
  return tokens;
}

/** The fault strikes once, when a hop is about to compute the row at `position` anew. */
export function failAt(position: number, action: FaultAction): FaultRule {
  return (context) =>
    !context.isReplay && context.position <= position && position < context.end ? action : null;
}

export function reroutesOf(events: readonly SessionEvent[]): RerouteEvent[] {
  return events.filter((event) => event.type === 'reroute');
}
