import { type Libllama, openLibllama } from '@skein/engine/oracle';
import { evenSpans, type SpeedRow } from './bench-speed.js';
import {
  type BenchSwarm,
  percentile,
  startBenchSwarm,
  timeGeneration,
  warmUpSwarm,
} from './bench-swarm.js';
import type { Shape } from './shapes.js';
import { untilQuiet } from './until-quiet.js';

const tokens = 24;
const prompt = Array.from({ length: 8 }, (_, index) => index + 3);

/**
 * Sessions at once, all their tokens a second: on one peer of two threads beside as many sequences in
 * libllama's batches, and over two peers of one thread beside one such peer.
 */
export async function benchSessions(options: {
  readonly path: string;
  readonly shape: Shape;
  readonly rounds: number;
  readonly sessions: number;
}): Promise<SpeedRow[]> {
  const { path, shape, rounds, sessions } = options;
  const start = (peers: number, threads: number) =>
    startBenchSwarm({ path, spans: evenSpans(shape.blockCount, peers), threads });
  const sides = {
    wide: [] as number[],
    llama: [] as number[],
    one: [] as number[],
    two: [] as number[],
  };
  const llama = await openLibllama(path, {
    threads: 2,
    contextLength: 64 * sessions,
    kvType: 'f16',
    sequences: sessions,
  });
  const wide = await start(1, 2);
  try {
    await warmUpSwarm(wide);
    await inTurns(rounds, [
      [sides.wide, () => tokensPerSecond(wide, sessions)],
      [sides.llama, () => llamaTokensPerSecond(llama, sessions)],
    ]);
  } finally {
    llama.free();
    await wide.stop();
  }
  const [one, two] = [await start(1, 1), await start(2, 1)];
  try {
    for (const swarm of [one, two]) await warmUpSwarm(swarm);
    await inTurns(rounds, [
      [sides.one, () => tokensPerSecond(one, sessions)],
      [sides.two, () => tokensPerSecond(two, sessions)],
    ]);
  } finally {
    await Promise.all([one.stop(), two.stop()]);
  }
  const median = (speeds: readonly number[]) => percentile(speeds, 0.5);
  return [
    {
      what: `${sessions} sessions, 1 peer of 2 threads`,
      speed: median(sides.wide),
      against: 'libllama',
      againstSpeed: median(sides.llama),
    },
    {
      what: `${sessions} sessions, 2 peers of 1 thread`,
      speed: median(sides.two),
      against: '1 peer',
      againstSpeed: median(sides.one),
    },
  ];
}

/** The first round warms caches and routes, and is not counted. */
async function inTurns(
  rounds: number,
  sides: readonly (readonly [speeds: number[], measure: () => Promise<number> | number])[],
): Promise<void> {
  for (let round = 0; round <= rounds; round += 1) {
    for (const [speeds, measure] of sides) {
      const speed = await measure();
      await untilQuiet();
      if (round > 0) speeds.push(speed);
    }
  }
}

async function tokensPerSecond(swarm: BenchSwarm, sessions: number): Promise<number> {
  const conversations = await Promise.all(Array.from({ length: sessions }, () => swarm.converse()));
  // A first token opens the route, which is not part of decoding.
  await Promise.all(conversations.map((each) => timeGeneration(each, { prompt, tokens: 1 })));
  const startedAtMs = performance.now();
  const next = [prompt[0] as number];
  await Promise.all(conversations.map((each) => timeGeneration(each, { prompt: next, tokens })));
  const elapsedMs = performance.now() - startedAtMs;
  await Promise.all(conversations.map((each) => each.close()));
  return (1000 * sessions * tokens) / elapsedMs;
}

function llamaTokensPerSecond(llama: Libllama, sessions: number): number {
  llama.clear();
  const row = (token: number) => new Int32Array(sessions).fill(token);
  for (const [position, token] of prompt.entries()) {
    llama.decode(row(token), { position, logits: 'all', together: true });
  }
  const startedAtMs = performance.now();
  for (let step = 0; step < tokens; step += 1) {
    const position = prompt.length + step;
    llama.decode(row(step + 3), { position, logits: 'all', together: true });
  }
  return (1000 * sessions * tokens) / (performance.now() - startedAtMs);
}
