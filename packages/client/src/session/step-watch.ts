import { limits, SkeinError } from '@skein/protocol';
import type { Clock } from '../clock.js';
import type { SwarmView } from '../routing/swarm-view.js';
import { expectedStepMs } from './expected-step.js';
import { findStalledHop } from './find-stalled-hop.js';
import type { Hop } from './hop.js';
import { sessionLimits } from './session-limits.js';
import { StepDeadline } from './step-deadline.js';
import type { StepRun } from './step-run.js';
import { StepTimes } from './step-times.js';

/** What a {@link StepWatch} needs, and whom it tells. */
export interface StepWatchOptions {
  readonly view: SwarmView;
  readonly clock: Clock;
  /** Rows of a chunk at most. */
  readonly chunkRows: number;
  /** The steps that are waited for now; null when nothing is. */
  readonly run: () => StepRun | null;
  /** A hop holds up a step, or does not answer. */
  readonly onLate: (hop: Hop, error: SkeinError, options: { isBlamed: boolean }) => void;
  /** A step was lost after this hop. */
  readonly onLostStep: (hop: Hop, error: SkeinError) => void;
}

/** Where a step is held up: at a hop, or on its way to the hop. */
interface Suspicion {
  readonly kind: 'stuck' | 'edge';
  readonly hop: Hop;
  readonly step: number;
}

/** Knows how long steps take, notices late ones, and finds out which hop holds them up. */
export class StepWatch {
  readonly #options: StepWatchOptions;
  readonly #deadline: StepDeadline;
  readonly #times = new StepTimes();
  #busyExtensions = 0;
  /** When the step that is waited for counts as late, from the last progress on. */
  #lateMs = 0;
  /** Where which step was held up when the hops were asked last, and since when. */
  #suspicion: Suspicion | null = null;

  constructor(options: StepWatchOptions) {
    this.#options = options;
    this.#deadline = new StepDeadline(options.clock, () => void this.#investigate());
  }

  /** When there was a result last, or something was sent while nothing was waited for. */
  get progressAtMs(): number {
    return this.#deadline.progressAtMs;
  }

  /** The first steps of a run were sent, or are about to be. */
  begin(run: StepRun, rows: number): void {
    this.#busyExtensions = 0;
    this.watchFor(run, rows);
  }

  /** There was progress: looks after the next result once before it is late, and when it is. */
  watchFor(run: StepRun, rows: number): void {
    const { hops, until } = run.request;
    this.#lateMs = this.#times.lateMs(rows, () => this.#expectedMs(hops, rows));
    if (until !== null && rows > 1) {
      // It may come as single rows that are joined; a feeder does not tell before.
      const steps = Math.min(rows, limits.rowsJoinedMax);
      const joinedMs = this.#times.lateMs(1, () => this.#expectedMs(hops, 1), { steps });
      this.#lateMs = Math.max(this.#lateMs, joinedMs);
    }
    this.#deadline.restart(this.#lateMs - this.#lookMs);
  }

  /** Books what a step took. */
  add(rows: number, elapsedMs: number): void {
    this.#times.add(rows, elapsedMs);
  }

  /** The route changed, and with it what steps take. */
  expectChange(): void {
    this.#times.expectChange();
  }

  /** Nothing is waited for. */
  pause(): void {
    this.#deadline.pause();
  }

  /** Frees the timer. */
  stop(): void {
    this.#deadline.stop();
  }

  /** Between two looks at the hops: what a probe may take, and the usual time of a step. */
  get #lookMs(): number {
    return Math.max(sessionLimits.probeMs, this.#lateMs / sessionLimits.stepLateFactor);
  }

  #expectedMs(hops: readonly Hop[], rows: number): number | null {
    const figures = hops.map(({ peer, span }) => {
      const { latencyMs, blockMs } = this.#options.view.measurements.view(peer);
      return {
        blockCount: span.end - span.start,
        latencyMs: latencyMs?.value ?? null,
        blockMs: blockMs?.value ?? null,
        announced: this.#options.view.record(peer)?.body ?? null,
      };
    });
    return expectedStepMs(figures, rows);
  }

  /** A step is about to be late: asks the hops on its way, and blames the one that holds it up. */
  async #investigate(): Promise<void> {
    const run = this.#options.run();
    if (run === null) return;
    const { hops, feeder } = run.request;
    const step = run.oldestStep;
    const asked = feeder === null ? hops : [feeder, ...hops];
    const answers = await Promise.all(asked.map((hop) => hop.probe()));
    if (this.#options.run() !== run) return;
    if (run.oldestStep !== step) return;
    if (feeder !== null && answers[0] !== null) {
      // The feeder sends on request: its own counters do not know the replayed steps.
      answers[0] = {
        ...(answers[0] as NonNullable<(typeof answers)[0]>),
        received: step,
        completed: step,
      };
    }
    const stall = findStalledHop(answers, { step, rowsInFlight: run.rowsInFlight });
    if (stall.kind === 'silent') {
      // Several that fall silent at once, and nobody who answers: it may be our own network.
      const isBlamed = stall.hops.length < asked.length || asked.length === 1;
      for (const index of stall.hops) {
        this.#loseLate(asked[index] as Hop, 'does not answer', { isBlamed });
      }
    } else if (stall.kind === 'busy' && this.#busyExtensions < sessionLimits.busyExtensionsMax) {
      this.#busyExtensions += 1;
      this.watchFor(run, Math.min(run.rowsInFlight, this.#options.chunkRows));
    } else {
      // What the client sends gets there; what the last hop sends to the first may not.
      const isLoop = stall.hop === 0 && run.isOldestBegun && hops.length > 1;
      const kind = stall.kind === 'edge' && (stall.hop > 0 || isLoop) ? 'edge' : 'stuck';
      const before = isLoop ? hops.at(-1) : asked[stall.hop - 1];
      this.#suspect({ kind, hop: asked[stall.hop] as Hop, step }, before);
    }
  }

  /**
   * A hop has the late step, or should have. The step may have come there just now, from the one
   * that was slow: only who holds it up at two looks in a row is to blame.
   */
  #suspect(suspicion: Suspicion, before: Hop | undefined): void {
    const { kind, hop, step } = suspicion;
    const last = this.#suspicion;
    const isSame = last?.kind === kind && last.hop === hop && last.step === step;
    const waitedMs = this.#options.clock.now() - this.#deadline.progressAtMs;
    if (!isSame || waitedMs < this.#lateMs) {
      this.#suspicion = suspicion;
      this.#deadline.extend(isSame ? this.#lateMs - waitedMs : this.#lookMs);
    } else if (kind === 'stuck') this.#loseLate(hop, `holds up step ${step}`, { isBlamed: true });
    else {
      const feeder = before as Hop;
      const error = new SkeinError('timeout', 'a step was lost on the way', { peer: feeder.peer });
      this.#options.onLostStep(feeder, error);
    }
  }

  #loseLate(hop: Hop, what: string, options: { isBlamed: boolean }): void {
    const error = new SkeinError('timeout', `${hop.name} (${hop.peer}) ${what}`, {
      peer: hop.peer,
    });
    this.#options.onLate(hop, error, options);
  }
}
