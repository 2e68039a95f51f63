import type { Clock } from '../../../clock.js';
import type { ChoiceEvent, ToolCallDelta } from '../../generation/generation-request.js';
import type { Generation } from '../../generation/generations.js';
import { toGatewayError } from '../../http/api-error.js';
import type { GatewayContext, GatewayServices } from '../../http/gateway-context.js';
import { parseBody } from '../../http/parse-body.js';
import { jsonLines, type ServerSentEvent } from '../../http/server-sent-events.js';
import { type AnswerFormat, answerGeneration } from '../answer-generation.js';
import { tokenLogProbability } from '../generation-objects.js';
import { TokenTexts } from '../token-text.js';
import {
  ollamaChatSchema,
  ollamaChatToGeneration,
  ollamaGenerateSchema,
  ollamaGenerateToGeneration,
} from './ollama-schema.js';

/** `POST /api/chat`. */
export async function handleOllamaChat(
  context: GatewayContext,
  services: GatewayServices,
): Promise<Response> {
  const body = await parseBody(context, ollamaChatSchema);
  const request = ollamaChatToGeneration(body);
  const answer = new OllamaAnswer(body, services, ({ text, calls }) => ({
    message: { role: 'assistant', content: text, ...(calls.length > 0 && { tool_calls: calls }) },
  }));
  return await answer.respond(context, request, 'ollama-chat');
}

/** `POST /api/generate`. */
export async function handleOllamaGenerate(
  context: GatewayContext,
  services: GatewayServices,
): Promise<Response> {
  const body = await parseBody(context, ollamaGenerateSchema);
  const request = ollamaGenerateToGeneration(body);
  const answer = new OllamaAnswer(body, services, ({ text }) => ({ response: text }));
  return await answer.respond(context, request, 'ollama-generate');
}

/** Names may come with the tag that Ollama gives to every model. */
export function withoutTag(model: string): string {
  return model.replace(/:latest$/, '');
}

/** A part of an answer. */
interface Part {
  readonly text: string;
  readonly calls: readonly object[];
}

type Request = Parameters<typeof answerGeneration>[2]['request'];

/** Writes one answer, as lines of JSON or as one object. */
class OllamaAnswer {
  readonly #body: { readonly model: string; readonly stream?: boolean | null | undefined };
  readonly #services: GatewayServices;
  readonly #show: (part: Part) => object;
  readonly #startedAtMs: number;
  #firstAtMs: number | null = null;

  constructor(
    body: { readonly model: string; readonly stream?: boolean | null | undefined },
    services: GatewayServices,
    show: (part: Part) => object,
  ) {
    this.#body = body;
    this.#services = services;
    this.#show = show;
    this.#startedAtMs = services.clock.now();
  }

  async respond(
    context: GatewayContext,
    request: Request | null,
    endpoint: string,
  ): Promise<Response> {
    const model = withoutTag(this.#body.model);
    if (request === null) return await this.#respondLoaded(context, model);
    const format: AnswerFormat = {
      encoding: jsonLines,
      whole: (generation) => this.#whole(generation),
      events: (generation) => this.#lines(generation),
      failure: (error) => [line({ error: toGatewayError(error).message })],
    };
    return await answerGeneration(context, this.#services, {
      endpoint,
      request: { ...request, model },
      // Ollama streams unless told otherwise.
      isStream: this.#body.stream !== false,
      format,
    });
  }

  /** Ollama loads a model when nothing is asked of it; here, it has to be in the swarm. */
  async #respondLoaded(context: GatewayContext, model: string): Promise<Response> {
    await this.#services.generations.resolve(model, context.get('caller'), {
      signal: context.req.raw.signal,
    });
    const part = this.#show({ text: '', calls: [] });
    return context.json({ ...this.#head(), ...part, done: true, done_reason: 'load' });
  }

  async #whole(generation: Generation): Promise<object> {
    const calls = new CallCollector();
    const logprobs: object[] = [];
    const isLogged = generation.request.topLogProbabilities !== null;
    const texts = new TokenTexts(generation.model);
    let text = '';
    let reason = 'stop';
    for await (const event of generation.events) {
      this.#note(event);
      text += event.text;
      if (event.type === 'end') reason = event.reason;
      else {
        calls.take(event.toolCalls);
        if (isLogged) logprobs.push(tokenLogProbability(event, texts));
      }
    }
    const part = this.#show({ text, calls: calls.all() });
    const logged = isLogged ? { logprobs } : {};
    return { ...this.#head(), ...part, ...logged, ...this.#tail(generation, reason) };
  }

  async *#lines(generation: Generation): AsyncGenerator<ServerSentEvent, void, undefined> {
    const calls = new CallCollector();
    const texts = new TokenTexts(generation.model);
    const isLogged = generation.request.topLogProbabilities !== null;
    for await (const event of generation.events) {
      this.#note(event);
      const finished = calls.take(event.type === 'token' ? event.toolCalls : []);
      if (event.type === 'end') finished.push(...calls.rest());
      const logged =
        isLogged && event.type === 'token'
          ? { logprobs: [tokenLogProbability(event, texts)] }
          : null;
      if (event.text !== '' || finished.length > 0 || logged !== null) {
        const part = this.#show({ text: event.text, calls: finished });
        yield line({ ...this.#head(), ...part, ...logged, done: false });
      }
      if (event.type === 'token') continue;
      const last = this.#show({ text: '', calls: [] });
      yield line({ ...this.#head(), ...last, ...this.#tail(generation, event.reason) });
    }
  }

  #note(event: ChoiceEvent): void {
    if (event.type === 'token') this.#firstAtMs ??= this.#services.clock.now();
  }

  #head() {
    const created_at = new Date(this.#services.nowSeconds() * 1000).toISOString();
    return { model: this.#body.model, created_at };
  }

  #tail(generation: Generation, reason: string) {
    const { promptTokens, completionTokens } = generation.usage();
    const now = this.#services.clock.now();
    const firstAtMs = this.#firstAtMs ?? now;
    return {
      done: true,
      done_reason: reason === 'length' ? 'length' : 'stop',
      total_duration: nanoseconds(now - this.#startedAtMs),
      load_duration: 0,
      prompt_eval_count: promptTokens,
      prompt_eval_duration: nanoseconds(firstAtMs - this.#startedAtMs),
      eval_count: completionTokens,
      eval_duration: nanoseconds(now - firstAtMs),
    };
  }
}

/** Puts calls together: Ollama tells of whole ones. */
class CallCollector {
  readonly #calls: { name: string; text: string }[] = [];
  #told = 0;

  /** Takes parts of calls and returns those that are whole now. */
  take(deltas: readonly ToolCallDelta[]): object[] {
    for (const { start, arguments: part } of deltas) {
      if (start !== null) this.#calls.push({ name: start.name, text: '' });
      const call = this.#calls.at(-1);
      if (call !== undefined) call.text += part;
    }
    return this.#tell(this.#calls.length - 1);
  }

  /** Those that were not returned yet. */
  rest(): object[] {
    return this.#tell(this.#calls.length);
  }

  all(): object[] {
    return this.#calls.flatMap(toObject);
  }

  #tell(end: number): object[] {
    const told = this.#calls.slice(this.#told, end).flatMap(toObject);
    this.#told = Math.max(this.#told, end);
    return told;
  }
}

/** A call that was cut has no arguments that could be told. */
function toObject({ name, text }: { name: string; text: string }): object[] {
  try {
    return [{ function: { name, arguments: JSON.parse(text) as object } }];
  } catch {
    return [];
  }
}

function line(value: object): ServerSentEvent {
  return { data: JSON.stringify(value) };
}

function nanoseconds(elapsedMs: ReturnType<Clock['now']>): number {
  return Math.round(elapsedMs * 1e6);
}
