import type {
  LanguageModelV3,
  LanguageModelV3CallOptions,
  LanguageModelV3Content,
  LanguageModelV3GenerateResult,
  LanguageModelV3StreamPart,
  LanguageModelV3StreamResult,
} from '@ai-sdk/provider';
import { createSessionId, isSkeinError } from '@skein/protocol';
import type { SkeinClient } from '../client/client.js';
import type { GenerationEvent } from '../generate/generation-types.js';
import { createToolCallReader } from '../tools/index.js';
import { AnswerParts } from './answer-parts.js';
import { GenerationSummary } from './generation-summary.js';
import type { SkeinModelSettings } from './skein-call-options.js';
import { type PreparedCall, toGenerateOptions } from './to-generate-options.js';

type StreamParts = AsyncGenerator<LanguageModelV3StreamPart, void, undefined>;

/** A generation whose first event is there. */
interface BegunStream extends Pick<PreparedCall, 'warnings'> {
  readonly first: IteratorResult<GenerationEvent, void>;
  /** The rest. */
  readonly events: AsyncGenerator<GenerationEvent, void, undefined>;
  readonly answer: AnswerParts;
  readonly onEnd: () => void;
}

/** A model of a swarm as the AI SDK sees it. */
export class SkeinLanguageModel implements LanguageModelV3 {
  readonly specificationVersion = 'v3';
  readonly provider = 'skein';
  readonly modelId: string;
  /** None: models read text. */
  readonly supportedUrls = {};
  readonly #client: SkeinClient;
  readonly #settings: SkeinModelSettings;

  constructor(client: SkeinClient, modelId: string, settings: SkeinModelSettings) {
    this.modelId = modelId;
    this.#client = client;
    this.#settings = settings;
  }

  async doGenerate(call: LanguageModelV3CallOptions): Promise<LanguageModelV3GenerateResult> {
    const { warnings, events, answer } = await this.#begin(call);
    const summary = new GenerationSummary();
    const content: LanguageModelV3Content[] = [];
    let text = '';
    const take = (part: LanguageModelV3StreamPart) => {
      if (part.type === 'text-delta') text += part.delta;
      else if (part.type === 'tool-call') content.push(part);
    };
    for await (const event of events) {
      summary.add(event);
      for (const part of answer.push(textOf(event))) take(part);
    }
    for (const part of answer.finish()) take(part);
    if (text !== '') content.unshift({ type: 'text', text });
    const { usage, metadata } = summary;
    return {
      content,
      finishReason: summary.finishReason(answer.callCount),
      usage,
      providerMetadata: metadata,
      response: this.#response(),
      warnings,
    };
  }

  /** What fails before the route stands is thrown here, the rest comes in the stream. */
  async doStream(call: LanguageModelV3CallOptions): Promise<LanguageModelV3StreamResult> {
    const leave = new AbortController();
    const unfollow = follow(call.abortSignal, leave);
    const parts = await this.#beginStream({ ...call, abortSignal: leave.signal }, unfollow);
    return {
      stream: new ReadableStream<LanguageModelV3StreamPart>({
        async pull(controller) {
          try {
            const { done, value } = await parts.next();
            if (done) controller.close();
            else controller.enqueue(value);
          } catch (error) {
            controller.error(error);
          }
        },
        // Ends the session on all peers, even while a token is waited for.
        async cancel() {
          leave.abort();
          await parts.return();
        },
      }),
    };
  }

  async #beginStream(call: LanguageModelV3CallOptions, onEnd: () => void): Promise<StreamParts> {
    try {
      const { warnings, events, answer } = await this.#begin(call);
      const first = await events.next();
      return this.#parts({ warnings, first, events, answer, onEnd });
    } catch (error) {
      onEnd();
      throw error;
    }
  }

  async #begin(call: LanguageModelV3CallOptions) {
    const { abortSignal } = call;
    const load = abortSignal === undefined ? {} : { signal: abortSignal };
    try {
      const model = await this.#client.loadModel(this.modelId, load);
      const { options, warnings } = toGenerateOptions(call, model, this.#settings);
      const hasTools = options.tools !== undefined;
      const answer = new AnswerParts(hasTools ? createToolCallReader(model, options) : null);
      const events = withAborts(this.#client.generate(options), abortSignal);
      return { warnings, events, answer };
    } catch (error) {
      throw asAbort(error, abortSignal);
    }
  }

  async *#parts({ warnings, first, events, answer, onEnd }: BegunStream): StreamParts {
    const summary = new GenerationSummary();
    try {
      yield { type: 'stream-start', warnings };
      yield { type: 'response-metadata', ...this.#response() };
      for (let next = first; !next.done; next = await events.next()) {
        summary.add(next.value);
        yield* answer.push(textOf(next.value));
      }
      yield* answer.finish();
      const { usage, metadata } = summary;
      const finishReason = summary.finishReason(answer.callCount);
      yield { type: 'finish', finishReason, usage, providerMetadata: metadata };
    } finally {
      onEnd();
      await events.return();
    }
  }

  #response() {
    return { id: `skein-${createSessionId()}`, modelId: this.modelId, timestamp: new Date() };
  }
}

/**
 * Aborts when a signal does; the returned function ends that. `AbortSignal.any` would lose signals
 * that are timeouts to the garbage collector.
 */
function follow(signal: AbortSignal | undefined, controller: AbortController): () => void {
  const abort = () => controller.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);
  return () => signal?.removeEventListener('abort', abort);
}

function textOf(event: GenerationEvent): string {
  return event.type === 'token' || event.type === 'end' ? event.text : '';
}

/** An aborted generation ends as the AI SDK wants it: with an `AbortError`. */
async function* withAborts(
  events: AsyncGenerator<GenerationEvent, void, undefined>,
  signal: AbortSignal | undefined,
): AsyncGenerator<GenerationEvent, void, undefined> {
  try {
    for await (const event of events) {
      if (event.type === 'end' && event.reason === 'aborted') throw abortError(signal);
      yield event;
    }
  } catch (error) {
    throw asAbort(error, signal);
  }
}

function asAbort(error: unknown, signal: AbortSignal | undefined): unknown {
  return isSkeinError(error) && error.code === 'aborted' ? abortError(signal) : error;
}

function abortError(signal: AbortSignal | undefined): unknown {
  const { reason } = signal ?? {};
  return reason instanceof Error ? reason : new DOMException('aborted', 'AbortError');
}
