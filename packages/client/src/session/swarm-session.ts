import { type Logits, limits, type PeerId, SkeinError, type TokenId } from '@skein/protocol';
import type { RouteHop } from '../routing/snapshot.js';
import { alikeLength, type StepCut } from './cut-steps.js';
import { decodeLogits, joinLogits } from './decode-logits.js';
import { HopChain, RouteBroken } from './hop-chain.js';
import { toRouteHop } from './reroute-events.js';
import { RouteImprover } from './route-improver.js';
import { RouteKeeper } from './route-keeper.js';
import type { AheadRequest } from './run-ahead.js';
import { sessionLimits } from './session-limits.js';
import type {
  SessionEnvironment,
  SessionEvent,
  SessionModel,
  SessionOptions,
} from './session-types.js';
import { TokenBuffer } from './token-buffer.js';

/** What {@link SwarmSession.extend} is to return, and how it is ended early. */
export interface ExtendOptions {
  /** Rows that give logits. Default: `last`. */
  readonly logits?: 'none' | 'last' | 'all';
  /** Candidates a row; 0 (default) is the whole vocabulary. */
  readonly topK?: number;
  /** With `logits: 'all'`, a token for each one that is appended: its logit is returned too. */
  readonly targets?: readonly TokenId[];
  /** Positions after which steps are to end, as {@link SwarmSession.stepEnds} told of a session. */
  readonly stepEnds?: readonly number[];
  /**
   * The peers draw the next tokens by these rules, and go on with them at once; calls that append the
   * same tokens find them computed. Only with `logits: 'last'`. Default: the peers wait.
   */
  readonly ahead?: AheadRequest | null;
  readonly signal?: AbortSignal;
}

/** What one hop cost so far, over the single-token steps of the session. */
export interface HopUsageReport {
  readonly peer: PeerId;
  readonly steps: number;
  /** Means of a step; null before the first. */
  readonly queueMs: number | null;
  readonly computeMs: number | null;
  readonly roundTripMs: number | null;
}

/**
 * One context of tokens on a route through the swarm. Peers may fail at any time: the session
 * replaces them and goes on, and what `extend` returns is what an unbroken route would return.
 *
 * Calls must not overlap. Whoever opens a session closes it.
 */
export class SwarmSession {
  readonly model: SessionModel;
  readonly tokensMax: number;

  readonly #tokens = new TokenBuffer();
  readonly #chain: HopChain;
  readonly #keeper: RouteKeeper;
  readonly #improver: RouteImprover;
  readonly #cut: StepCut;
  readonly #emit: (event: SessionEvent) => void;
  /** Tokens that every hop of an unbroken route holds. */
  #committed = 0;
  /** The hops may hold more than the committed tokens, or there are none yet. */
  #isOutOfStep = true;
  #isBusy = false;
  /** Moves the session off a peer that leaves while no call is under way; calls wait for it. */
  #moving: Promise<void> | null = null;
  #closing: Promise<void> | null = null;

  /** Does no I/O: the route is opened by {@link open} or with the first tokens. */
  constructor(environment: SessionEnvironment, model: SessionModel, options: SessionOptions = {}) {
    this.model = model;
    this.tokensMax = Math.min(options.tokensMax ?? model.contextLength, model.contextLength);
    this.#emit = options.onEvent ?? (() => {});
    const chunkRows = Math.min(options.chunkRows ?? sessionLimits.chunkRows, limits.stepRowsMax);
    this.#cut = { chunkRows, firstRows: Math.min(options.firstRows ?? chunkRows, chunkRows) };
    const wireType = options.wireType ?? model.wireType ?? 'f16';
    this.#chain = new HopChain({
      view: environment.view,
      clock: environment.clock,
      tokens: this.#tokens,
      cut: this.#cut,
      wireType,
      hiddenSize: model.hiddenSize,
      onLeaving: () => this.#moveWhenIdle(),
    });
    this.#keeper = new RouteKeeper({
      environment,
      model,
      chain: this.#chain,
      tokensMax: this.tokensMax,
      wireType,
      priority: options.priority ?? 'interactive',
      acceptMixedNumerics: options.acceptMixedNumerics ?? false,
      openWaitMs: options.openWaitMs ?? 0,
      returnWaitMs: options.returnWaitMs ?? sessionLimits.returnWaitMs,
      excludedPeers: new Set(options.excludedPeers ?? []),
      standby: options.standby ? { tokens: this.#tokens, committed: () => this.#committed } : null,
      emit: (event) => this.#emit(event),
      promptRows: () => this.#tokens.length,
    });
    this.#improver = new RouteImprover({
      environment,
      model,
      chain: this.#chain,
      keeper: this.#keeper,
      tokensMax: this.tokensMax,
      acceptMixedNumerics: options.acceptMixedNumerics ?? false,
      emit: (event) => this.#emit(event),
    });
  }

  /** Tokens in the context. */
  get length(): number {
    return this.#committed;
  }

  /**
   * Positions after which steps ended, ascending: a session that repeats them has the same caches,
   * to the last bit, on peers of the same make.
   */
  get stepEnds(): readonly number[] {
    return this.#tokens.bookedEnds;
  }

  /** The token at a position below {@link length}. */
  tokenAt(position: number): TokenId {
    return this.#tokens.at(position);
  }

  /**
   * How many tokens at the start of `tokens` the session holds already.
   * @param options.isExact only as far as a fresh session would have computed them in the same
   *   steps: what follows is then bit for bit the same. Default: false.
   */
  commonLength(tokens: readonly TokenId[], options: { readonly isExact?: boolean } = {}): number {
    const longest = Math.min(this.#committed, tokens.length);
    let length = 0;
    while (length < longest && this.tokenAt(length) === tokens[length]) length += 1;
    return options.isExact ? alikeLength(this.#tokens.bookedEnds, length, this.#cut) : length;
  }

  /**
   * Opens the route. Without it the first `extend` does.
   * @throws SkeinError `no-route`, `aborted`
   */
  open(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#exclusively(options.signal, () => this.#makeWhole(options.signal));
  }

  /**
   * Appends tokens to the context and returns the logits that were asked for, null without any. On
   * an error the context is as it was before, up to whole chunks that were computed.
   *
   * @throws SkeinError `context-exceeded`, `no-route`, `aborted`, `bad-argument`
   */
  extend(
    tokens: readonly TokenId[] | Int32Array,
    options: ExtendOptions = {},
  ): Promise<Logits | null> {
    return this.#exclusively(options.signal, () => this.#extend(tokens, options));
  }

  /**
   * Computes the last token once more, to see its logits in another width: the whole vocabulary
   * when the candidates did not suffice.
   */
  async again(options: ExtendOptions = {}): Promise<Logits | null> {
    const last = this.tokenAt(this.#committed - 1);
    await this.truncate(this.#committed - 1);
    return await this.extend([last], options);
  }

  /** The peers go on by themselves no more; what they computed beyond the context is taken back later. */
  halt(): void {
    if (this.#closing === null) this.#chain.halt(this.#committed);
  }

  /** The last logits cannot be right: the hop that sent them is blamed and replaced. */
  rejectOutput(error: SkeinError): void {
    const last = this.#chain.hops.at(-1);
    if (last !== undefined) this.#chain.lose(last, error, { isBlamed: true });
  }

  /** Forgets tokens from `position` on. The hops are told with the next tokens. */
  async truncate(position: number): Promise<void> {
    if (!Number.isInteger(position) || position < 0 || position > this.#committed) {
      throw new SkeinError('bad-argument', `cannot truncate ${this.#committed} to ${position}`);
    }
    if (this.#isBusy) throw overlapping();
    if (position === this.#committed) return;
    if (this.#moving !== null) await this.#moving;
    this.#committed = position;
    this.#tokens.truncate(position);
    this.#fallOutOfStep();
  }

  /** The route as it is now; empty before the first token. */
  route(): readonly RouteHop[] {
    return this.#chain.hops.map(toRouteHop);
  }

  /** Queue, compute and distance of each hop of the route. */
  usage(): readonly HopUsageReport[] {
    return this.#chain.hops.map(({ peer, usage, roundTripMs }) => {
      const { steps, queueMs, computeMs } = usage;
      const mean = (sum: number) => (steps === 0 ? null : sum / steps);
      return { peer, steps, queueMs: mean(queueMs), computeMs: mean(computeMs), roundTripMs };
    });
  }

  /** Ends the session on all hops within a second, and whatever waits on it. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#chain.interrupt(new SkeinError('aborted', 'the session was closed'));
    this.#chain.stop();
    if (this.#chain.failures.length === 0) this.#chain.forgiveAll();
    const hops = this.#chain.hops.map((hop) => hop.close());
    this.#improver.stop();
    await Promise.all([this.#keeper.stop(), ...hops, this.#moving]);
  }

  async #extend(
    tokens: readonly TokenId[] | Int32Array,
    options: ExtendOptions,
  ): Promise<Logits | null> {
    this.#check(tokens, options);
    const { vocabSize } = this.model;
    const wanted = options.logits ?? 'last';
    const asked = options.topK ?? 0;
    const topK = asked >= vocabSize ? 0 : asked;
    const start = this.#committed;
    const target = start + tokens.length;
    const { targets } = options;
    const targetAt =
      targets === undefined ? null : (position: number) => targets[position - start] as TokenId;
    const parts: Logits[] = [];
    const token = tokens[0] as TokenId;
    const continuation = { to: target, token, logits: wanted, topK, hasTargets: targetAt !== null };
    this.#tokens.append(tokens);
    let fruitless = 0;
    try {
      while (this.#committed < target) {
        if (options.signal?.aborted) throw abortError(options.signal);
        const from = this.#committed;
        if (!this.#chain.agreesWith({ ...continuation, from })) this.#isOutOfStep = true;
        if (this.#isOutOfStep || this.#keeper.canMove(this.#committed)) {
          await this.#makeWhole(options.signal);
        } else if (tokens.length === 1) {
          await this.#improver.betweenSteps(this.#committed, options.signal);
        }
        const run = this.#chain.run({
          from,
          to: target,
          hops: this.#chain.hops,
          feeder: null,
          until: null,
          logits: wanted,
          topK,
          targetAt,
          ahead: options.ahead ?? null,
          stepEnds: options.stepEnds,
          onResult: ({ tensors }, { position, rows }) => {
            const isLast = position + rows === target;
            if (wanted === 'all' || (wanted === 'last' && isLast)) {
              const rowCount = wanted === 'all' ? rows : 1;
              const hasTargets = targetAt !== null;
              parts.push(decodeLogits(tensors, { rowCount, topK, vocabSize, hasTargets }));
            }
            this.#committed = position + rows;
          },
        });
        await run.catch((error: unknown) => this.#onBroken(error));
        fruitless = this.#committed > from ? 0 : fruitless + 1;
        if (fruitless > sessionLimits.fruitlessRecoveriesMax) throw this.#stuckError();
      }
    } catch (error) {
      this.#tokens.truncate(this.#committed);
      this.#fallOutOfStep();
      this.halt();
      throw error;
    }
    return joinLogits(parts);
  }

  /** Hops and standbys may hold tokens that are not of the context any more. */
  #fallOutOfStep(): void {
    this.#isOutOfStep = true;
    this.#keeper.suspend();
  }

  #stuckError(): SkeinError {
    const cause = this.#chain.failures.at(-1)?.error;
    const text = `the route broke again and again at token ${this.#committed}: ${cause?.message}`;
    return new SkeinError('no-route', text, { cause, details: { position: this.#committed } });
  }

  /** A broken route is mended in the next round; anything else ends the call. */
  #onBroken(error: unknown): void {
    if (!(error instanceof RouteBroken)) throw error;
    this.#isOutOfStep = true;
  }

  async #makeWhole(signal: AbortSignal | undefined): Promise<void> {
    await this.#keeper.makeWhole(this.#committed, signal);
    this.#isOutOfStep = false;
  }

  /** A conversation is kept between its turns: it should not be lost with the peer. */
  #moveWhenIdle(): void {
    if (this.#isBusy || this.#closing !== null || this.#moving !== null) return;
    if (!this.#keeper.canMove(this.#committed)) return;
    this.#moving = this.#makeWhole(undefined)
      .catch(() => {
        // The next call mends what is broken, and tells its caller if it cannot.
        this.#isOutOfStep = true;
      })
      .finally(() => {
        this.#moving = null;
      });
  }

  #check(tokens: readonly TokenId[] | Int32Array, options: ExtendOptions): void {
    const { topK, targets } = options;
    if (tokens.length === 0) throw new SkeinError('bad-argument', 'no tokens to extend with');
    const length = this.#committed + tokens.length;
    if (length > this.tokensMax) {
      const text = `${length} tokens do not fit a context of ${this.tokensMax}`;
      const details = { tokens: length, tokensMax: this.tokensMax };
      throw new SkeinError('context-exceeded', text, { details });
    }
    for (const token of [...tokens, ...(targets ?? [])]) {
      if (Number.isInteger(token) && token >= 0 && token < this.model.vocabSize) continue;
      throw new SkeinError('bad-argument', `token ${token} of ${this.model.vocabSize}`);
    }
    if (targets && (options.logits !== 'all' || targets.length !== tokens.length)) {
      throw new SkeinError('bad-argument', 'targets need all logits, one for each token');
    }
    if (topK === undefined || (Number.isInteger(topK) && topK >= 0)) return;
    throw new SkeinError('bad-argument', `topK must be a whole number from 0, got ${topK}`);
  }

  /** Runs one call at a time, and ends it early when the signal aborts. */
  async #exclusively<Value>(
    signal: AbortSignal | undefined,
    call: () => Promise<Value>,
  ): Promise<Value> {
    if (this.#closing !== null) throw new SkeinError('aborted', 'the session was closed');
    if (this.#isBusy) throw overlapping();
    if (signal?.aborted) throw abortError(signal);
    this.#isBusy = true;
    const abort = () => this.#chain.interrupt(abortError(signal as AbortSignal));
    signal?.addEventListener('abort', abort);
    try {
      if (this.#moving !== null) {
        await this.#moving;
        if (signal?.aborted) throw abortError(signal);
      }
      return await call();
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#isBusy = false;
      this.#moveWhenIdle();
    }
  }
}

function abortError(signal: AbortSignal): SkeinError {
  return new SkeinError('aborted', 'aborted by the caller', { cause: signal.reason });
}

function overlapping(): SkeinError {
  return new SkeinError('bad-argument', 'calls of one session must not overlap');
}
