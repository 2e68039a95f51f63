import { type Conversation, createClient, type SkeinClient } from '@skein/client';
import { type ChildCommand, startCommand } from '@skein/peer/child-command';

/** A swarm of peer processes for one measurement, with a client in this process. */
export interface BenchSwarm {
  readonly client: SkeinClient;
  readonly peers: readonly ChildCommand[];
  /** From the start of the last peer's process to `ready`. */
  readonly startMs: number;
  /** A conversation of its own for a measurement. */
  converse(): Promise<Conversation>;
  stop(): Promise<void>;
}

/** Starts one peer per span, each on `threads` threads. */
export async function startBenchSwarm(options: {
  readonly path: string;
  readonly spans: readonly string[];
  readonly threads: number;
}): Promise<BenchSwarm> {
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0'];
  const peers: ChildCommand[] = [];
  let bootstrap: string | null = null;
  let startMs = 0;
  for (const [index, span] of options.spans.entries()) {
    const startedAtMs = performance.now();
    const peer = startCommand([
      ...['peer', '--model', options.path, '--model-name', 'bench', '--blocks', span, ...listen],
      ...['--threads', String(options.threads), '--name', `bench-${index}`, '--device', 'cpu'],
      ...(bootstrap === null ? [] : ['--bootstrap', bootstrap]),
    ]);
    peers.push(peer);
    const ready = await peer.waitFor('ready', {});
    startMs = performance.now() - startedAtMs;
    bootstrap ??= (ready.multiaddrs as string[])[0] as string;
  }
  const client = createClient({ bootstrap: [bootstrap as string] });
  await client.start();
  return {
    client,
    peers,
    startMs,
    converse: () => client.openSession({ model: 'bench' }),
    async stop() {
      await client.stop();
      await Promise.all(peers.map((peer) => peer.stop()));
    },
  };
}

/** Milliseconds between tokens, and until the first. */
export interface Timing {
  readonly firstTokenMs: number;
  readonly stepMs: readonly number[];
}

/** Generates greedily after a prompt of `promptTokens` tokens and times every token. */
export async function timeGeneration(
  conversation: Conversation,
  options: { readonly prompt: readonly number[]; readonly tokens: number },
): Promise<Timing> {
  const startedAt = performance.now();
  let lastAt = startedAt;
  let firstTokenMs = 0;
  const stepMs: number[] = [];
  const events = conversation.generate({
    promptTokens: options.prompt as never,
    maxTokens: options.tokens,
    temperature: 0,
    ignoreEos: true,
  });
  for await (const event of events) {
    if (event.type !== 'token') continue;
    const now = performance.now();
    if (firstTokenMs === 0) firstTokenMs = now - startedAt;
    else stepMs.push(now - lastAt);
    lastAt = now;
  }
  return { firstTokenMs, stepMs };
}

/** Sessions at once, and tokens of each, before a swarm is measured. */
const warmUp = { sessions: 8, tokens: 160 };

/** Lets V8 compile what runs often, as it has in peers that serve for longer than some seconds. */
export async function warmUpSwarm(swarm: BenchSwarm): Promise<void> {
  const prompt = [1, 2, 3];
  const generate = async () => {
    const conversation = await swarm.converse();
    await timeGeneration(conversation, { prompt, tokens: warmUp.tokens });
    await conversation.close();
  };
  await Promise.all(Array.from({ length: warmUp.sessions }, generate));
}

/** The value below which a share of the sorted values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
