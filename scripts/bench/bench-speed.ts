import { type Libllama, openLibllama } from '@skein/engine/oracle';
import {
  type BenchSwarm,
  percentile,
  startBenchSwarm,
  timeGeneration,
  warmUpSwarm,
} from './bench-swarm.js';
import type { Shape } from './shapes.js';
import { untilQuiet } from './until-quiet.js';

/** One row of the table: tokens a second on both sides. */
export interface SpeedRow {
  readonly what: string;
  readonly speed: number;
  readonly against: string;
  readonly againstSpeed: number;
}

/** Tokens of the prefill rows; turns of a round, and tokens that are decoded in each after a short prompt. */
const prefillTokens = 512;
const decodeTurns = 8;
const tokensPerTurn = 8;
/** Comes before the long prompt, and is as long as a chunk: what follows is cut evenly. */
const opening = Array.from({ length: 64 }, (_, index) => index + 3);
const shortPrompt = Array.from({ length: 8 }, (_, index) => index + 3);
const longPrompt = Array.from({ length: prefillTokens }, (_, index) => (index * 37) % 1000);

/** Milliseconds of one side, over all rounds. */
interface Times {
  readonly decodeMs: number[];
  readonly prefillMs: number[];
}

/** One peer on all threads, then peers of one thread each, beside libllama on as many. */
export async function benchSpeed(options: {
  readonly path: string;
  readonly shape: Shape;
  readonly rounds: number;
}): Promise<SpeedRow[]> {
  const { blockCount } = options.shape;
  const whole = await benchThreads(options, { threads: 2, peerCounts: [1] });
  const peerCounts = [1, 2, 4].filter((count) => count <= blockCount);
  const single = await benchThreads(options, { threads: 1, peerCounts });
  const [onePeer] = single.peers as [Times];
  const several = peerCounts.slice(1).flatMap((count, index) => {
    const times = single.peers[index + 1] as Times;
    const name = `${count} peers of 1 thread`;
    return [decodeRow(name, times, '1 peer', onePeer), prefillRow(name, times, '1 peer', onePeer)];
  });
  return [
    decodeRow('1 peer of 2 threads', whole.peers[0] as Times, 'libllama', whole.llama),
    prefillRow('1 peer of 2 threads', whole.peers[0] as Times, 'libllama', whole.llama),
    decodeRow('1 peer of 1 thread', onePeer, 'libllama', single.llama),
    prefillRow('1 peer of 1 thread', onePeer, 'libllama', single.llama),
    ...several,
  ];
}

function decodeRow(name: string, times: Times, against: string, others: Times): SpeedRow {
  return {
    what: `decode, ${name}`,
    speed: perSecond(times.decodeMs, 1),
    against,
    againstSpeed: perSecond(others.decodeMs, 1),
  };
}

function prefillRow(name: string, times: Times, against: string, others: Times): SpeedRow {
  return {
    what: `prefill ${prefillTokens}, ${name}`,
    speed: perSecond(times.prefillMs, prefillTokens),
    against,
    againstSpeed: perSecond(others.prefillMs, prefillTokens),
  };
}

function perSecond(milliseconds: readonly number[], tokens: number): number {
  return (1000 * tokens) / percentile(milliseconds, 0.5);
}

/** Spans of so many peers, as equal as they can be. */
export function evenSpans(blockCount: number, peers: number): string[] {
  const cut = (index: number) => Math.round((index * blockCount) / peers);
  return Array.from({ length: peers }, (_, index) => `${cut(index)}:${cut(index + 1)}`);
}

/** Swarms of peers with so many threads each, and libllama with as many, in turns. */
async function benchThreads(
  { path, shape, rounds }: { path: string; shape: Shape; rounds: number },
  { threads, peerCounts }: { threads: number; peerCounts: readonly number[] },
): Promise<{ peers: Times[]; llama: Times }> {
  const llama = await openLibllama(path, { threads, contextLength: 1024, kvType: 'f16' });
  const swarms: BenchSwarm[] = [];
  const newTimes = (): Times => ({ decodeMs: [], prefillMs: [] });
  const peers = peerCounts.map(newTimes);
  const theirs = newTimes();
  try {
    for (const count of peerCounts) {
      const spans = evenSpans(shape.blockCount, count);
      const swarm = await startBenchSwarm({ path, spans, threads });
      swarms.push(swarm);
      await warmUpSwarm(swarm);
    }
    // The first round warms caches and routes on both sides, and is not counted.
    for (let round = 0; round <= rounds; round += 1) {
      const [ours, their] = round > 0 ? [peers, theirs] : [peers.map(newTimes), newTimes()];
      const sides = swarms.map((swarm, index) => async () => {
        ours[index]?.prefillMs.push(await timePrefill(swarm));
      });
      const llamaSide = async () => {
        their.prefillMs.push(timeLlamaPrefill(llama));
        await untilQuiet();
      };
      for (const measure of rotated([...sides, llamaSide], round)) await measure();
      await timeDecoding({ swarms, llama }, { peers: ours, llama: their });
    }
  } finally {
    llama.free();
    for (const swarm of swarms) await swarm.stop();
  }
  return { peers, llama: theirs };
}

async function timePrefill(swarm: BenchSwarm): Promise<number> {
  const conversation = await swarm.converse();
  // A first token opens the route, which is not part of a prefill or of a decode step.
  await timeGeneration(conversation, { prompt: opening, tokens: 1 });
  const { firstTokenMs } = await timeGeneration(conversation, { prompt: longPrompt, tokens: 1 });
  await conversation.close();
  return firstTokenMs;
}

function timeLlamaPrefill(llama: Libllama): number {
  llama.clear();
  llama.decode(Int32Array.from(opening), { position: 0, logits: 'last' });
  const startedAt = performance.now();
  llama.decode(Int32Array.from(longPrompt), { position: opening.length, logits: 'last' });
  return performance.now() - startedAt;
}

/** All sides decode a few tokens in turns: the machine's speed changes within seconds. */
async function timeDecoding(
  { swarms, llama }: { swarms: readonly BenchSwarm[]; llama: Libllama },
  times: { readonly peers: readonly Times[]; readonly llama: Times },
): Promise<void> {
  const conversations = await Promise.all(swarms.map((swarm) => swarm.converse()));
  llama.clear();
  for (let turn = 0; turn < decodeTurns; turn += 1) {
    const sides = conversations.map((conversation, index) => async () => {
      const { stepMs } = await timeGeneration(conversation, {
        prompt: shortPrompt,
        tokens: 1 + tokensPerTurn,
      });
      times.peers[index]?.decodeMs.push(...stepMs);
    });
    const llamaSide = async () => {
      const start = turn * (shortPrompt.length + tokensPerTurn);
      times.llama.decodeMs.push(...timeLlamaTurn(llama, start));
      await untilQuiet();
    };
    for (const measure of rotated([...sides, llamaSide], turn)) await measure();
  }
  for (const conversation of conversations) await conversation.close();
}

/** Each side comes first as often as all others. */
function rotated<Side>(sides: readonly Side[], by: number): Side[] {
  const first = by % sides.length;
  return [...sides.slice(first), ...sides.slice(0, first)];
}

function timeLlamaTurn(llama: Libllama, start: number): number[] {
  const stepMs: number[] = [];
  let position = start + shortPrompt.length;
  let logits = llama.decode(Int32Array.from(shortPrompt), { position: start, logits: 'last' });
  for (let step = 0; step < tokensPerTurn; step += 1) {
    const startedAt = performance.now();
    const next = Int32Array.of(indexOfMaximum(logits));
    logits = llama.decode(next, { position, logits: 'last' });
    stepMs.push(performance.now() - startedAt);
    position += 1;
  }
  return stepMs;
}

function indexOfMaximum(values: Float32Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index += 1) {
    if ((values[index] ?? 0) > (values[best] ?? 0)) best = index;
  }
  return best;
}
