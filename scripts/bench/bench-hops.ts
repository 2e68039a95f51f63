import { execFileSync } from 'node:child_process';
import type { Conversation } from '@skein/client';
import { type BenchSwarm, percentile, startBenchSwarm, timeGeneration } from './bench-swarm.js';
import { randomModel } from './random-model.js';

/** What a hop costs beyond its arithmetic, and what travels. */
export interface HopReport {
  readonly activationBytes: number;
  readonly hopMsP50: number;
  readonly hopMsP99: number;
  readonly edges: readonly {
    readonly name: string;
    readonly bytesPerToken: number;
    readonly payloadBytes: number;
  }[];
}

/** A model whose activations are 8 KiB in f16 and whose blocks take next to no time. */
const shape = {
  name: 'wide-and-thin',
  hiddenSize: 4096,
  blockCount: 3,
  headCount: 1,
  kvHeadCount: 1,
  headSize: 32,
  feedForwardSize: 32,
  vocabSize: 32,
};

const tokens = 1000;
/** Before these are counted: V8 compiles what has run often, as it has in a peer that serves. */
const warmUpTokens = 2000;
const prompt = [1, 2, 3];

/** Runs three peers of one block each, and takes the compute that they report off each step. */
export async function benchHops(): Promise<HopReport> {
  const path = await randomModel(shape, 'q8_0');
  const swarm = await startBenchSwarm({ path, spans: ['0:1', '1:2', '2:3'], threads: 1 });
  try {
    const conversation = await swarm.converse();
    await timeGeneration(conversation, { prompt, tokens: warmUpTokens });
    const before = bytesSent(swarm);
    const overheadMs = await timeOverhead(conversation);
    const after = bytesSent(swarm);
    const hops = shape.blockCount;
    const beyond = (share: number) => percentile(overheadMs, share) / hops;
    await conversation.close();
    return {
      activationBytes: 2 * shape.hiddenSize,
      hopMsP50: beyond(0.5),
      hopMsP99: beyond(0.99),
      edges: edgesOf(before, after),
    };
  } finally {
    await swarm.stop();
  }
}

/** Milliseconds of each step, less what its hops say that they computed. */
async function timeOverhead(conversation: Conversation): Promise<number[]> {
  const overheadMs: number[] = [];
  let last = { atMs: performance.now(), computeMs: computeMsOf(conversation) };
  const options = { promptTokens: prompt as never, maxTokens: tokens, temperature: 0 };
  for await (const event of conversation.generate({ ...options, ignoreEos: true })) {
    if (event.type !== 'token') continue;
    const next = { atMs: performance.now(), computeMs: computeMsOf(conversation) };
    overheadMs.push(next.atMs - last.atMs - (next.computeMs - last.computeMs));
    last = next;
  }
  // Before the first token there was the prompt.
  return overheadMs.slice(1);
}

/** What all hops computed in steps of one token so far. */
function computeMsOf(conversation: Conversation): number {
  return conversation
    .usage()
    .reduce((sum, { computeMs, steps }) => sum + (computeMs ?? 0) * steps, 0);
}

/** Bytes that each process sent to each other one, TLS and multiplexing included, by `ss`. */
function bytesSent({ peers }: BenchSwarm): ReadonlyMap<string, number> {
  const names = new Map([
    [process.pid, 'client'],
    ...peers.map(({ pid }, index) => [pid, `hop ${index + 1}`] as const),
  ]);
  let text: string;
  try {
    text = execFileSync('ss', ['-tinpOH', 'state', 'established'], { encoding: 'utf8' });
  } catch {
    console.error('Bytes on the wire were not measured: there is no `ss` (iproute2) here.');
    return new Map();
  }
  const sockets = text.split('\n').flatMap((line) => {
    const [, , local, remote] = line.trim().split(/\s+/);
    const pid = Number(/pid=(\d+)/.exec(line)?.[1]);
    const name = names.get(pid);
    const sent = Number(/bytes_sent:(\d+)/.exec(line)?.[1] ?? 0);
    return name === undefined ? [] : [{ local, remote, name, sent }];
  });
  const totals = new Map<string, number>();
  for (const socket of sockets) {
    const other = sockets.find(
      ({ local, remote }) => local === socket.remote && remote === socket.local,
    );
    if (other === undefined) continue;
    const edge = `${socket.name} → ${other.name}`;
    totals.set(edge, (totals.get(edge) ?? 0) + socket.sent);
  }
  return totals;
}

function edgesOf(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>) {
  const activation = 2 * shape.hiddenSize;
  const payloads: Readonly<Record<string, number>> = {
    'client → hop 1': 4,
    'hop 1 → hop 2': activation,
    'hop 2 → hop 3': activation,
    // The id, the logit and the normaliser of the best token.
    'hop 3 → client': 12,
    // The token that it goes on with.
    'hop 3 → hop 1': 4,
  };
  return Object.entries(payloads).map(([name, payloadBytes]) => {
    const bytesPerToken = ((after.get(name) ?? 0) - (before.get(name) ?? 0)) / tokens;
    return { name, bytesPerToken, payloadBytes };
  });
}
