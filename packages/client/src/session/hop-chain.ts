import {
  type AheadMessage,
  type ErrorMessage,
  type Received,
  type ResultMessage,
  SkeinError,
  type StepMessage,
  toSkeinError,
  type WireType,
} from '@skein/protocol';
import type { Clock } from '../clock.js';
import { routingLimits } from '../routing/routing-limits.js';
import type { SwarmView } from '../routing/swarm-view.js';
import { checkRelayed } from './check-relayed.js';
import { repeatSteps, type StepCut } from './cut-steps.js';
import { createDeferred, type Deferred } from './deferred.js';
import type { Hop, HopEvents } from './hop.js';
import { errorFromHop, judgeError, mannerOf } from './judge-error.js';
import { meterStep } from './meter-step.js';
import type { OutgoingStep } from './outgoing.js';
import { type AheadRequest, type Arrived, type Continuation, RunAhead } from './run-ahead.js';
import { sessionLimits } from './session-limits.js';
import { type Chunk, type RunRequest, StepRun } from './step-run.js';
import { StepWatch } from './step-watch.js';
import type { TokenBuffer } from './token-buffer.js';

/** Something that keeps the route from working until it is mended. */
export interface Failure {
  /** `lost`: the hop must be replaced. `edge`: the hop cannot reach its successor. */
  readonly kind: 'lost' | 'edge';
  readonly hop: Hop;
  readonly error: SkeinError;
  readonly isBlamed: boolean;
  /** From the last sign of progress to the notice. */
  readonly detectionMs: number;
  readonly noticedAtMs: number;
}

/** What a {@link HopChain} is made of. */
export interface HopChainOptions {
  readonly view: SwarmView;
  readonly clock: Clock;
  readonly tokens: TokenBuffer;
  readonly cut: StepCut;
  readonly wireType: WireType;
  readonly hiddenSize: number;
  /** The peer of a hop is about to leave. */
  readonly onLeaving: () => void;
}

/** Thrown out of whatever waits on the route when it breaks: {@link HopChain.failures} says why. */
export class RouteBroken extends Error {
  override readonly name = 'RouteBroken';
}

/**
 * The hops of one session and the steps on them: sends, matches results, relays, notices failures.
 * It mends nothing; see `route-keeper.ts`.
 */
export class HopChain implements HopEvents {
  /** In order of their spans; lost ones stay until they are replaced. */
  hops: readonly Hop[] = [];
  epoch = 0;
  /** Failures that nobody took care of yet. */
  failures: Failure[] = [];
  /** A hop became slow; the owner decides whether another one takes its place. */
  onSlow: (hop: Hop) => void = () => {};
  /** Tokens were sent, or results came. */
  onProgress: () => void = () => {};
  /** A hop reports a failure of a peer that is not on the route; true when it was taken care of. */
  onErrorAbout: (message: ErrorMessage, reporter: Hop) => boolean = () => false;

  readonly #view: SwarmView;
  readonly #clock: Clock;
  readonly #tokens: TokenBuffer;
  readonly #cut: StepCut;
  readonly #agreed: { readonly wireType: WireType; readonly hiddenSize: number };
  readonly #watch: StepWatch;
  readonly #onLeaving: () => void;
  #interruption: Deferred<never>;
  readonly #ahead = new RunAhead();
  #run: StepRun | null = null;
  #nextStep = 0;
  /** Since the hops changed. */
  #results = 0;

  constructor(options: HopChainOptions) {
    this.#view = options.view;
    this.#clock = options.clock;
    this.#tokens = options.tokens;
    this.#cut = options.cut;
    this.#agreed = options;
    this.#onLeaving = options.onLeaving;
    this.#watch = new StepWatch({
      view: options.view,
      clock: options.clock,
      chunkRows: options.cut.chunkRows,
      run: () => this.#run,
      onLate: (hop, error, blame) => this.lose(hop, error, blame),
      onLostStep: (hop, error) => this.#noteEdge(hop, error),
    });
    this.#interruption = createInterruption();
  }

  /** A number for a step that is sent beside the route, to a standby. */
  takeStepNumber(): number {
    const step = this.#nextStep;
    this.#nextStep += 1;
    return step;
  }

  /** Replaces the hops after a repair. */
  setHops(hops: readonly Hop[]): void {
    this.hops = hops;
    this.#results = 0;
    this.#watch.expectChange();
  }

  /** Hands over the failures to be taken care of, and listens for new ones. */
  takeFailures(): readonly Failure[] {
    const taken = this.failures;
    this.failures = [];
    this.#interruption = createInterruption();
    return taken;
  }

  /**
   * Waits for `work`, but no longer than the route holds.
   * @throws RouteBroken, and what {@link interrupt} was given
   */
  async unlessBroken<Value>(work: Promise<Value>): Promise<Value> {
    // When the route breaks, nobody looks at what comes of the work.
    work.catch(() => {});
    return await Promise.race([this.#interruption.promise, work]);
  }

  /** Ends whatever waits on the route with an error: an abort by the user, or a fatal answer. */
  interrupt(error: Error): void {
    this.#watch.pause();
    this.#run?.done.reject(error);
    this.#run = null;
    this.#interruption.reject(error);
  }

  /** The hops did their work: their former failures are forgiven. */
  forgiveAll(): void {
    for (const hop of this.hops) if (!hop.isLost) this.#view.bans.forgive(hop.peer);
  }

  /** Frees the timer. The hops are closed by the owner. */
  stop(): void {
    this.#watch.stop();
  }

  /** Declares a hop unusable; whatever waits on the route ends. */
  lose(hop: Hop, error: SkeinError, options: { isBlamed: boolean }): void {
    if (hop.isLost) return;
    hop.isLost = true;
    if (options.isBlamed) this.#view.bans.blame(hop.peer, mannerOf(error));
    this.#note({ kind: 'lost', hop, error, isBlamed: options.isBlamed });
    // A hop that is alive (full, draining) frees its cache; a dead one's stream is reset in time.
    void hop.close();
  }

  /** Whether what the hops have begun by themselves, if anything, is what the client wants of them. */
  agreesWith(wanted: Continuation): boolean {
    this.#enterEpoch();
    return this.#ahead.agreesWith(wanted);
  }

  /** Tokens that a hop can hold at most: those of the client, and those that the last hop drew. */
  get reach(): number {
    this.#enterEpoch();
    return Math.max(this.#tokens.length, this.#ahead.reach);
  }

  /** The hops do not go on by themselves beyond a position. */
  halt(position: number): void {
    this.#enterEpoch();
    this.#instruct(this.#ahead.halt(position, this.epoch));
  }

  /**
   * Sends tokens through hops, or lets a hop replay, and waits for all results.
   * @throws RouteBroken when a hop failed, SkeinError `history-gone` when the feeder has no history
   */
  run(request: RunRequest): Promise<void> {
    const isRepeated = request.until !== null && request.feeder === null;
    const { from, to, stepEnds } = request;
    let again = isRepeated ? this.#tokens.stepsAgain(from, to) : null;
    if (stepEnds !== undefined) again = repeatSteps(stepEnds, from, to);
    this.#enterEpoch();
    const run = new StepRun(request, { firstStep: this.#nextStep, again });
    if (this.failures.length > 0) run.done.reject(new RouteBroken());
    else if (run.isComplete) run.done.resolve();
    else {
      this.#run = run;
      this.#watch.begin(run, Math.min(request.to - request.from, this.#cut.chunkRows));
      if (request.feeder === null) {
        this.#goAhead(run, request.ahead ?? null);
        if (this.#run === run) this.#sendChunks(run);
      } else this.#startReplay(run, request.feeder);
      this.onProgress();
      const early = this.#ahead.takeEarly();
      if (early !== null && this.#run === run) this.#accept(run, early);
    }
    return run.done.promise;
  }

  onResult(hop: Hop, received: Received<ResultMessage>): void {
    const run = this.#run;
    // A late frame of a dead route.
    if (received.message.epoch !== this.epoch) return;
    const arrived = { received, atMs: this.#clock.now() };
    if (run !== null) {
      if (hop === run.request.hops.at(-1)) this.#accept(run, arrived);
      return;
    }
    if (hop !== this.hops.at(-1)) return;
    this.#enterEpoch();
    try {
      this.#ahead.keep(arrived);
    } catch (error) {
      this.lose(hop, toSkeinError(error), { isBlamed: true });
    }
  }

  #accept(run: StepRun, { received, atMs }: Arrived): void {
    const { message } = received;
    const hop = run.request.hops.at(-1) as Hop;
    try {
      const chunk = run.accept(message);
      this.#watch.watchFor(run, chunk.rows);
      if (chunk.sentAtMs !== null && !chunk.rowByRow) {
        const elapsedMs = atMs - chunk.sentAtMs;
        this.#watch.add(chunk.rows, elapsedMs);
        this.#meter(run.request.hops, message.trace, { rows: chunk.rows, elapsedMs });
      }
      this.#ahead.note(message, atMs, run.request.topK);
      run.request.onResult?.(received, chunk);
    } catch (error) {
      this.lose(hop, toSkeinError(error), { isBlamed: true });
      return;
    }
    this.#results += 1;
    if (this.#results === sessionLimits.provenResults) this.forgiveAll();
    if (run.isComplete) this.#finish(run);
    else if (run.request.feeder === null) this.#sendChunks(run);
    this.onProgress();
  }

  onRelay(hop: Hop, received: Received<StepMessage>): Promise<void> | undefined {
    const { message, tensors } = received;
    const successor = this.hops[this.hops.indexOf(hop) + 1];
    const isExpected = hop.target === 'client' && message.epoch === this.epoch;
    if (!isExpected || hop.isLost || successor === undefined || successor.isLost) return undefined;
    const { tensors: _layouts, ...step } = message;
    try {
      checkRelayed(received, this.#agreed);
    } catch (error) {
      this.lose(hop, toSkeinError(error), { isBlamed: true });
      return undefined;
    }
    try {
      return successor.send(step, tensors);
    } catch (error) {
      this.lose(successor, toSkeinError(error), { isBlamed: true });
      return undefined;
    }
  }

  onError(hop: Hop, message: ErrorMessage): void {
    // A hop that was left, or is not used yet, may say what it likes.
    if (hop.isLost || !this.hops.includes(hop)) return;
    if (message.epoch !== undefined && message.epoch < this.epoch) return;
    if (message.about !== undefined && this.onErrorAbout(message, hop)) return;
    const verdict = judgeError(message);
    const error = errorFromHop(message, hop.peer);
    if (verdict.kind === 'fatal') this.interrupt(error);
    else if (verdict.kind === 'lost') this.lose(hop, error, verdict);
    else {
      const index = this.hops.indexOf(hop);
      const isLast = index === this.hops.length - 1;
      // The last hop sends tokens to the first one, where they go on by themselves.
      const successor = isLast ? this.hops[0] : this.hops[index + 1];
      const predecessor = index === 0 ? this.hops.at(-1) : this.hops[index - 1];
      if (error.code === 'bad-output' && predecessor?.peer === verdict.successor) {
        const cause = errorFromHop(message, predecessor.peer);
        this.lose(predecessor, cause, { isBlamed: true });
        return;
      }
      // It may name a successor of before, having entered the new epoch and not heard of the new one yet.
      if (successor?.peer === verdict.successor) this.#noteEdge(hop, error);
      if (!verdict.isHopOpen) this.lose(hop, error, { isBlamed: false });
    }
  }

  /** What is on its way is waited for; the rest of a long prompt goes to another hop. */
  onLeaving(hop: Hop): void {
    if (hop.isLost || !this.hops.includes(hop)) return;
    const run = this.#run;
    if (run !== null && run.request.until === null) {
      run.endEarly();
      if (run.isComplete) this.#finish(run);
    }
    this.#onLeaving();
  }

  onClosed(hop: Hop, error: SkeinError): void {
    if (this.hops.includes(hop)) this.lose(hop, error, { isBlamed: error.blame === 'peer' });
  }

  #finish(run: StepRun): void {
    this.#run = null;
    this.#watch.pause();
    run.done.resolve();
  }

  #note(failure: Pick<Failure, 'kind' | 'hop' | 'error' | 'isBlamed'>): void {
    const isKnown = this.failures.some(
      ({ kind, hop }) => kind === failure.kind && hop === failure.hop,
    );
    if (isKnown) return;
    const noticedAtMs = this.#clock.now();
    const detectionMs = noticedAtMs - this.#watch.progressAtMs;
    const isWaiting = this.#run !== null;
    this.failures.push({ ...failure, noticedAtMs, detectionMs: isWaiting ? detectionMs : 0 });
    this.interrupt(new RouteBroken());
  }

  /** A hop does not reach the one that takes what it sends. */
  #noteEdge(hop: Hop, error: SkeinError): void {
    if (hop === this.hops.at(-1)) this.#ahead.breakLoop(this.hops);
    this.#note({ kind: 'edge', hop, error, isBlamed: false });
  }

  #enterEpoch(): void {
    this.#nextStep += this.#ahead.enter(this.epoch);
  }

  /** @param wanted null: the hops are to wait for the client */
  #goAhead(run: StepRun, wanted: AheadRequest | null): void {
    if (run.request.until !== null) return;
    const { hops, to } = run.request;
    this.#instruct(this.#ahead.instruction(hops, wanted, { to, epoch: this.epoch }));
  }

  #instruct(message: AheadMessage | null): void {
    const last = this.hops.at(-1);
    if (message === null || last === undefined || last.isLost || last.isOver) return;
    try {
      last.goAhead(message);
    } catch (error) {
      this.lose(last, toSkeinError(error), { isBlamed: true });
    }
  }

  #sendChunks(run: StepRun): void {
    const { request } = run;
    const [first] = request.hops as [Hop, ...Hop[]];
    const window = {
      cut: this.#cut,
      stepsInFlightMax: Math.min(request.hops.length + 2, sessionLimits.stepsInFlightMax),
      again: run.again,
    };
    try {
      for (let chunk = run.nextChunk(window); chunk !== null; chunk = run.nextChunk(window)) {
        const { position, rows } = chunk;
        if (request.until === null) this.#tokens.noteSteps(chunk);
        const { begun } = this.#ahead;
        if (begun?.position === position) {
          const { step, toldAtMs } = begun;
          this.#nextStep = Math.max(this.#nextStep, step + 1);
          run.noteSent({ ...chunk, step, sentAtMs: toldAtMs, isBegun: true });
          continue;
        }
        const step = this.takeStepNumber();
        run.noteSent({ ...chunk, step, sentAtMs: this.#clock.now(), isBegun: false });
        const message = this.#stepMessage(request, step, chunk);
        void first.send(message, [this.#tokens.tensor(position, position + rows)]);
      }
    } catch (error) {
      this.lose(first, toSkeinError(error), { isBlamed: true });
    }
  }

  #stepMessage(request: RunRequest, step: number, chunk: Chunk): OutgoingStep {
    const { position, rows } = chunk;
    const message: OutgoingStep = {
      type: 'step',
      step,
      epoch: this.epoch,
      position,
      rows,
      trace: [],
    };
    if (request.until !== null) message.until = request.until;
    if (chunk.rowByRow) message.rowByRow = true;
    const isLast = position + rows === request.to;
    if (request.logits === 'all' || (request.logits === 'last' && isLast)) {
      message.logits = request.logits;
      if (request.topK > 0) message.topK = request.topK;
      const { targetAt } = request;
      if (targetAt)
        message.targets = Array.from({ length: rows }, (_, row) => targetAt(position + row));
    }
    return message;
  }

  #startReplay(run: StepRun, feeder: Hop): void {
    const { from, to, until } = run.request;
    const step = this.#nextStep;
    // The feeder cuts the steps: at most one a row.
    this.#nextStep += to - from;
    if (until === null) throw new SkeinError('internal', 'a replay needs an end');
    feeder.replay({ epoch: this.epoch, step, from, to, until }).catch((error: unknown) => {
      if (this.#run !== run) return;
      const failure = toSkeinError(error);
      if (failure.code !== 'history-gone') return this.lose(feeder, failure, { isBlamed: true });
      this.#run = null;
      this.#watch.pause();
      run.done.reject(failure);
    });
  }

  /** Books what a step over the whole route cost at each hop. */
  #meter(
    hops: readonly Hop[],
    trace: readonly number[],
    step: { readonly rows: number; readonly elapsedMs: number },
  ): void {
    const [first] = hops;
    if (first === undefined || hops.length !== this.hops.length) return;
    const { hiddenSize = 0 } = this.#view.record(first.peer)?.body ?? {};
    const rowBytes = hiddenSize * routingLimits.valueBytesDefault;
    meterStep(this.#view.measurements, hops, { ...step, trace, rowBytes });
    if (step.rows !== 1 || trace.length !== 2 * hops.length) return;
    for (const [index, hop] of hops.entries()) {
      if (hop.slowSteps.add((trace[2 * index + 1] as number) / 1000)) this.onSlow(hop);
    }
  }
}

function createInterruption(): Deferred<never> {
  const interruption = createDeferred<never>();
  interruption.promise.catch(() => {});
  return interruption;
}
