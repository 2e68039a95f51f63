import { loadavg } from 'node:os';
import { abortAfter } from '@skein/protocol';
import { seededRandom } from '../support/seeded-random.js';
import type { ChaosClient } from './chaos-client.js';
import type { ChaosOptions } from './chaos-options.js';
import { ChaosSwarm } from './chaos-swarm.js';
import type { ClientEvent } from './client/messages.js';
import { Disturbances } from './disturbances.js';
import { chaosJobs, type Job } from './jobs.js';
import { type GenerationLedger, Ledger, type Phase } from './ledger.js';

/** A run as it is now, for the status line, and as it ended. */
export interface ChaosRun {
  readonly ledger: Ledger;
  phase: Phase | 'starting' | 'healing' | 'stopping';
  /** Peers that serve, of all. */
  healthyCount: number;
  peerCount: number;
  /** Time of the phases in which clients generate all the time. */
  readonly elapsedMs: { calm: number; chaos: number };
  /** The machine's load over the last minute, at the start and at the end of the trouble. */
  readonly load: { before: number; after: number };
  wasInterrupted: boolean;
}

/** An empty run. */
export function createRun(options: ChaosOptions): ChaosRun {
  return {
    ledger: new Ledger(() => performance.now()),
    phase: 'starting',
    healthyCount: 0,
    peerCount: options.spans.length,
    elapsedMs: { calm: 0, chaos: 0 },
    load: { before: 0, after: 0 },
    wasInterrupted: false,
  };
}

/** Runs all phases; after an abort, what is left of them. Settles when every process is gone. */
export async function runChaos(
  run: ChaosRun,
  options: ChaosOptions,
  signal: AbortSignal,
): Promise<void> {
  const { model, spans, clients } = options;
  const swarm = await ChaosSwarm.start({ model, spans, clients, signal });
  const status = setInterval(() => {
    run.healthyCount = swarm.healthyCount;
  }, 250);
  try {
    const jobs = chaosJobs(options);
    const stage = { run, swarm, jobs, signal };
    await findReference(stage);
    await generateFor(stage, 'calm', options.calmSeconds / 2, () => undefined);
    await makeTrouble(stage, options);
    await generateFor(stage, 'calm', options.calmSeconds / 2, () => undefined);
  } finally {
    run.wasInterrupted = signal.aborted;
    run.phase = 'stopping';
    clearInterval(status);
    await swarm.stop();
  }
}

/** What the phases work on. */
interface Stage {
  readonly run: ChaosRun;
  readonly swarm: ChaosSwarm;
  readonly jobs: readonly Job[];
  readonly signal: AbortSignal;
}

/**
 * Generates each job once, alone and unbroken: those are the right tokens. Then once more without
 * the peers of the first route, which must not make a difference, and one in each client, so that
 * all of them know the swarm before anything is timed.
 */
async function findReference({ run, swarm, jobs, signal }: Stage): Promise<void> {
  const { clients } = swarm;
  const [first, ...others] = clients as [ChaosClient, ...ChaosClient[]];
  const abort = () => {
    for (const client of clients) client.abort();
  };
  signal.addEventListener('abort', abort);
  const generate = async (
    client: ChaosClient,
    job: Job,
    phase: 'reference' | 'check',
    excluded: readonly string[] = [],
  ): Promise<readonly string[]> => {
    if (signal.aborted) return [];
    run.phase = phase;
    const generation = run.ledger.begin(job, phase);
    const take = (event: ClientEvent) => generation.take(event, { isAborted: signal.aborted });
    await client.generate(job, take, excluded);
    return generation.route.map(({ peer }) => peer);
  };
  for (const job of jobs) {
    const used = await generate(first, job, 'reference');
    await generate(first, job, 'check', used);
  }
  const warmUp = (client: ChaosClient) => generate(client, jobs[0] as Job, 'check');
  await Promise.all(others.map(warmUp));
  signal.removeEventListener('abort', abort);
}

/** The chaos phase, until the last peer is up again. */
async function makeTrouble(stage: Stage, options: ChaosOptions): Promise<void> {
  const { run, swarm, signal } = stage;
  const { ratePerMinute, kinds, perToken, failure: kind, seconds, blockCount } = options;
  const { peers } = swarm;
  const { ledger } = run;
  const random = seededRandom(options.seed);
  const disturbances = new Disturbances({ peers, blockCount, ledger, random, signal });
  const until = new AbortController();
  run.load.before = loadavg()[0] as number;
  const rate =
    ratePerMinute === null ? null : disturbances.atRate(ratePerMinute, kinds, until.signal);
  await generateFor(stage, 'chaos', seconds, (generation, all) => {
    if (perToken !== null) disturbances.afterToken(generation, all, { perToken, kind });
  });
  run.load.after = loadavg()[0] as number;
  until.abort();
  await rate;
  run.phase = 'healing';
  await disturbances.over();
}

/** Lets all clients generate one job after the other for a while. */
async function generateFor(
  { run, swarm, jobs, signal }: Stage,
  phase: 'calm' | 'chaos',
  seconds: number,
  onToken: (generation: GenerationLedger, all: Iterable<GenerationLedger>) => void,
): Promise<void> {
  if (signal.aborted) return;
  run.phase = phase;
  const startedAtMs = performance.now();
  const running = new Set<GenerationLedger>();
  const end = abortAfter(1000 * seconds, signal);
  end.addEventListener('abort', () => {
    run.elapsedMs[phase] += performance.now() - startedAtMs;
    for (const client of swarm.clients) client.abort();
  });
  const work = swarm.clients.map(async (client, index) => {
    for (let turn = index; !end.aborted; turn += 1) {
      const job = jobs[turn % jobs.length] as Job;
      const generation = run.ledger.begin(job, phase);
      running.add(generation);
      await client.generate(job, (event) => {
        // What was on its way when the time was over is part of no measurement.
        if (end.aborted && event.event === 'token') return;
        generation.take(event, { isAborted: end.aborted });
        if (event.event === 'token') onToken(generation, running);
      });
      running.delete(generation);
    }
  });
  await Promise.all(work);
}
