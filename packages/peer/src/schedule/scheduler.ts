import type { BatchOutcome, Engine, StepItem, StepOutcome } from '@skein/protocol';
import { isSkeinError, limits, toSkeinError } from '@skein/protocol';
import { type BatchLimits, chooseBatch } from './choose-batch.js';

/** A step that waits for the engine, or runs on it. */
export interface ScheduledStep {
  readonly item: StepItem;
  /** Milliseconds on the scheduler's clock. */
  readonly arrivedAtMs: number;
  skipped: number;
}

/** A source of steps, one at a time: a session. */
export interface StepSource<Step extends ScheduledStep> {
  /** The step that could run now, which stays where it is; null when there is none. */
  peekStep(): Step | null;
  /** The step is about to run: it leaves the source, which gives no other until it is done. */
  takeStep(step: Step): void;
  /** The step is done; what came of it and where its time went. */
  finishStep(step: Step, outcome: StepOutcome, times: StepTimes): void;
}

/** Where a step's time went, in whole microseconds. */
export interface StepTimes {
  readonly queueUs: number;
  readonly computeUs: number;
}

/** What one batch did, for the measurements. */
export interface BatchReport {
  readonly items: number;
  readonly rows: number;
  readonly computeUs: number;
}

/** Options of {@link Scheduler}. */
export interface SchedulerOptions {
  readonly engine: Pick<Engine, 'step'>;
  readonly limits?: Partial<BatchLimits>;
  /** Milliseconds on a steady clock. Default: the platform's. */
  readonly now?: () => number;
  onBatch?(report: BatchReport): void;
}

const batchLimitsDefault: BatchLimits = {
  rowsMax: limits.stepRowsMax,
  itemsMax: 64,
  decodeRowsMax: 8,
  skipsMax: 4,
};

/**
 * Feeds the engine: whatever is ready when it becomes free makes the next batch. There is no window
 * in which steps are collected; while a batch runs, the next one collects itself.
 */
export class Scheduler<Step extends ScheduledStep> {
  readonly #options: SchedulerOptions;
  readonly #limits: BatchLimits;
  readonly #now: () => number;
  /** Sources that may have a step, in order of their oldest one's arrival as far as known. */
  readonly #sources = new Set<StepSource<Step>>();
  #isRunning = false;
  #runningRows = 0;
  #onIdle: (() => void)[] = [];

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#limits = { ...batchLimitsDefault, ...options.limits };
    this.#now = options.now ?? (() => performance.now());
  }

  /** Rows on the engine now. */
  get runningRows(): number {
    return this.#runningRows;
  }

  /** Tells that a source has a step, or that something changed which kept it from running. */
  wake(source: StepSource<Step>): void {
    this.#sources.add(source);
    if (!this.#isRunning) this.#startBatch();
  }

  /** Forgets a source. A step of it that runs is not interrupted. */
  remove(source: StepSource<Step>): void {
    this.#sources.delete(source);
  }

  /** Settles when nothing runs and nothing is ready. */
  idle(): Promise<void> {
    if (!this.#isRunning) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  #startBatch(): void {
    const sources: StepSource<Step>[] = [];
    const ready: Step[] = [];
    for (const source of this.#sources) {
      const step = source.peekStep();
      // It comes back by `wake`.
      if (step === null) this.#sources.delete(source);
      else {
        sources.push(source);
        ready.push(step);
      }
    }
    if (ready.length === 0) {
      for (const resolve of this.#onIdle.splice(0)) resolve();
      return;
    }
    const order = arrivalOrder(ready);
    const candidates = order.map((index) => {
      const step = ready[index] as Step;
      return { rows: step.item.rows, skipped: step.skipped };
    });
    const chosen = new Set(chooseBatch(candidates, this.#limits).map((index) => order[index]));
    const batch: Running<Step>[] = [];
    for (const [index, step] of ready.entries()) {
      if (chosen.has(index)) batch.push({ source: sources[index] as StepSource<Step>, step });
      else step.skipped += 1;
    }
    void this.#run(batch);
  }

  async #run(batch: readonly Running<Step>[]): Promise<void> {
    this.#isRunning = true;
    const startedAtMs = this.#now();
    for (const { source, step } of batch) {
      source.takeStep(step);
      this.#runningRows += step.item.rows;
    }
    const rows = this.#runningRows;
    let result: BatchOutcome;
    try {
      result = await this.#compute(batch.map(({ step }) => step.item));
    } catch (error) {
      result = failedBatch(batch.length, error);
    }
    this.#runningRows = 0;
    const computeUs = Math.round(result.computeUs);
    if (computeUs > 0) this.#options.onBatch?.({ items: batch.length, rows, computeUs });
    for (const [index, { source, step }] of batch.entries()) {
      const queueUs = Math.max(0, Math.round((startedAtMs - step.arrivedAtMs) * 1000));
      const outcome = result.outcomes[index] ?? missingOutcome;
      source.finishStep(step, outcome, { queueUs, computeUs });
      this.#sources.add(source);
    }
    this.#isRunning = false;
    this.#startBatch();
  }

  /** One batch; when the engine refuses it as a whole, each step alone, so that only one suffers. */
  async #compute(items: readonly StepItem[]): Promise<BatchOutcome> {
    try {
      return await this.#options.engine.step(items);
    } catch (error) {
      const isRefused = isSkeinError(error) && error.code !== 'engine-failed';
      if (!isRefused || items.length === 1) throw error;
    }
    const outcomes: StepOutcome[] = [];
    let computeUs = 0;
    for (const item of items) {
      try {
        const single = await this.#options.engine.step([item]);
        outcomes.push(single.outcomes[0] ?? missingOutcome);
        computeUs += single.computeUs;
      } catch (error) {
        outcomes.push({ ok: false, error: toSkeinError(error) });
      }
    }
    return { outcomes, computeUs };
  }
}

interface Running<Step extends ScheduledStep> {
  readonly source: StepSource<Step>;
  readonly step: Step;
}

const missingOutcome: StepOutcome = {
  ok: false,
  error: new Error('the engine gave no outcome for the step'),
};

function failedBatch(count: number, error: unknown): BatchOutcome {
  const failure: StepOutcome = { ok: false, error: toSkeinError(error) };
  return { outcomes: Array.from({ length: count }, () => failure), computeUs: 0 };
}

function arrivalOrder(steps: readonly ScheduledStep[]): number[] {
  const order = steps.map((_step, index) => index);
  const arrival = (index: number) => (steps[index] as ScheduledStep).arrivedAtMs;
  // Nearly always one or two: no need to keep them sorted elsewhere.
  if (order.length > 1) order.sort((left, right) => arrival(left) - arrival(right));
  return order;
}
