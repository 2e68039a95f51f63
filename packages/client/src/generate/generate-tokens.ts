import { isSkeinError, type Logits, SkeinError, type TokenId } from '@skein/protocol';
import type { Clock } from '../clock.js';
import { createConstraint, type ResponseFormat } from '../grammar/index.js';
import type { LoadedModel } from '../model/model-store.js';
import { createSeed, resolveSamplingOptions, TokenHistory } from '../sampling/index.js';
import type { ExtendOptions, SwarmSession } from '../session/swarm-session.js';
import { StopMatcher, type StreamDecoder } from '../text/index.js';
import { toolFormat } from '../tools/index.js';
import type { EventQueue } from './event-queue.js';
import type { EndEvent, GenerateOptions, GenerationEvent } from './generation-types.js';
import {
  aheadSampling,
  type Choice,
  chooseToken,
  type SamplerState,
  topKFor,
} from './next-token.js';

/** What one generation runs on. */
export interface GenerationContext {
  readonly session: SwarmSession;
  readonly events: EventQueue;
  readonly model: LoadedModel;
  readonly clock: Clock;
  /** The whole context so far, the prompt included: the session holds a beginning of it. */
  readonly context: TokenId[];
  readonly promptTokenCount: number;
  /** Where the answer begins that is gone on with; by default it begins after the context. */
  readonly answerStart?: number;
  /** Tokens to generate at most, with room for them in the context. */
  readonly maxTokens: number;
  readonly startedAtMs: number;
}

/** A step on its way. */
interface PendingStep {
  isSettled: boolean;
  readonly logits: Promise<Logits | null>;
  /** Resolves, never rejects, when `logits` has settled. */
  readonly done: Promise<void>;
}

/**
 * Generates tokens one by one. Chosen tokens are appended to `context`, an end token included.
 * The next step is sent before a token is yielded, so the consumer's work costs no time. Leaving
 * the loop ends the step that is on its way; the session stays usable.
 */
export async function* generateTokens(
  run: GenerationContext,
  options: GenerateOptions,
): AsyncGenerator<GenerationEvent, void, undefined> {
  const { session, context, clock } = run;
  const format = toolFormat(run.model, options);
  const output = new Output(run, { ...options, responseFormat: format });
  const state = createSamplerState(run, options, format);
  const { constraint } = state;
  for (const token of context.slice(answerStartOf(run))) {
    state.history.addGenerated(token);
    constraint?.accept(token);
    output.push(token);
  }
  const leave = new AbortController();
  const abort = () => leave.abort(options.signal?.reason);
  if (options.signal?.aborted) abort();
  options.signal?.addEventListener('abort', abort);
  const { signal } = leave;
  const sampling = options.runAhead === false ? null : aheadSampling(state);
  // The last token is not computed: nothing follows it.
  const ahead = sampling && { sampling, to: context.length + run.maxTokens - 1 };
  const step = () => startStep(session, context, { topK: topKFor(state), signal, ahead });
  let pending: PendingStep | null = null;
  let firstTokenAtMs: number | null = null;
  let tokens = 0;
  const end = (reason: EndEvent['reason'], text = ''): EndEvent => {
    const elapsedMs = firstTokenAtMs === null ? 0 : clock.now() - firstTokenAtMs;
    return {
      type: 'end',
      reason,
      text,
      ...(output.stop !== null && { stop: output.stop }),
      tokens,
      promptTokens: run.promptTokenCount,
      firstTokenMs: firstTokenAtMs === null ? null : firstTokenAtMs - run.startedAtMs,
      tokensPerSecond: tokens < 2 || elapsedMs <= 0 ? null : ((tokens - 1) * 1000) / elapsedMs,
      ...(reason !== 'length' && constraint?.isClosedEarly && { isClosedEarly: true }),
      seed: state.seed,
    };
  };
  try {
    pending = step();
    for (;;) {
      while (!(await run.events.settled(pending))) yield* run.events.take();
      const logits = await pending.logits;
      if (logits === null) throw new SkeinError('internal', 'no logits were returned');
      const tokensLeft = run.maxTokens - tokens;
      const choice = await chooseToken(state, logits, { signal, tokensLeft });
      yield* run.events.take();
      context.push(choice.token);
      if (output.isEnd(choice.token)) return yield end('eos', output.flush());
      constraint?.accept(choice.token);
      state.history.addGenerated(choice.token);
      tokens += 1;
      firstTokenAtMs ??= clock.now();
      const text = output.push(choice.token);
      const isFinished = constraint?.isFinished ?? false;
      const isLast = tokens === run.maxTokens || isFinished;
      if (output.stop === null && !isLast) pending = step();
      yield tokenEvent(choice, text, context.length - 1);
      if (output.stop !== null) return yield end('stop');
      if (isLast) return yield end(constraint?.isWhole ? 'eos' : 'length', output.flush());
    }
  } catch (error) {
    const isAborted = isSkeinError(error) && error.code === 'aborted' && options.signal?.aborted;
    if (!isAborted) throw error;
    yield end('aborted', output.flush());
  } finally {
    options.signal?.removeEventListener('abort', abort);
    leave.abort();
    session.halt();
    // Only then may the session be used again.
    await pending?.done;
  }
}

/** Sends what the session lacks of the context. */
function startStep(
  session: SwarmSession,
  context: readonly TokenId[],
  options: Pick<ExtendOptions, 'topK' | 'signal' | 'ahead'>,
): PendingStep {
  const logits = session.extend(context.slice(session.length), options);
  const settle = () => {
    pending.isSettled = true;
  };
  const pending: PendingStep = { isSettled: false, logits, done: logits.then(settle, settle) };
  return pending;
}

function answerStartOf({ answerStart, context }: GenerationContext): number {
  return answerStart ?? context.length;
}

function createSamplerState(
  run: GenerationContext,
  options: GenerateOptions,
  format: ResponseFormat,
): SamplerState {
  if (options.ignoreEos && format.type !== 'text') {
    throw new SkeinError('bad-argument', 'ignoreEos cannot be used with a format or with tools');
  }
  const settings = resolveSamplingOptions(options);
  return {
    session: run.session,
    settings,
    history: new TokenHistory(run.context.slice(0, answerStartOf(run))),
    seed: settings.seed ?? createSeed(),
    topLogitCount: options.logits ?? 0,
    constraint: createConstraint(run.model, format),
    wantsFullRow: false,
  };
}

function tokenEvent(choice: Choice, text: string, position: number): GenerationEvent {
  const { token: id, logProbability, topLogits } = choice;
  const event = { type: 'token', id, text, position, logProbability } as const;
  return topLogits.length === 0 ? event : { ...event, topLogits };
}

/** Text of the generated tokens, up to a stop string. */
class Output {
  /** The stop string that was met. */
  stop: string | null = null;
  readonly #decoder: StreamDecoder | null;
  readonly #stops: StopMatcher;
  readonly #endTokens: ReadonlySet<number>;

  constructor(run: GenerationContext, options: GenerateOptions) {
    const { model, context } = run;
    const { responseFormat: format } = options;
    const shown = format?.type === 'grammar' ? (format.markers ?? []) : [];
    this.#decoder = model.tokenizer?.createStreamDecoder({ shown }) ?? null;
    this.#decoder?.skip(context.slice(0, answerStartOf(run)));
    this.#stops = new StopMatcher(options.stop ?? []);
    this.#endTokens = new Set(options.ignoreEos ? [] : model.manifest.config.eosTokenIds);
  }

  isEnd(token: TokenId): boolean {
    return this.#endTokens.has(token);
  }

  push(token: TokenId): string {
    return this.#match(this.#decoder?.push(token) ?? '');
  }

  /** What was held back, when no more tokens come. */
  flush(): string {
    const text = this.#match(this.#decoder?.flush() ?? '');
    return this.stop === null ? text + this.#stops.flush() : text;
  }

  #match(piece: string): string {
    const { text, stop } = this.#stops.push(piece);
    this.stop = stop;
    return text;
  }
}
