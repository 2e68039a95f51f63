/**
 * `pnpm observe`: what it takes to watch a large swarm.
 *
 * One process holds the peers, each with a node, an identity and a port of its own; another one watches
 * them as `skein dashboard` does, and is measured: processor time, memory, how many peers answered in the
 * last ten seconds, and how old the oldest news of a peer is, its record included.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { httpApiPaths } from '@skein/protocol/http-api';

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '120' },
    lines: { type: 'string', default: '256' },
    reader: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`Usage: pnpm observe [--peers 1000] [--seconds 120] [--lines 256] [--reader] [--json]

--lines peers stay connected and are asked in every round; the others are asked in turn.
--reader reads the live stream all the time, as an open page does.
The exit code is 1 when the last ten seconds took over a quarter of a core or 200 MiB, or when peers
with a line did not all answer in them.`);
  process.exit(0);
}

interface Figures {
  readonly type: 'figures';
  readonly sinceStartMs: number;
  readonly cores: number;
  readonly residentMiB: number;
  readonly heapMiB: number;
  readonly peers: number;
  readonly answered: number;
  readonly answeredLately: number;
  readonly oldestNewsMs: number;
  readonly refreshMs: number;
  readonly swarm: { headline: string; tokensPerSecond: number; sessions: number };
}

const reportMs = 10_000;
const peerCount = Number(values.peers);
const children: ChildProcess[] = [];

function start(name: string, parameters: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(`./${name}/main.js`, import.meta.url));
  const child = fork(path, parameters, { execArgv: [] });
  children.push(child);
  return child;
}

function message<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const fail = (code: number | null) => reject(new Error(`a process ended with ${code}`));
    child.once('exit', fail);
    child.once('message', (value) => {
      child.off('exit', fail);
      resolve(value as Message);
    });
  });
}

try {
  const swarm = start('synthetic-swarm', [`${peerCount}`]);
  const { bootstrap } = await message<{ bootstrap: string }>(swarm);
  const watching = start('watching', [bootstrap, `${reportMs}`, values.lines]);
  const { url } = await message<{ url: string }>(watching);
  if (values.reader) void read(`${url}${httpApiPaths.events}`);
  let last: Figures | null = null;
  for (let elapsedMs = 0; elapsedMs < Number(values.seconds) * 1000; elapsedMs += reportMs) {
    last = await message<Figures>(watching);
    print(last);
  }
  const isFine =
    last !== null &&
    last.peers === peerCount &&
    last.cores <= 0.25 &&
    last.residentMiB <= 200 &&
    last.answeredLately >= Math.min(peerCount, Number(values.lines));
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

function print(figures: Figures): void {
  if (values.json) {
    console.log(JSON.stringify(figures));
    return;
  }
  const { sinceStartMs, cores, residentMiB, heapMiB, answered, peers, swarm } = figures;
  const { answeredLately, oldestNewsMs } = figures;
  console.log(
    `${Math.round(sinceStartMs / 1000)} s: ${answered} of ${peers} answered so far, ` +
      `${answeredLately} in 10 s, oldest news ${(oldestNewsMs / 1000).toFixed(0)} s, ${cores.toFixed(2)} cores, ` +
      `${residentMiB.toFixed(0)} MiB (heap ${heapMiB.toFixed(0)}); ${swarm.headline}; ${swarm.sessions} sessions, ` +
      `${swarm.tokensPerSecond.toFixed(0)} tokens/s`,
  );
}
