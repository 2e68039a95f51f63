/**
 * `pnpm observe`: what it takes to watch a large swarm.
 *
 * One process holds the peers, each with a node, an identity and a port of its own. `skein dashboard`
 * watches them, and is measured: processor time, memory, and how old the statuses of the peers are,
 * again and again.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { loadavg } from 'node:os';
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

Measuring begins when all peers have been heard, and takes so many seconds.
--reader reads the live stream all the time, as an open page does.
The exit code is 1 when the last half of the time took over a quarter of a core or 200 MB, or when in it
99 of 100 statuses were not always younger than ten seconds.`);
  process.exit(0);
}

/** Processor time is told for each of these. */
const periodMs = 10_000;
/** Ages are read so often: at all points of the observer's rounds. */
const sampleMs = 2_300;
const ageMsMax = 10_000;
/** Measuring begins after so long at the latest. */
const wholeMsMax = 240_000;
const coresMax = 0.25;
const residentMBMax = 200;
const peerCount = Number(values.peers);
const children: ChildProcess[] = [];
const command = fileURLToPath(new URL('../../../packages/peer/dist/cli/main.js', import.meta.url));

/** The process of the peers. */
interface StartedSwarm {
  /** An address to join through. */
  readonly bootstrap: string;
  /** Processor time of all peers together. */
  readCpuSeconds(): Promise<number>;
}

/** Starts the peers. */
function startSwarm(): Promise<StartedSwarm> {
  const path = fileURLToPath(new URL('./synthetic-swarm/main.js', import.meta.url));
  const child = fork(path, [`${peerCount}`], { execArgv: [] });
  children.push(child);
  return new Promise((resolve, reject) => {
    child.once('message', (message) => {
      const { bootstrap } = message as { bootstrap: string };
      resolve({ bootstrap, readCpuSeconds: () => readCpuSeconds(child) });
    });
    child.once('exit', (code) => reject(new Error(`the swarm ended with ${code}`)));
  });
}

function readCpuSeconds(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('message', (message) => resolve((message as { cpuSeconds: number }).cpuSeconds));
    child.send('how much?');
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

/** How old the statuses are: a peer without one is as old as the run. */
async function readAges(url: string, elapsedMs: number): Promise<number[]> {
  const swarm = swarmAnswerSchema.parse(await (await fetch(`${url}${httpApiPaths.swarm}`)).json());
  const ages = swarm.peerSummaries.map(({ uptimeMs, reachability: { checkedAtMs } }) =>
    uptimeMs === null || checkedAtMs === null ? elapsedMs : swarm.atMs - checkedAtMs,
  );
  const unknown = Array.from({ length: Math.max(0, peerCount - ages.length) }, () => elapsedMs);
  return [...ages, ...unknown];
}

/** The peers, which share a process here, first have to get to know each other. */
async function untilWhole(url: string, startedAtMs: number): Promise<string> {
  for (;;) {
    const elapsedMs = performance.now() - startedAtMs;
    const isWhole = (await readAges(url, elapsedMs + ageMsMax)).every((ms) => ms < ageMsMax);
    if (isWhole) return (elapsedMs / 1000).toFixed(0);
    if (elapsedMs > wholeMsMax) return `more than ${(elapsedMs / 1000).toFixed(0)}`;
    await pause(sampleMs);
  }
}

interface Period {
  readonly seconds: number;
  readonly ages: readonly number[];
  readonly cores: number;
  /** Of all peers together. */
  readonly peerCores: number;
  readonly residentMB: number;
  readonly heapMB: number;
}

/** Watches for a while, and says what it took. */
async function watch(url: string, swarm: StartedSwarm, startedAtMs: number): Promise<Period> {
  const before = await readProcess(url);
  const peersBefore = await swarm.readCpuSeconds();
  const beganAtMs = performance.now();
  const ages: number[] = [];
  while (performance.now() - beganAtMs < periodMs) {
    await pause(sampleMs);
    ages.push(...(await readAges(url, performance.now() - startedAtMs)));
  }
  const { cpuSeconds, ...memory } = await readProcess(url);
  const peerCpuSeconds = await swarm.readCpuSeconds();
  const endedAtMs = performance.now();
  const coresOf = (seconds: number) => (1000 * seconds) / (endedAtMs - beganAtMs);
  return {
    seconds: (endedAtMs - startedAtMs) / 1000,
    ages,
    cores: coresOf(cpuSeconds - before.cpuSeconds),
    peerCores: coresOf(peerCpuSeconds - peersBefore),
    ...memory,
  };
}

/** What several periods come to. */
function summarize(periods: readonly Period[]) {
  const ages = periods.flatMap((period) => period.ages).sort((left, right) => left - right);
  const at = (part: number) => ages[Math.ceil(part * ages.length) - 1] ?? Number.NaN;
  const mean = (values: readonly number[]) =>
    values.reduce((total, value) => total + value, 0) / values.length;
  return {
    seconds: periods.at(-1)?.seconds ?? 0,
    ageMsP50: at(0.5),
    ageMsP99: at(0.99),
    ageMsMax: at(1),
    cores: mean(periods.map(({ cores }) => cores)),
    peerCores: mean(periods.map(({ peerCores }) => peerCores)),
    residentMB: Math.max(...periods.map(({ residentMB }) => residentMB)),
    heapMB: Math.max(...periods.map(({ heapMB }) => heapMB)),
  };
}

type Summary = ReturnType<typeof summarize>;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const child of children) child.kill('SIGKILL');
    process.exit(1);
  });
}

try {
  const swarm = await startSwarm();
  const url = await startDashboard(swarm.bootstrap);
  if (values.reader) void read(`${url}${httpApiPaths.events}`);
  const startedAtMs = performance.now();
  const periods: Period[] = [];
  const whole = await untilWhole(url, startedAtMs);
  console.log(`all ${peerCount} statuses are younger than ${ageMsMax / 1000} s after ${whole} s`);
  const wholeAtMs = performance.now();
  while (performance.now() - wholeAtMs < Number(values.seconds) * 1000) {
    const period = await watch(url, swarm, startedAtMs);
    periods.push(period);
    print('', summarize([period]));
  }
  const half = summarize(periods.slice(Math.floor(periods.length / 2)));
  print('last half: ', half);
  const isFine =
    half.ageMsP99 <= ageMsMax && half.cores <= coresMax && half.residentMB <= residentMBMax;
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

function print(name: string, summary: Summary): void {
  if (values.json) {
    console.log(JSON.stringify({ name: name.trim(), ...summary }));
    return;
  }
  const { seconds, ageMsP50, ageMsP99, ageMsMax, cores, peerCores, residentMB, heapMB } = summary;
  const age = [ageMsP50, ageMsP99, ageMsMax].map((ms) => (ms / 1000).toFixed(1));
  const load = loadavg()[0]?.toFixed(1);
  console.log(
    `${name}${seconds.toFixed(0)} s: age of statuses ${age[0]} s (p50), ${age[1]} s (p99), ` +
      `${age[2]} s (oldest); ${cores.toFixed(2)} cores, ${residentMB.toFixed(0)} MB ` +
      `(heap ${heapMB.toFixed(0)}); all peers ${peerCores.toFixed(2)} cores; load average ${load}`,
  );
}
