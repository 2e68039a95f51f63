import { type Clock, systemClock } from '@skein/client/network';
import type { BatchOutcome, Engine, Priority, StepItem, StepOutcome } from '@skein/protocol';
import { isSkeinError, limits, toSkeinError } from '@skein/protocol';
import { BatchCost } from './batch-cost.js';
import { type BatchLimits, type Candidate, chooseBatch, type WorkKind } from './choose-batch.js';
import { decodeSpread } from './decode-spread.js';
import { type Expected, gatherUntil, yieldUntil } from './gather.js';
import { SessionRhythm } from './session-rhythm.js';

/** A step that waits for the engine, or runs on it. */
export interface ScheduledStep {
  readonly item: StepItem;
  readonly priority: Priority;
  /** Milliseconds on the scheduler's clock. */
  readonly arrivedAtMs: number;
  /** Decoding batches that went without it, and other batches that it waited for. */
  skipped: number;
  chunksWaited: number;
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
  /** Default: the platform's. */
  readonly clock?: Pick<Clock, 'now' | 'schedule'>;
  onBatch?(report: BatchReport): void;
}

const batchLimitsDefault: BatchLimits = {
  rowsMax: limits.stepRowsMax,
  itemsMax: 64,
  decodeRowsMax: 8,
  prefillDueMs: 250,
  backgroundDueMs: 2_000,
};

/** What one more batch counts in the average time of a row. */
const rowMsWeight = 0.25;

/**
 * Feeds the engine: of what is ready when it becomes free, {@link chooseBatch} makes the next batch.
 * While a batch runs, the next one collects itself; {@link gatherUntil} tells when to wait for more.
 */
export class Scheduler<Step extends ScheduledStep> {
  readonly #options: SchedulerOptions;
  readonly #limits: BatchLimits;
  readonly #clock: Pick<Clock, 'now' | 'schedule'>;
  /** Sources that may have a step, in order of their oldest one's arrival as far as known. */
  readonly #sources = new Set<StepSource<Step>>();
  readonly #rhythms = new Map<StepSource<Step>, SessionRhythm>();
  #isRunning = false;
  #runningRows = 0;
  readonly #decodeCost = new BatchCost();
  /** A batch that could begin waits for sessions on their way: since when, and its timer. */
  #gathering: { readonly sinceMs: number; readonly cancel: () => void } | null = null;
  #rowMs = 0;
  #onIdle: (() => void)[] = [];

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#limits = { ...batchLimitsDefault, ...options.limits };
    this.#clock = options.clock ?? systemClock;
  }

  /** Rows on the engine now. */
  get runningRows(): number {
    return this.#runningRows;
  }

  /** Milliseconds that so many rows of prompts will take, by what others took; 0 at first. */
  computeMsOf(rows: number): number {
    return rows * this.#rowMs;
  }

  /** Tells that a source has a step, or that something changed which kept it from running. */
  wake(source: StepSource<Step>): void {
    this.#sources.add(source);
    if (!this.#rhythms.has(source)) this.#rhythms.set(source, new SessionRhythm());
    if (!this.#isRunning) this.#startBatch(null);
  }

  /** Forgets a source. A step of it that runs is not interrupted. */
  remove(source: StepSource<Step>): void {
    this.#sources.delete(source);
    this.#rhythms.delete(source);
  }

  /** Settles when nothing runs and nothing is ready. */
  idle(): Promise<void> {
    if (!this.#isRunning && this.#gathering === null) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** @param before what ran until now, while steps that are ready waited; null when nothing did */
  #startBatch(before: WorkKind | null): void {
    const waiting: Running<Step>[] = [];
    for (const source of this.#sources) {
      const step = source.peekStep();
      // It comes back by `wake`.
      if (step === null) this.#sources.delete(source);
      else waiting.push({ source, step });
    }
    if (waiting.length === 0) {
      this.#stopGathering();
      for (const resolve of this.#onIdle.splice(0)) resolve();
      return;
    }
    // Nearly always one or two: no need to keep them sorted elsewhere.
    waiting.sort((left, right) => left.step.arrivedAtMs - right.step.arrivedAtMs);
    if (before !== null && before !== 'decode') {
      for (const { step } of waiting) step.chunksWaited += 1;
    }
    const nowMs = this.#clock.now();
    const spread = decodeSpread(this.#rhythms.values(), nowMs, this.#decodeCost);
    const candidates = waiting.map((each) => this.#describe(each, nowMs));
    const isDecoding = this.#isDecoding(nowMs);
    const { kind, chosen } = chooseBatch(candidates, this.#limits, { isDecoding, spread });
    // What waits for its turn already, or would be left behind, had better not wait as well.
    const isFree =
      kind === 'background'
        ? candidates.every(({ waitedMs }) => waitedMs < this.#limits.backgroundDueMs)
        : chosen.length === waiting.length;
    if (kind !== 'prefill' && isFree && this.#isWorthWaiting(kind, waiting, { spread, nowMs }))
      return;
    this.#stopGathering();
    const batch = chosen.map((index) => waiting[index] as Running<Step>);
    if (kind === 'decode') {
      const taken = new Set(chosen);
      for (const [index, { step }] of waiting.entries()) if (!taken.has(index)) step.skipped += 1;
    }
    void this.#run(batch, kind);
  }

  /** Lets a batch wait for sessions that are on their way, if that is better. */
  #isWorthWaiting(
    kind: 'background' | 'decode',
    ready: readonly Running<Step>[],
    { spread, nowMs }: { spread: number; nowMs: number },
  ): boolean {
    const sources = new Set(ready.map(({ source }) => source));
    const expected: Expected[] = [];
    for (const [source, rhythm] of this.#rhythms) {
      const next = sources.has(source) ? null : rhythm.expected(nowMs);
      if (next !== null) expected.push(next);
    }
    const sinceMs = this.#gathering?.sinceMs ?? nowMs;
    const untilMs =
      kind === 'background'
        ? yieldUntil(nowMs, expected)
        : gatherUntil({
            nowMs,
            sinceMs,
            room: Math.min(spread, this.#limits.itemsMax) - ready.length,
            fixedMs: this.#decodeCost.fixedMs,
            expected,
          });
    if (untilMs === null) return false;
    this.#gathering?.cancel();
    const cancel = this.#clock.schedule(untilMs - nowMs, () => {
      if (!this.#isRunning) this.#startBatch(null);
    });
    this.#gathering = { sinceMs, cancel };
    return true;
  }

  #stopGathering(): void {
    this.#gathering?.cancel();
    this.#gathering = null;
  }

  #describe({ source, step }: Running<Step>, nowMs: number): Candidate {
    const { item, priority, skipped, chunksWaited, arrivedAtMs } = step;
    const rhythm = this.#rhythms.get(source);
    const waitsSinceMs = Math.max(arrivedAtMs, rhythm?.servedAtMs ?? 0);
    const servedRows = rhythm?.servedRows(nowMs) ?? 0;
    const waitedMs = nowMs - waitsSinceMs;
    return { rows: item.rows, priority, skipped, chunksWaited, waitedMs, servedRows };
  }

  #isDecoding(nowMs: number): boolean {
    for (const rhythm of this.#rhythms.values()) if (rhythm.isDecoding(nowMs)) return true;
    return false;
  }

  async #run(batch: readonly Running<Step>[], kind: WorkKind): Promise<void> {
    this.#isRunning = true;
    const startedAtMs = this.#clock.now();
    for (const { source, step } of batch) {
      source.takeStep(step);
      const rhythm = this.#rhythms.get(source);
      if (rhythm !== undefined) rhythm.isBackground = step.priority === 'background';
      rhythm?.begin(this.#isDecode(step), step.arrivedAtMs);
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
    // A batch that failed tells nothing about what batches cost.
    if (computeUs > 0) this.#measure(batch, kind, computeUs / 1000);
    for (const [index, { source, step }] of batch.entries()) {
      const queueUs = Math.max(0, Math.round((startedAtMs - step.arrivedAtMs) * 1000));
      const outcome = result.outcomes[index] ?? missingOutcome;
      source.finishStep(step, outcome, { queueUs, computeUs });
      if (this.#rhythms.has(source)) this.#sources.add(source);
    }
    this.#isRunning = false;
    this.#startBatch(kind);
  }

  #measure(batch: readonly Running<Step>[], kind: WorkKind, computeMs: number): void {
    const nowMs = this.#clock.now();
    for (const { source, step } of batch) {
      const { rows } = step.item;
      this.#rhythms.get(source)?.end(this.#isDecode(step), { rows, computeMs, nowMs });
    }
    const rows = batch.reduce((sum, { step }) => sum + step.item.rows, 0);
    if (kind === 'decode') this.#decodeCost.add(rows, computeMs);
    if (kind !== 'prefill') return;
    const rowMs = computeMs / rows;
    this.#rowMs += (this.#rowMs === 0 ? 1 : rowMsWeight) * (rowMs - this.#rowMs);
  }

  #isDecode({ item }: Step): boolean {
    return item.rows <= this.#limits.decodeRowsMax;
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
