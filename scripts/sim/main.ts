/**
 * Runs the simulator over as many seeds as one likes: see `test/sim`.
 *
 * ```sh
 * pnpm build && node scripts/dist/sim/main.js --seeds 1000 --from 1 --jobs 2
 * node scripts/dist/sim/main.js --seeds 1 --from 4711 --trace
 * ```
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createVitest } from 'vitest/node';

/** What is used of `test/sim/scenario`, which is compiled only when it runs. */
interface Simulator {
  drawScenario(seed: number, size: Size): Promise<unknown>;
  runScenario(scenario: unknown): Promise<Run>;
  summarizeRun(run: Run): string;
  describeFailure(run: Run): string;
}

interface Run {
  readonly violations: readonly { readonly invariant: string }[];
  readonly generations: readonly { readonly tokens: readonly number[] }[];
  readonly longestWaitMs: number;
  readonly faultCount: number;
  readonly rerouteCount: number;
  readonly trace: { lines(count: number): string[] };
}

type Size = Record<string, number>;

/** What a process tells of its seeds when it is done. */
interface Totals {
  seeds: number;
  failedSeeds: number[];
  generations: number;
  tokens: number;
  faults: number;
  reroutes: number;
  longestWaitMs: number;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));
const jobsMax = 64;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '1' },
    peers: { type: 'string' },
    clients: { type: 'string' },
    faults: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
});

const seeds = wholeNumber('seeds', values.seeds);
const from = wholeNumber('from', values.from);
const jobs = Math.min(wholeNumber('jobs', values.jobs), seeds, jobsMax);
const startedAtMs = performance.now();
const totals = jobs > 1 ? await runJobs() : await runSeeds();
if (process.send !== undefined) process.send(totals);
else summarize(totals);
process.exitCode = totals.failedSeeds.length > 0 ? 1 : 0;

async function runSeeds(): Promise<Totals> {
  const vitest = await createVitest('test', { root, watch: false });
  const totals = noTotals();
  try {
    const load = (file: string) => vitest.import<Simulator>(`${root}test/sim/scenario/${file}.ts`);
    const { drawScenario } = await load('draw-scenario');
    const { runScenario } = await load('run-scenario');
    const { summarizeRun, describeFailure } = await load('describe-run');
    for (let seed = from; seed < from + seeds; seed += 1) {
      const run = await runScenario(await drawScenario(seed, sizeOf()));
      add(totals, seed, run);
      const hasFailed = run.violations.length > 0;
      console.log(hasFailed ? describeFailure(run) : summarizeRun(run));
      if (values.trace) console.log(run.trace.lines(Number.POSITIVE_INFINITY).join('\n'));
    }
  } finally {
    await vitest.close();
  }
  return totals;
}

/** Each process takes a stretch of the seeds. */
async function runJobs(): Promise<Totals> {
  const totals = noTotals();
  const children = Array.from({ length: jobs }, (_, job) => {
    const first = from + Math.floor((seeds * job) / jobs);
    const end = from + Math.floor((seeds * (job + 1)) / jobs);
    const size = Object.entries(sizeOf()).flatMap(([name, count]) => [`--${name}`, `${count}`]);
    const trace = values.trace ? ['--trace'] : [];
    const range = ['--from', `${first}`, '--seeds', `${end - first}`];
    return fork(fileURLToPath(import.meta.url), [...range, ...size, ...trace]);
  });
  for (const part of await Promise.all(children.map(totalsOf))) {
    totals.seeds += part.seeds;
    totals.failedSeeds.push(...part.failedSeeds);
    totals.generations += part.generations;
    totals.tokens += part.tokens;
    totals.faults += part.faults;
    totals.reroutes += part.reroutes;
    totals.longestWaitMs = Math.max(totals.longestWaitMs, part.longestWaitMs);
  }
  return totals;
}

function totalsOf(child: ChildProcess): Promise<Totals> {
  return new Promise((resolve, reject) => {
    let totals: Totals | null = null;
    child.on('message', (message) => {
      totals = message as Totals;
    });
    child.on('exit', (code) => {
      if (totals === null) reject(new Error(`a process ended with code ${code}`));
      else resolve(totals);
    });
  });
}

function add(totals: Totals, seed: number, run: Run): void {
  totals.seeds += 1;
  if (run.violations.length > 0) totals.failedSeeds.push(seed);
  totals.generations += run.generations.length;
  totals.tokens += run.generations.reduce((sum, { tokens }) => sum + tokens.length, 0);
  totals.faults += run.faultCount;
  totals.reroutes += run.rerouteCount;
  totals.longestWaitMs = Math.max(totals.longestWaitMs, run.longestWaitMs);
}

function noTotals(): Totals {
  return {
    seeds: 0,
    failedSeeds: [],
    generations: 0,
    tokens: 0,
    faults: 0,
    reroutes: 0,
    longestWaitMs: 0,
  };
}

function summarize(totals: Totals): void {
  const minutes = (performance.now() - startedAtMs) / 60_000;
  const { failedSeeds, generations, tokens, faults, reroutes, longestWaitMs } = totals;
  console.log(
    [
      `${totals.seeds} seeds in ${minutes.toFixed(1)} minutes (${(totals.seeds / minutes).toFixed(0)} a minute)`,
      `${generations} generations of ${tokens} tokens`,
      `${faults} faults, ${reroutes} reroutes`,
      `longest wait for a token ${(longestWaitMs / 1000).toFixed(1)} s of virtual time`,
      failedSeeds.length === 0 ? 'no seed failed' : `failed seeds: ${failedSeeds.join(', ')}`,
    ].join('\n'),
  );
}

function sizeOf(): Size {
  const size: Size = {};
  for (const name of ['peers', 'clients', 'faults'] as const) {
    const text = values[name];
    if (text !== undefined) size[name] = wholeNumber(name, text);
  }
  return size;
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} must be a whole number, got ${text}`);
  process.exit(2);
}
