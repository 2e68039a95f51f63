import { SkeinError, type TokenId } from '@skein/protocol';
import type { Clock } from '../clock.js';
import { EventQueue } from '../generate/event-queue.js';
import { type GenerationContext, generateTokens } from '../generate/generate-tokens.js';
import {
  type GenerateOptions,
  type GenerationEvent,
  maxTokensDefault,
  type PromptOptions,
} from '../generate/generation-types.js';
import type { LoadedModel } from '../model/model-store.js';
import type { AnswerSettings, OpenAnswer, ResumeState } from '../resume/resume-state.js';
import { encodeResumeToken } from '../resume/resume-token.js';
import { createSeed } from '../sampling/index.js';
import type { SessionEnvironment, SessionOptions } from '../session/session-types.js';
import { type HopUsageReport, SwarmSession } from '../session/swarm-session.js';
import { encodePrompt } from './encode-prompt.js';
import { type Instrumentation, watched } from './instrumentation.js';
import { sessionModel } from './session-model.js';

/** Options of {@link Conversation}. */
export interface ConversationOptions extends Omit<SessionOptions, 'onEvent'> {
  /** Watches its generations. */
  readonly instrumentation?: readonly Instrumentation[];
}

/** What may differ when an answer is gone on with; else it goes on as it began. */
export type ContinueOptions = Omit<GenerateOptions, keyof PromptOptions | 'seed'>;

/** One context over several generations: each turn computes only what is new. */
export class Conversation {
  readonly model: LoadedModel;
  readonly #clock: Clock;
  readonly #events = new EventQueue();
  readonly #session: SwarmSession;
  /** All tokens so far; the session may lack the newest ones. */
  readonly #context: TokenId[] = [];
  readonly #onClosed: () => void;
  readonly #options: ConversationOptions;
  /** The answer that is not finished; null after one that the model or a stop text ended. */
  #answer: OpenAnswer | null = null;
  /** What was computed for the context in another process, and is not yet in this one. */
  #restored: Pick<ResumeState, 'tokens' | 'stepEnds'> | null = null;
  readonly #instrumentation: readonly Instrumentation[];
  #isGenerating = false;

  /** Does no I/O: the route is opened with the first tokens. */
  constructor(
    environment: SessionEnvironment,
    model: LoadedModel,
    options: ConversationOptions = {},
    onClosed: () => void = () => {},
  ) {
    this.model = model;
    this.#options = options;
    this.#onClosed = onClosed;
    this.#instrumentation = options.instrumentation ?? [];
    this.#clock = environment.clock;
    const onEvent = this.#events.push;
    this.#session = new SwarmSession(environment, sessionModel(model), { ...options, onEvent });
  }

  /** Tokens of the context: prompts and generations, end tokens included. */
  get tokens(): readonly TokenId[] {
    return this.#context;
  }

  /** Longest context that the conversation can grow to. */
  get tokensMax(): number {
    return this.#session.tokensMax;
  }

  /**
   * How many tokens at the start of `tokens` are computed already. Truncated to so many, the
   * conversation goes on with the rest.
   * @param options.isExact see {@link SwarmSession.commonLength}
   */
  commonLength(tokens: readonly TokenId[], options: { readonly isExact?: boolean } = {}): number {
    return this.#session.commonLength(tokens, options);
  }

  /** Queue, compute and distance of each hop. */
  usage(): readonly HopUsageReport[] {
    return this.#session.usage();
  }

  /**
   * Generates after a prompt. `prompt` and `promptTokens` are appended to the context; `messages`
   * are the whole conversation, of which the part that is known already is not computed again.
   * Leaving the loop stops the generation; the conversation can go on.
   *
   * @throws SkeinError `context-exceeded` with the numbers, `bad-argument`, `no-route`
   */
  async *generate(options: GenerateOptions): AsyncGenerator<GenerationEvent, void, undefined> {
    this.#requireIdle();
    const startedAtMs = this.#clock.now();
    const isContinuation = this.#context.length > 0;
    const prompt = encodePrompt(this.model, options, { isContinuation });
    const before = prompt.isWholeContext ? 0 : this.#context.length;
    const maxTokens = this.#roomFor(before + prompt.tokens.length, options.maxTokens);
    const { prompt: _prompt, promptTokens: _tokens, messages: _messages, ...rest } = options;
    const { signal: _signal, logits: _logits, ...kept } = rest;
    const settings: AnswerSettings = { ...kept, maxTokens, seed: options.seed ?? createSeed() };
    this.#isGenerating = true;
    try {
      if (prompt.isWholeContext) this.#context.length = 0;
      this.#context.push(...(prompt.tokens as TokenId[]));
      this.#answer = { start: this.#context.length, settings };
      await this.#restore(prompt.isWholeContext, options.signal);
      await this.#keepCommonPrefix(prompt.isWholeContext);
      const promptTokenCount = prompt.tokens.length;
      const run = { promptTokenCount, maxTokens, startedAtMs };
      yield* this.#generate(run, { ...rest, seed: settings.seed });
    } finally {
      this.#isGenerating = false;
    }
  }

  /**
   * Goes on with an answer that was left, aborted, or at its `maxTokens`, as if it never had been:
   * the next token is the one that would have come. Text that was held back then is told again.
   *
   * @throws SkeinError `bad-argument` when no answer is open, `context-exceeded`, `no-route`
   */
  async *continue(options: ContinueOptions = {}): AsyncGenerator<GenerationEvent, void, undefined> {
    this.#requireIdle();
    const answer = this.#answer;
    if (answer === null) {
      throw new SkeinError('bad-argument', 'there is no answer to go on with: give a prompt');
    }
    const startedAtMs = this.#clock.now();
    const made = this.#context.length - answer.start;
    const left = answer.settings.maxTokens - made;
    if (left < 1 && options.maxTokens === undefined) {
      throw new SkeinError('bad-argument', `all of its ${made} tokens were made: give maxTokens`);
    }
    const maxTokens = this.#roomFor(this.#context.length, options.maxTokens ?? left);
    const settings = { ...answer.settings, ...options };
    const { signal: _signal, logits: _logits, ...kept } = settings;
    this.#answer = { start: answer.start, settings: { ...kept, maxTokens: made + maxTokens } };
    this.#isGenerating = true;
    try {
      await this.#restore(false, options.signal);
      await this.#keepCommonPrefix(false);
      const run = { promptTokenCount: 0, maxTokens, startedAtMs, answerStart: answer.start };
      yield* this.#generate(run, settings);
    } finally {
      this.#isGenerating = false;
    }
  }

  /**
   * All that another process needs to go on with the conversation, as text: see
   * {@link SkeinClient.resumeSession}. It may be asked for at any time, also between two tokens of an
   * answer. Whoever reads it reads the conversation; there is no key in it.
   */
  save(): string {
    const length = this.#context.length;
    const { tokens, stepEnds } = this.#restored ?? {
      tokens: null,
      stepEnds: this.#session.stepEnds,
    };
    // Of a restored context only what is still the same was computed in these steps.
    const known = tokens === null ? length : commonLengthOf(tokens, this.#context);
    const { wireType, firstRows, chunkRows } = this.#options;
    return encodeResumeToken({
      model: this.model.hash,
      tokens: this.#context,
      stepEnds: stepEnds?.filter((end) => end <= known) ?? null,
      answer: this.#answer,
      session: {
        ...(wireType !== undefined && { wireType }),
        ...(firstRows !== undefined && { firstRows }),
        ...(chunkRows !== undefined && { chunkRows }),
      },
    });
  }

  /** Takes over what another process had; only once, before anything was generated. */
  restore({ tokens, stepEnds, answer }: ResumeState): void {
    this.#context.push(...tokens);
    this.#answer = answer;
    this.#restored = { tokens, stepEnds };
  }

  /** The events of a generation, passed on as they come, with whoever watches told of them. */
  #watched(events: AsyncGenerator<GenerationEvent, void, undefined>, promptTokens: number) {
    const { name: model } = this.model.manifest;
    const generation = {
      model,
      promptTokens,
      route: () => this.#session.route(),
      usage: () => this.usage(),
    };
    const watches = this.#instrumentation.flatMap((one) => one.watchGeneration?.(generation) ?? []);
    return watches.length === 0 ? events : watched(events, watches);
  }

  /** Forgets tokens from `position` on. */
  async truncate(position: number): Promise<void> {
    if (!Number.isInteger(position) || position < 0 || position > this.#context.length) {
      const text = `cannot truncate ${this.#context.length} tokens to ${position}`;
      throw new SkeinError('bad-argument', text);
    }
    await this.#session.truncate(Math.min(position, this.#session.length));
    this.#context.length = position;
    if (this.#answer !== null && this.#answer.start > position) this.#answer = null;
  }

  /** Ends the session on all hops within a second. Idempotent. */
  async close(): Promise<void> {
    await this.#session.close();
    this.#onClosed();
  }

  #requireIdle(): void {
    if (!this.#isGenerating) return;
    throw new SkeinError('bad-argument', 'a conversation generates one answer at a time');
  }

  async *#generate(
    run: Pick<GenerationContext, 'promptTokenCount' | 'maxTokens' | 'startedAtMs' | 'answerStart'>,
    options: GenerateOptions,
  ): AsyncGenerator<GenerationEvent, void, undefined> {
    const fixed = { session: this.#session, events: this.#events, model: this.model };
    const context = { ...fixed, clock: this.#clock, context: this.#context, ...run };
    const events = generateTokens(context, options);
    for await (const event of this.#watched(events, run.promptTokenCount)) {
      if (event.type === 'end' && (event.reason === 'eos' || event.reason === 'stop')) {
        this.#answer = null;
      }
      yield event;
    }
  }

  /**
   * Computes what another process had computed, in the same steps, as far as the context still begins
   * with it. Without the steps the context is computed as a prompt is.
   */
  async #restore(isReplaced: boolean, signal: AbortSignal | undefined): Promise<void> {
    if (this.#restored === null) return;
    const { tokens, stepEnds } = this.#restored;
    const common = Math.min(commonLengthOf(tokens, this.#context), this.#context.length - 1);
    const ends = stepEnds?.filter((end) => end <= common) ?? [];
    const end = stepEnds !== null && isReplaced ? common : (ends.at(-1) ?? 0);
    const { length } = this.#session;
    if (length < end) {
      const missing = this.#context.slice(length, end);
      const options = { logits: 'none', stepEnds: ends } as const;
      await this.#session.extend(missing, signal === undefined ? options : { ...options, signal });
    }
    this.#restored = null;
  }

  /** The session keeps what it has in common with the context; the last token is always new. */
  async #keepCommonPrefix(isReplaced: boolean): Promise<void> {
    const session = this.#session;
    const longest = Math.min(session.length, this.#context.length - 1);
    let common = isReplaced ? 0 : longest;
    while (common < longest && session.tokenAt(common) === this.#context[common]) common += 1;
    await session.truncate(common);
  }

  /** Tokens that may be generated after a context of `length`. */
  #roomFor(length: number, maxTokens: number | undefined): number {
    const { tokensMax } = this.#session;
    if (maxTokens !== undefined && !(Number.isInteger(maxTokens) && maxTokens > 0)) {
      throw new SkeinError('bad-argument', `maxTokens must be a whole number, got ${maxTokens}`);
    }
    if (length === 0) throw new SkeinError('bad-argument', 'the prompt is empty');
    const room = tokensMax - length;
    if (room > 0) return Math.min(maxTokens ?? maxTokensDefault, room);
    throw contextExceeded(length, tokensMax);
  }
}

/** How many tokens at their beginnings are the same. */
function commonLengthOf(some: readonly TokenId[], others: readonly TokenId[]): number {
  const longest = Math.min(some.length, others.length);
  let length = 0;
  while (length < longest && some[length] === others[length]) length += 1;
  return length;
}

/** The error for a prompt that leaves no room for an answer. */
export function contextExceeded(promptTokens: number, contextLength: number): SkeinError {
  return new SkeinError(
    'context-exceeded',
    `the context of ${promptTokens} tokens leaves no room in ${contextLength}: ` +
      `shorten it by at least ${promptTokens - contextLength + 1} tokens`,
    { details: { promptTokens, contextLength } },
  );
}
