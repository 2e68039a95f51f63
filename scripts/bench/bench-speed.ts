import { type Libllama, openLibllama } from '@skein/engine/oracle';
import { type BenchSwarm, percentile, startBenchSwarm, timeGeneration } from './bench-swarm.js';
import type { Shape } from './shapes.js';

/** One row of the table: tokens a second on both sides. */
export interface SpeedRow {
  readonly what: string;
  readonly skein: number;
  readonly libllama: number;
}

/** Tokens of the prefill rows, and tokens that are decoded after a short prompt. */
const prefillTokens = 512;
const decodeTokens = 48;
const shortPrompt = Array.from({ length: 8 }, (_, index) => index + 3);
const longPrompt = Array.from({ length: prefillTokens }, (_, index) => (index * 37) % 1000);

/** One peer on all threads, then two peers of one thread each, beside libllama on as many. */
export async function benchSpeed(options: {
  readonly path: string;
  readonly shape: Shape;
  readonly rounds: number;
}): Promise<SpeedRow[]> {
  const { blockCount } = options.shape;
  const half = Math.floor(blockCount / 2);
  const one = await benchAgainst(options, { spans: [`0:${blockCount}`], threads: 2, llama: 2 });
  const two = await benchAgainst(options, {
    spans: [`0:${half}`, `${half}:${blockCount}`],
    threads: 1,
    llama: 1,
  });
  return [
    { what: 'decode, 1 peer of 2 threads / 2 threads', ...one.decode },
    { what: 'prefill 512, 1 peer of 2 threads / 2 threads', ...one.prefill },
    { what: 'decode, 2 peers of 1 thread / 1 thread', ...two.decode },
    { what: 'prefill 512, 2 peers of 1 thread / 1 thread', ...two.prefill },
  ];
}

interface Setting {
  readonly spans: readonly string[];
  readonly threads: number;
  /** Threads of libllama. */
  readonly llama: number;
}

async function benchAgainst(options: { path: string; rounds: number }, setting: Setting) {
  const { path, rounds } = options;
  const swarm = await startBenchSwarm({ path, spans: setting.spans, threads: setting.threads });
  const llama = await openLibllama(path, {
    threads: setting.llama,
    contextLength: 1024,
    kvType: 'f16',
  });
  const ours = { decode: [] as number[], prefill: [] as number[] };
  const theirs = { decode: [] as number[], prefill: [] as number[] };
  try {
    // The first round warms caches and routes on both sides, and is not counted.
    for (let round = 0; round <= rounds; round += 1) {
      const [skein, libllama] = [await timeSkein(swarm), timeLlama(llama)];
      if (round === 0) continue;
      ours.decode.push(...skein.decodeMs);
      ours.prefill.push(skein.prefillMs);
      theirs.decode.push(...libllama.decodeMs);
      theirs.prefill.push(libllama.prefillMs);
    }
  } finally {
    llama.free();
    await swarm.stop();
  }
  const perSecond = (milliseconds: readonly number[], tokens: number) =>
    (1000 * tokens) / percentile(milliseconds, 0.5);
  return {
    decode: { skein: perSecond(ours.decode, 1), libllama: perSecond(theirs.decode, 1) },
    prefill: {
      skein: perSecond(ours.prefill, prefillTokens),
      libllama: perSecond(theirs.prefill, prefillTokens),
    },
  };
}

async function timeSkein(swarm: BenchSwarm): Promise<{ decodeMs: number[]; prefillMs: number }> {
  const conversation = await swarm.converse();
  // A first token opens the route, which is not part of a prefill or of a decode step.
  await timeGeneration(conversation, { prompt: shortPrompt, tokens: 1 });
  const prefill = await timeGeneration(conversation, { prompt: longPrompt, tokens: 1 });
  await conversation.close();
  const decoding = await swarm.converse();
  const decode = await timeGeneration(decoding, { prompt: shortPrompt, tokens: decodeTokens });
  await decoding.close();
  return { decodeMs: [...decode.stepMs], prefillMs: prefill.firstTokenMs };
}

function timeLlama(llama: Libllama): { decodeMs: number[]; prefillMs: number } {
  const prompt = Int32Array.from(shortPrompt);
  llama.clear();
  llama.decode(prompt, { position: 0, logits: 'last' });
  const startedAt = performance.now();
  llama.decode(Int32Array.from(longPrompt), { position: prompt.length, logits: 'last' });
  const prefillMs = performance.now() - startedAt;
  llama.clear();
  let logits = llama.decode(prompt, { position: 0, logits: 'last' });
  const decodeMs: number[] = [];
  for (let step = 0; step < decodeTokens - 1; step += 1) {
    const stepAt = performance.now();
    const next = Int32Array.of(indexOfMaximum(logits));
    logits = llama.decode(next, { position: prompt.length + step, logits: 'last' });
    decodeMs.push(performance.now() - stepAt);
  }
  return { decodeMs, prefillMs };
}

function indexOfMaximum(values: Float32Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index += 1) {
    if ((values[index] ?? 0) > (values[best] ?? 0)) best = index;
  }
  return best;
}
