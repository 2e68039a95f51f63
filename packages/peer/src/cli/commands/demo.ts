import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type GenerationEvent, type SkeinClient } from '@skein/client';
import { drawBlockMap } from '../block-map.js';
import { type ChildCommand, startCommand } from '../child-command.js';
import { createOutput, formatDuration, type Output, painter } from '../output.js';
import { describeEnd } from './generate.js';

export interface DemoOptions {
  readonly json: boolean;
  readonly prompt: string;
  readonly seed: number;
  readonly temperature: number;
  readonly maxTokens: number;
}

/** Overlapping spans: every block of the eight has two hosts or more. */
const flock = [
  { name: 'anser', blocks: '0:3' },
  { name: 'branta', blocks: '2:6' },
  { name: 'cygnus', blocks: '5:8' },
  { name: 'fabalis', blocks: '0:4' },
  { name: 'indicus', blocks: '4:8' },
] as const;

const model = 'tiny-tales';

/** The peer to be killed dies after this share of the tokens of an unbroken run. */
const killAfterShare = 0.4;

interface DemoPeer {
  readonly name: string;
  readonly id: string;
  readonly span: { readonly start: number; readonly end: number };
  readonly process: ChildCommand;
}

/**
 * Starts a swarm of processes, generates a story, kills a peer of its route half-way, and compares
 * the story with an unbroken run of the same request.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const output = createOutput(options);
  const folder = await mkdtemp(join(tmpdir(), 'skein-demo-'));
  const children: ChildCommand[] = [];
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  let client: SkeinClient | null = null;
  try {
    const { bootstrap, peers } = await startFlock(folder, children, output, interrupted.signal);
    client = createClient({ bootstrap: [bootstrap] });
    await client.start();
    await tellStories({ client, peers, options, output, signal: interrupted.signal });
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    await client?.stop();
    await Promise.all(children.map((child) => child.stop()));
    await rm(folder, { recursive: true, force: true });
  }
}

async function startFlock(
  folder: string,
  children: ChildCommand[],
  output: Output,
  signal: AbortSignal,
): Promise<{ bootstrap: string; peers: readonly DemoPeer[] }> {
  const paint = painter(output.decorated);
  output.say(
    `${paint.bold('Skein')}: ${flock.length} peers on this machine run ${paint.bold(model)} together.\n`,
  );
  const startedAtMs = performance.now();
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0'];
  const meetingPoint = startCommand([
    ...['bootstrap', ...listen, '--identity', join(folder, 'bootstrap.key')],
  ]);
  children.push(meetingPoint);
  const ready = await meetingPoint.waitFor('ready', { signal });
  const bootstrap = (ready.multiaddrs as string[])[0] ?? '';
  let readyCount = 0;
  output.progress(`  starting ${flock.length} peer processes…`);
  const peers = await Promise.all(
    flock.map(async ({ name, blocks }): Promise<DemoPeer> => {
      const child = startCommand([
        ...['peer', '--model', model, '--blocks', blocks, '--name', name, ...listen],
        ...['--bootstrap', bootstrap, '--identity', join(folder, `${name}.key`)],
        ...['--threads', '1', '--device', 'cpu'],
      ]);
      children.push(child);
      const announced = await child.waitFor('ready', { signal });
      readyCount += 1;
      output.progress(`  ${readyCount} of ${flock.length} peers are ready…`);
      const [start = 0, end = 0] = blocks.split(':').map(Number);
      return { name, id: String(announced.peerId), span: { start, end }, process: child };
    }),
  );
  const rows = peers.map(({ name, span, process: child }) => ({
    name,
    span,
    remark: paint.dim(`blocks ${span.start}–${span.end - 1}, process ${child.pid}`),
  }));
  for (const line of drawBlockMap(8, rows)) output.say(`  ${line}`);
  output.say(paint.dim(`  ready after ${formatDuration(performance.now() - startedAtMs)}\n`));
  output.event({
    event: 'swarm',
    bootstrap,
    peers: peers.map(({ name, id, span, process: child }) => ({ name, id, span, pid: child.pid })),
  });
  return { bootstrap, peers };
}

interface Telling {
  readonly client: SkeinClient;
  readonly peers: readonly DemoPeer[];
  readonly options: DemoOptions;
  readonly output: Output;
  readonly signal: AbortSignal;
}

async function tellStories(telling: Telling): Promise<void> {
  const { options, output, peers } = telling;
  const paint = painter(output.decorated);
  // The unbroken run comes first and is not shown: its length tells when half-way is.
  output.progress('  telling the story once, unbroken, to compare with…');
  const unbroken: number[] = [];
  for await (const event of generate(telling)) {
    if (event.type === 'token') unbroken.push(event.id);
  }
  output.say(`${paint.cyan('you')}  ${options.prompt}\n`);
  const killAt = Math.max(1, Math.floor(unbroken.length * killAfterShare));
  const told: number[] = [];
  let victim: DemoPeer | undefined;
  let route: readonly string[] = [];
  for await (const event of generate(telling)) {
    if (event.type === 'route') {
      // The later ones follow a reroute, which tells the same.
      if (route.length === 0) showRoute(event, telling);
      route = event.hops.map((hop) => hop.peer);
    } else if (event.type === 'token') {
      told.push(event.id);
      output.event({ event: 'token', id: event.id, text: event.text, position: event.position });
      output.result(event.text);
      if (told.length === killAt) {
        // The last hop: it holds half of the session's cache, which must be rebuilt.
        victim = peers.find((peer) => peer.id === route.at(-1));
        victim?.process.kill('SIGKILL');
        output.event({ event: 'killed', peer: victim?.id, name: victim?.name, token: killAt });
        output.result(paint.red(` ✂ ${victim?.name} killed `));
      }
    } else if (event.type === 'reroute') {
      output.event({ event: 'reroute', ...withoutType(event) });
      const milliseconds = event.recoveryMs.toFixed(0);
      output.result(paint.green(`↻ ${nameHops(event.newPeers, peers)} in ${milliseconds} ms `));
    } else if (event.type === 'end') {
      output.result(`${event.text}\n`);
      showEnd(event, { told, unbroken, victim, output });
    }
  }
}

function generate({ client, options, signal }: Telling): AsyncIterable<GenerationEvent> {
  return client.generate({
    model,
    messages: [{ role: 'user', content: options.prompt }],
    maxTokens: options.maxTokens,
    temperature: options.temperature,
    seed: options.seed,
    signal,
  });
}

function showRoute(event: Extract<GenerationEvent, { type: 'route' }>, telling: Telling): void {
  const { output, peers } = telling;
  const paint = painter(output.decorated);
  const hops = event.hops.map(({ peer, span }) => {
    const name = peers.find(({ id }) => id === peer)?.name ?? peer;
    return `${paint.bold(name)} [${span.start}:${span.end})`;
  });
  output.event({ event: 'route', ...withoutType(event) });
  output.say(`${paint.dim('route')}  you → ${hops.join(' → ')} → you\n`);
}

function nameHops(ids: readonly string[], peers: readonly DemoPeer[]): string {
  return ids.map((id) => peers.find((peer) => peer.id === id)?.name ?? id).join(' and ');
}

function showEnd(
  event: Extract<GenerationEvent, { type: 'end' }>,
  story: { told: number[]; unbroken: number[]; victim: DemoPeer | undefined; output: Output },
): void {
  const { told, unbroken, output } = story;
  const paint = painter(output.decorated);
  const identical = told.length === unbroken.length && told.every((id, at) => id === unbroken[at]);
  output.event({ event: 'end', ...withoutType(event), identical });
  output.say(paint.dim(`\n${describeEnd(event)}`));
  output.say(
    identical
      ? `${paint.green('✓')} ${story.victim?.name ?? 'A peer'} died, and the story is token for token that of an unbroken run.`
      : `${paint.red('✗')} The story differs from the unbroken run. Please report this.`,
  );
  if (!identical) process.exitCode = 1;
}

function withoutType<Event extends { readonly type: string }>(event: Event): Omit<Event, 'type'> {
  const { type: _type, ...fields } = event;
  return fields;
}
