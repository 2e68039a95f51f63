/**
 * `pnpm observe`: what it takes to watch a large swarm.
 *
 * One process holds the peers, each with a node, an identity and a port of its own. `skein dashboard`
 * watches them, and is measured: processor time, memory, how many peers answered in the last ten
 * seconds, and how old the oldest news of a peer is, its record included.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { httpApiPaths, swarmAnswerSchema } from '@skein/protocol/http-api';

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '120' },
    reader: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`Usage: pnpm observe [--peers 1000] [--seconds 120] [--reader] [--json]

--reader reads the live stream all the time, as an open page does.
The exit code is 1 when the last ten seconds took over a quarter of a core or 200 MB, or not all peers
were known.`);
  process.exit(0);
}

const periodMs = 10_000;
const peerCount = Number(values.peers);
const children: ChildProcess[] = [];
const command = fileURLToPath(new URL('../../../packages/peer/dist/cli/main.js', import.meta.url));

/** Starts the peers; resolves with an address to join through. */
function startSwarm(): Promise<string> {
  const path = fileURLToPath(new URL('./synthetic-swarm/main.js', import.meta.url));
  const child = fork(path, [`${peerCount}`], { execArgv: [] });
  children.push(child);
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve((message as { bootstrap: string }).bootstrap));
    child.once('exit', (code) => reject(new Error(`the swarm ended with ${code}`)));
  });
}

/** Starts the dashboard; resolves with its address. */
function startDashboard(bootstrap: string): Promise<string> {
  const parameters = [
    'dashboard',
    '--bootstrap',
    bootstrap,
    '--port',
    '0',
    '--no-history',
    '--json',
  ];
  const child = spawn(process.execPath, [command, ...parameters], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the dashboard ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { event, http } = JSON.parse(line) as { event: string; http: string };
      if (event === 'ready') resolve(http);
    });
  });
}

/** What the dashboard says of its own process. */
async function readProcess(url: string) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = (name: string) => Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
  return {
    cpuSeconds: value('process_cpu_seconds_total'),
    residentMB: value('process_resident_memory_bytes') / 1e6,
    heapMB: value('nodejs_heap_size_used_bytes') / 1e6,
  };
}

async function readSwarm(url: string) {
  const swarm = swarmAnswerSchema.parse(await (await fetch(`${url}${httpApiPaths.swarm}`)).json());
  const { peerSummaries: peers, headline, sessions, tokensPerSecond, atMs } = swarm;
  const isRecent = (checkedAtMs: number | null) => atMs - (checkedAtMs ?? 0) < periodMs;
  return {
    known: peers.length,
    answered: peers.filter(({ uptimeMs }) => uptimeMs !== null).length,
    answeredLately: peers.filter(({ reachability }) => isRecent(reachability.checkedAtMs)).length,
    oldestNewsMs: Math.max(0, ...peers.map(({ seenAtMs }) => atMs - seenAtMs)),
    headline,
    sessions,
    tokensPerSecond,
  };
}

type Figures = Awaited<ReturnType<typeof look>>['figures'];

/** Figures of the time since a look before. */
async function look(url: string, before: { atMs: number; cpuSeconds: number }) {
  const { cpuSeconds, ...memory } = await readProcess(url);
  const atMs = performance.now();
  const cores = (1000 * (cpuSeconds - before.cpuSeconds)) / (atMs - before.atMs);
  return { figures: { cores, ...memory, ...(await readSwarm(url)) }, mark: { atMs, cpuSeconds } };
}

try {
  const url = await startDashboard(await startSwarm());
  if (values.reader) void read(`${url}${httpApiPaths.events}`);
  const startedAtMs = performance.now();
  let { mark } = await look(url, { atMs: startedAtMs, cpuSeconds: 0 });
  let last: Figures | null = null;
  while (performance.now() - startedAtMs < Number(values.seconds) * 1000) {
    await pause(periodMs);
    const next = await look(url, mark);
    [mark, last] = [next.mark, next.figures];
    print((performance.now() - startedAtMs) / 1000, last);
  }
  const isFine =
    last !== null && last.known === peerCount && last.cores <= 0.25 && last.residentMB <= 200;
  if (!isFine) process.exitCode = 1;
} finally {
  for (const child of children) child.kill('SIGKILL');
}

/** What an open page reads. */
async function read(address: string): Promise<void> {
  const response = await fetch(address);
  let bytes = 0;
  for await (const chunk of response.body ?? []) bytes += chunk.byteLength;
  console.log(`the live stream ended after ${bytes} bytes`);
}

function print(seconds: number, figures: Figures): void {
  if (values.json) {
    console.log(JSON.stringify({ seconds, ...figures }));
    return;
  }
  const { known, answered, answeredLately, oldestNewsMs, cores, residentMB, heapMB } = figures;
  const parts = [
    `${seconds.toFixed(0)} s: ${known} known, ${answered} have answered, ${answeredLately} in 10 s`,
    `oldest news ${(oldestNewsMs / 1000).toFixed(0)} s`,
    `${cores.toFixed(2)} cores, ${residentMB.toFixed(0)} MB (heap ${heapMB.toFixed(0)})`,
    `${figures.headline}; ${figures.sessions} sessions, ${figures.tokensPerSecond.toFixed(0)} tokens/s`,
  ];
  console.log(parts.join('; '));
}
