import { type BenchSwarm, percentile, startBenchSwarm, timeGeneration } from './bench-swarm.js';
import type { Shape } from './shapes.js';

/** Tokens a second of all sessions together, over one peer and over two of half the blocks each. */
export interface SessionsReport {
  readonly sessions: number;
  readonly onePeer: number;
  readonly twoPeers: number;
}

const sessionCount = 8;
const tokens = 24;
const prompt = Array.from({ length: 8 }, (_, index) => index + 3);

/** Peers of one thread each; both swarms stand all the time, and take turns. */
export async function benchSessions(options: {
  readonly path: string;
  readonly shape: Shape;
  readonly rounds: number;
}): Promise<SessionsReport> {
  const { path, rounds } = options;
  const { blockCount } = options.shape;
  const half = Math.floor(blockCount / 2);
  const one = await startBenchSwarm({ path, spans: [`0:${blockCount}`], threads: 1 });
  try {
    const spans = [`0:${half}`, `${half}:${blockCount}`];
    const two = await startBenchSwarm({ path, spans, threads: 1 });
    try {
      const speeds = { one: [] as number[], two: [] as number[] };
      // The first round warms caches and routes, and is not counted.
      for (let round = 0; round <= rounds; round += 1) {
        const [first, second] = [await tokensPerSecond(one), await tokensPerSecond(two)];
        if (round === 0) continue;
        speeds.one.push(first);
        speeds.two.push(second);
      }
      return {
        sessions: sessionCount,
        onePeer: percentile(speeds.one, 0.5),
        twoPeers: percentile(speeds.two, 0.5),
      };
    } finally {
      await two.stop();
    }
  } finally {
    await one.stop();
  }
}

async function tokensPerSecond(swarm: BenchSwarm): Promise<number> {
  const conversations = await Promise.all(
    Array.from({ length: sessionCount }, () => swarm.converse()),
  );
  // A first token opens the route, which is not part of decoding.
  await Promise.all(conversations.map((each) => timeGeneration(each, { prompt, tokens: 1 })));
  const startedAtMs = performance.now();
  const next = [prompt[0] as number];
  await Promise.all(conversations.map((each) => timeGeneration(each, { prompt: next, tokens })));
  const elapsedMs = performance.now() - startedAtMs;
  await Promise.all(conversations.map((each) => each.close()));
  return (1000 * sessionCount * tokens) / elapsedMs;
}
