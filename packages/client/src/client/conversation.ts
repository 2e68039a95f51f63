import { SkeinError, type TokenId } from '@skein/protocol';
import type { Clock } from '../clock.js';
import { EventQueue } from '../generate/event-queue.js';
import { generateTokens } from '../generate/generate-tokens.js';
import {
  type GenerateOptions,
  type GenerationEvent,
  maxTokensDefault,
} from '../generate/generation-types.js';
import type { LoadedModel } from '../model/model-store.js';
import { defaultWireType } from '../session/default-wire-type.js';
import type { SessionEnvironment, SessionModel, SessionOptions } from '../session/session-types.js';
import { type HopUsageReport, SwarmSession } from '../session/swarm-session.js';
import { encodePrompt } from './encode-prompt.js';
import { type Instrumentation, watched } from './instrumentation.js';

/** Options of {@link Conversation}. */
export interface ConversationOptions extends Omit<SessionOptions, 'onEvent'> {
  /** Watches its generations. */
  readonly instrumentation?: readonly Instrumentation[];
}

/** One context over several generations: each turn computes only what is new. */
export class Conversation {
  readonly model: LoadedModel;
  readonly #clock: Clock;
  readonly #events = new EventQueue();
  readonly #session: SwarmSession;
  /** All tokens so far; the session may lack the newest ones. */
  readonly #context: TokenId[] = [];
  readonly #onClosed: () => void;
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
    if (this.#isGenerating) {
      throw new SkeinError('bad-argument', 'a conversation generates one answer at a time');
    }
    const startedAtMs = this.#clock.now();
    const isContinuation = this.#context.length > 0;
    const prompt = encodePrompt(this.model, options, { isContinuation });
    const before = prompt.isWholeContext ? 0 : this.#context.length;
    const maxTokens = this.#roomFor(before + prompt.tokens.length, options.maxTokens);
    this.#isGenerating = true;
    try {
      if (prompt.isWholeContext) this.#context.length = 0;
      this.#context.push(...(prompt.tokens as TokenId[]));
      await this.#keepCommonPrefix(prompt.isWholeContext);
      const events = generateTokens(
        {
          session: this.#session,
          events: this.#events,
          model: this.model,
          clock: this.#clock,
          context: this.#context,
          promptTokenCount: prompt.tokens.length,
          maxTokens,
          startedAtMs,
        },
        options,
      );
      yield* this.#watched(events, prompt.tokens.length);
    } finally {
      this.#isGenerating = false;
    }
  }

  #watched(events: AsyncGenerator<GenerationEvent, void, undefined>, promptTokens: number) {
    const { name: model } = this.model.manifest;
    const generation = { model, promptTokens, usage: () => this.usage() };
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
  }

  /** Ends the session on all hops within a second. Idempotent. */
  async close(): Promise<void> {
    await this.#session.close();
    this.#onClosed();
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

/** The error for a prompt that leaves no room for an answer. */
export function contextExceeded(promptTokens: number, contextLength: number): SkeinError {
  return new SkeinError(
    'context-exceeded',
    `the context of ${promptTokens} tokens leaves no room in ${contextLength}: ` +
      `shorten it by at least ${promptTokens - contextLength + 1} tokens`,
    { details: { promptTokens, contextLength } },
  );
}

/** What sessions need of a model's manifest. */
function sessionModel({ hash, manifest }: LoadedModel): SessionModel {
  const { blockCount, hiddenSize, vocabSize, contextLength } = manifest.config;
  const wireType = defaultWireType(manifest.config);
  const sizes = { blockCount, hiddenSize, vocabSize, contextLength };
  return { hash, name: manifest.name, ...sizes, wireType };
}
