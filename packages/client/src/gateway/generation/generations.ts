import { isSkeinError, type ModelHash, SkeinError, type TokenId } from '@skein/protocol';
import type { SkeinClient } from '../../client/client.js';
import { encodePrompt } from '../../client/encode-prompt.js';
import type { Clock, Random } from '../../clock.js';
import type { PromptOptions } from '../../generate/generation-types.js';
import { compileFormat } from '../../grammar/index.js';
import type { LoadedModel } from '../../model/model-store.js';
import { createSeed } from '../../sampling/index.js';
import { type ToolOptions, toolFormat } from '../../tools/index.js';
import type { FairQueue } from '../admission/fair-queue.js';
import type { QuotaLedger } from '../admission/quota-ledger.js';
import { gatewayLimits } from '../gateway-limits.js';
import { GatewayError } from '../http/gateway-error.js';
import type { GatewayMetrics } from '../metrics.js';
import { type ModelAlias, pickTarget } from '../models/model-aliases.js';
import type { SessionPool } from '../sessions/session-pool.js';
import { checkContext } from './check-context.js';
import type {
  Caller,
  ChoiceEvent,
  GenerationRequest,
  GenerationUsage,
} from './generation-request.js';
import { mergeChoices } from './merge-choices.js';
import { isReproducible, type ResponseCache, responseKey } from './response-cache.js';
import { runChoice } from './run-choice.js';
import { UsageCounter } from './usage-counter.js';

/** Collaborators of {@link Generations}. */
export interface GenerationsOptions {
  readonly client: SkeinClient;
  readonly clock: Clock;
  readonly random: Random;
  /** Null: every model of the swarm under its own name. */
  readonly aliases: ReadonlyMap<string, ModelAlias> | null;
  readonly queue: FairQueue;
  readonly quotas: QuotaLedger;
  readonly pool: SessionPool;
  readonly cache: ResponseCache | null;
  readonly metrics: GatewayMetrics;
}

/** A request that has been understood and runs while its events are read. */
export interface Generation {
  /** The model behind the alias. */
  readonly model: LoadedModel;
  readonly request: GenerationRequest;
  readonly prompts: readonly (readonly TokenId[])[];
  /** Leaving the loop ends all sessions of the request. */
  readonly events: AsyncGenerator<ChoiceEvent, void, undefined>;
  readonly isFromCache: boolean;
  usage(): GenerationUsage;
}

/** Turns requests into running generations. */
export class Generations {
  readonly #options: GenerationsOptions;
  readonly #running = new Set<AbortController>();
  #stopping: Promise<void> | null = null;
  #onIdle = () => {};

  constructor(options: GenerationsOptions) {
    this.#options = options;
  }

  /**
   * Checks a request against quotas and the model, and prepares it. Nothing is computed until the
   * events are read.
   *
   * @throws GatewayError for quotas and while stopping; SkeinError `model-unknown`,
   *   `context-exceeded`, `bad-argument`
   */
  async start(
    request: GenerationRequest,
    caller: Caller,
    options: { readonly endpoint: string; readonly signal: AbortSignal },
  ): Promise<Generation> {
    if (this.#stopping !== null) throw stopping();
    this.#admit(caller);
    const { metrics, cache } = this.#options;
    const { user } = request;
    const model = await this.resolve(request.model, caller, { user, signal: options.signal });
    const prompts = request.prompts.map((prompt) =>
      encodeWhole(model, { ...prompt, ...request.tools }),
    );
    const { contextLength: longest } = model.manifest.config;
    const contextLength = Math.min(longest, request.contextMax ?? longest);
    for (const tokens of prompts) {
      checkContext(tokens, { maxTokens: request.maxTokens, contextLength });
    }
    requireFormat(model, request);
    const usage = new UsageCounter(prompts, request.choicesPerPrompt);
    const labels = {
      model: request.model,
      target: model.manifest.name,
      endpoint: options.endpoint,
    };
    const facts = { model: model.hash, caller, prompts };
    const key = cache === null ? null : responseKey(request, facts);
    const stored = key === null ? null : (cache?.get(key) ?? null);
    metrics.requests.inc(labels);
    const basis = { model, prompts, request };
    if (stored !== null) {
      metrics.cachedResponses.inc(labels);
      const events = replay(stored.events);
      return { ...basis, events, isFromCache: true, usage: () => stored.usage };
    }
    const run = { request, caller, model, prompts, usage, labels, key };
    const events = this.#run(run, options.signal);
    return { ...basis, events, isFromCache: false, usage: () => usage.sum() };
  }

  /**
   * The model behind a name that is served.
   * @param options.user whom it is asked for; default: whoever the key belongs to
   * @throws SkeinError `model-unknown`
   */
  async resolve(
    name: string,
    caller: Caller,
    { user, signal }: { readonly user?: string | null; readonly signal: AbortSignal },
  ): Promise<LoadedModel> {
    const { client, aliases, random } = this.#options;
    const alias = aliases === null ? ownName(name) : aliases.get(name);
    if (alias === undefined) throw unknownModel(name, [...(aliases?.keys() ?? [])]);
    const identity = user ?? (caller.isAuthenticated ? caller.key.name : null);
    const target = pickTarget(alias, identity, random);
    return await client.loadModel(target.model, { signal });
  }

  /** Takes no more requests, lets running ones end for a while, then ends them. Idempotent. */
  stop(options: { readonly drainMs: number }): Promise<void> {
    this.#stopping ??= this.#drain(options);
    return this.#stopping;
  }

  async #drain({ drainMs }: { readonly drainMs: number }): Promise<void> {
    if (this.#running.size === 0) return;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    const cancel = this.#options.clock.schedule(drainMs, () => {
      for (const controller of this.#running) controller.abort(stopping());
    });
    await idle;
    cancel();
  }

  async *#run(run: Run, signal: AbortSignal): AsyncGenerator<ChoiceEvent, void, undefined> {
    const controller = new AbortController();
    const abort = () => controller.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    this.#running.add(controller);
    const { metrics, cache, quotas, clock } = this.#options;
    const startedAtMs = clock.now();
    let firstAtMs: number | null = null;
    const events: ChoiceEvent[] = [];
    try {
      const choices = this.#choices(run, controller.signal);
      for await (const event of mergeChoices(choices, () => controller.abort())) {
        if (firstAtMs === null) {
          firstAtMs = clock.now();
          metrics.firstTokenSeconds.observe(run.labels, (firstAtMs - startedAtMs) / 1000);
        }
        if (run.key !== null) events.push(event);
        yield event;
      }
      if (run.key !== null) cache?.set(run.key, { events, usage: run.usage.sum() });
    } catch (error) {
      // What the gateway itself ended says why.
      const { reason } = controller.signal;
      if (isSkeinError(error) && error.code === 'aborted' && reason instanceof GatewayError) {
        throw reason;
      }
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#running.delete(controller);
      if (this.#running.size === 0) this.#onIdle();
      const { promptTokens, cachedTokens, completionTokens } = run.usage.sum();
      quotas.charge(run.caller.key, promptTokens + completionTokens);
      metrics.tokens.inc({ ...run.labels, kind: 'prompt' }, promptTokens - cachedTokens);
      metrics.tokens.inc({ ...run.labels, kind: 'cached' }, cachedTokens);
      metrics.tokens.inc({ ...run.labels, kind: 'completion' }, completionTokens);
      metrics.requestSeconds.observe(run.labels, (clock.now() - startedAtMs) / 1000);
    }
  }

  #choices(run: Run, signal: AbortSignal): AsyncGenerator<ChoiceEvent, void, undefined>[] {
    const { request, caller, model, usage, labels } = run;
    const { client, queue, pool, metrics } = this.#options;
    const isExact = isReproducible(request);
    // One seed a choice: they would all say the same.
    const firstSeed = request.sampling.seed ?? createSeed();
    return run.prompts.flatMap((tokens, prompt) =>
      Array.from({ length: request.choicesPerPrompt }, (_, index) => {
        const choice = prompt * request.choicesPerPrompt + index;
        return runChoice(
          { client, queue, pool },
          {
            request,
            caller,
            choice,
            lease: {
              model: model.hash,
              owner: caller.key.name,
              priority: request.priority,
              tokens,
              isExact,
              signal,
            },
            seed: (firstSeed + index) % Number.MAX_SAFE_INTEGER,
            onStarted: (reusedTokens) => usage.noteStart(choice, reusedTokens),
            onToken: () => usage.noteToken(),
            onReroute: () => metrics.reroutes.inc(labels),
          },
        );
      }),
    );
  }

  #admit({ key }: Caller): void {
    const verdict = this.#options.quotas.admit(key);
    if (verdict.kind === 'admitted') return;
    const { quota, limit, retryAfterMs } = verdict;
    this.#options.metrics.refusals.inc({ reason: quota });
    throw new GatewayError(`the key ${key.name} has used up its ${limit} ${quota}`, {
      status: 429,
      code: quota === 'tokens-per-day' ? 'insufficient_quota' : 'rate_limit_exceeded',
      retryAfterMs,
      details: { quota, limit },
    });
  }
}

interface Run {
  readonly request: GenerationRequest;
  readonly caller: Caller;
  readonly model: LoadedModel & { readonly hash: ModelHash };
  readonly prompts: readonly (readonly TokenId[])[];
  readonly usage: UsageCounter;
  readonly labels: { readonly model: string; readonly target: string; readonly endpoint: string };
  /** Under which the response cache will have the answer; null: it will not. */
  readonly key: string | null;
}

async function* replay(
  events: readonly ChoiceEvent[],
): AsyncGenerator<ChoiceEvent, void, undefined> {
  yield* events;
}

/** @throws SkeinError `bad-argument` for an empty prompt */
function encodeWhole(model: LoadedModel, prompt: PromptOptions & ToolOptions): readonly TokenId[] {
  const { tokens } = encodePrompt(model, prompt, { isContinuation: false });
  if (tokens.length > 0) return tokens;
  throw new SkeinError('bad-argument', 'the prompt is empty');
}

/** @throws GatewayError that names the parameter, for a format or tools that cannot be enforced */
function requireFormat(model: LoadedModel, { format: requested, tools }: GenerationRequest): void {
  const { format: responseFormat } = requested;
  const hasTools = (tools.tools ?? []).length > 0;
  let { param } = requested;
  try {
    compileFormat(model, responseFormat);
    if (hasTools) param = 'tools';
    compileFormat(model, toolFormat(model, { ...tools, responseFormat }));
  } catch (cause) {
    if (!isSkeinError(cause)) throw cause;
    const isOfTools = hasTools && cause.code === 'model-unsupported';
    if (cause.code !== 'bad-argument' && !isOfTools) throw cause;
    throw new GatewayError(cause.message, { status: 400, code: 'invalid_value', param, cause });
  }
}

function ownName(name: string): ModelAlias {
  return { name, targets: [{ model: name, weight: 1 }] };
}

function unknownModel(name: string, served: readonly string[]): SkeinError {
  const text = `this gateway serves no model "${name}": it has ${served.join(', ')}`;
  return new SkeinError('model-unknown', text);
}

function stopping(): GatewayError {
  return new GatewayError('the gateway is stopping', {
    status: 503,
    code: 'stopping',
    retryAfterMs: gatewayLimits.busyRetryAfterMs,
  });
}
