import { chaosLimits } from './chaos-limits.js';
import type { ClientEvent, ReportedHop, ReportedReroute } from './client/messages.js';
import type { DisturbanceKind } from './disturbances.js';
import type { Job } from './jobs.js';

/** Parts of a run: what tokens are right, then speed without and with trouble. */
export type Phase = 'reference' | 'check' | 'calm' | 'chaos';

/** Something that was done to a peer. */
export interface Disturbance {
  readonly kind: DisturbanceKind;
  readonly peer: string;
  readonly name: string;
  readonly atMs: number;
}

/** A token that is not what the unbroken generation had, with what led to it. */
export interface Difference {
  readonly phase: Phase;
  readonly job: string;
  readonly seed: number;
  /** Index among the generated tokens. */
  readonly index: number;
  readonly expected: number | null;
  readonly found: number;
  /** Routes and reroutes of the generation until then. */
  readonly history: readonly string[];
}

/** A generation that ended with an error. */
export interface FailedGeneration {
  readonly phase: Phase;
  readonly job: string;
  readonly code: string;
  readonly message: string;
  readonly history: readonly string[];
}

/** A mended failure. */
export interface Recovery {
  /** What had been done to the peer; `none` when nothing had. */
  readonly cause: DisturbanceKind | 'none';
  readonly reason: string;
  readonly detectionMs: number;
  readonly rebuildMs: number;
  /** From the last sign of progress until the session could go on. */
  readonly totalMs: number;
}

/** Tokens and generations of one phase. */
export interface PhaseTotals {
  tokens: number;
  generations: number;
  waits: number;
}

/** Differences and failures beyond this many are counted, not kept. */
const detailsMax = 20;

/** Books what happens in a run and compares every token. It starts nothing itself. */
export class Ledger {
  readonly differences: Difference[] = [];
  readonly failures: FailedGeneration[] = [];
  readonly recoveries: Recovery[] = [];
  readonly disturbances: Disturbance[] = [];
  readonly phases: Readonly<Record<Phase, PhaseTotals>> = {
    reference: noTotals(),
    check: noTotals(),
    calm: noTotals(),
    chaos: noTotals(),
  };
  failedCount = 0;
  /** Tokens that differ. Those after the first one of a generation are not counted. */
  differingCount = 0;
  /** Events that could not be inflicted without leaving a block without hosts. */
  skippedCount = 0;
  readonly #expected = new Map<string, number[]>();
  readonly #now: () => number;

  /** @param now milliseconds on a steady clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  disturbed(disturbance: Omit<Disturbance, 'atMs'>): void {
    this.disturbances.push({ ...disturbance, atMs: this.#now() });
  }

  /** Begins a generation; its events go to what is returned. */
  begin(job: Job, phase: Phase): GenerationLedger {
    const totals = this.phases[phase];
    const history: string[] = [];
    const startedAtMs = this.#now();
    const generation: GenerationLedger = { route: [], count: 0, isWrong: false, take };
    const ledger = this;
    return generation;

    function take(event: ClientEvent, options: { readonly isAborted: boolean }): void {
      const note = (text: string) =>
        history.push(`${Math.round(ledger.#now() - startedAtMs)} ms, ${text}`);
      switch (event.event) {
        case 'route':
          generation.route = event.hops;
          note(`route ${event.hops.map(({ name, blocks }) => `${name} ${blocks}`).join(', ')}`);
          return;
        case 'token':
          totals.tokens += 1;
          ledger.#compare(job, phase, generation, { token: event.token, history });
          generation.count += 1;
          return;
        case 'reroute':
          note(`token ${generation.count}: ${event.reason} at ${event.lostPeer}, ${event.kind}`);
          if (phase === 'chaos') ledger.recoveries.push(ledger.#recovery(event));
          return;
        case 'waiting':
          note(`token ${generation.count}: no host for ${event.missing.join(', ')}`);
          totals.waits += 1;
          return;
        case 'end':
          if (event.reason !== 'aborted') totals.generations += 1;
          return;
        case 'failed':
          if (!options.isAborted) ledger.#fail({ phase, job: job.name, ...event, history });
      }
    }
  }

  #compare(
    job: Job,
    phase: Phase,
    generation: GenerationLedger,
    { token, history }: { token: number; history: readonly string[] },
  ): void {
    const index = generation.count;
    if (phase === 'reference') {
      const tokens = this.#expected.get(job.name) ?? [];
      tokens.push(token);
      this.#expected.set(job.name, tokens);
      return;
    }
    const expected = this.#expected.get(job.name)?.[index] ?? null;
    if (expected === token || generation.isWrong) return;
    generation.isWrong = true;
    this.differingCount += 1;
    if (this.differences.length >= detailsMax) return;
    const { name, seed } = job;
    const difference = { phase, job: name, seed, index, expected, found: token };
    this.differences.push({ ...difference, history: [...history] });
  }

  #fail({ phase, job, code, message, history }: FailedGeneration): void {
    this.failedCount += 1;
    if (this.failures.length >= detailsMax) return;
    this.failures.push({ phase, job, code, message, history: [...history] });
  }

  #recovery({ reason, lostPeer, ...times }: ReportedReroute): Recovery {
    const since = this.#now() - chaosLimits.attributionMs;
    const cause = this.disturbances.findLast(
      ({ peer, atMs }) => peer === lostPeer && atMs >= since,
    );
    const { detectionMs, rebuildMs, recoveryMs } = times;
    const totalMs = detectionMs + recoveryMs;
    return { cause: cause?.kind ?? 'none', reason, detectionMs, rebuildMs, totalMs };
  }
}

/** One generation as the ledger sees it. */
export interface GenerationLedger {
  route: readonly ReportedHop[];
  /** Tokens so far. */
  count: number;
  isWrong: boolean;
  /** @param options `isAborted`: the run itself ended the generation */
  take(event: ClientEvent, options: { readonly isAborted: boolean }): void;
}

function noTotals(): PhaseTotals {
  return { tokens: 0, generations: 0, waits: 0 };
}
