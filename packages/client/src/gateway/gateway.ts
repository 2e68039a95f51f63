import { SkeinError } from '@skein/protocol';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { systemClock } from '../clock.js';
import { FairQueue } from './admission/fair-queue.js';
import { QuotaLedger } from './admission/quota-ledger.js';
import { handleMessages } from './endpoints/anthropic/messages.js';
import { handleChatCompletions } from './endpoints/chat-completions.js';
import { handleCompletions } from './endpoints/completions.js';
import { handleHealth, handleReadiness } from './endpoints/health.js';
import { handleMetrics } from './endpoints/metrics.js';
import { handleModel, handleModels } from './endpoints/models.js';
import { handleOllamaChat, handleOllamaGenerate } from './endpoints/ollama/ollama-answers.js';
import {
  handleOllamaShow,
  handleOllamaTags,
  handleOllamaVersion,
} from './endpoints/ollama/ollama-models.js';
import { handleResponses } from './endpoints/responses.js';
import { gatewayLimits } from './gateway-limits.js';
import type { GatewayEvent, GatewayOptions } from './gateway-options.js';
import { Generations } from './generation/generations.js';
import { ResponseCache } from './generation/response-cache.js';
import { apiErrorHeaders, toGatewayError } from './http/api-error.js';
import { errorBodyFor } from './http/api-styles.js';
import type { GatewayEnvironment, GatewayServices } from './http/gateway-context.js';
import { GatewayError } from './http/gateway-error.js';
import { authenticate, identifyRequests } from './http/request-guards.js';
import { servePages } from './http/serve-pages.js';
import { GatewayMetrics } from './metrics.js';
import type { ModelAlias } from './models/model-aliases.js';
import { SessionPool } from './sessions/session-pool.js';

/** An OpenAI-compatible server without a socket. */
export interface Gateway {
  /** Answers a request: for any server that speaks the Fetch API. */
  fetch(request: Request): Promise<Response>;
  /**
   * Refuses new requests, lets running ones end, then ends the sessions that were kept. Idempotent.
   * @param options.drainMs running answers are ended after so long. Default: 30 s
   */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
}

/**
 * Makes a gateway on a client.
 * @throws SkeinError `bad-argument` for numbers out of range, and for names that clash
 */
export function createGateway(options: GatewayOptions): Gateway {
  const { pool, services } = createServices(options);
  const app = createApp(services, options);
  return {
    fetch: async (request) => await app.fetch(request),
    async stop({ drainMs = gatewayLimits.drainMs } = {}) {
      await services.generations.stop({ drainMs });
      await pool.dropAll();
    },
  };
}

function createServices(options: GatewayOptions): { services: GatewayServices; pool: SessionPool } {
  const { client, clock = systemClock, random = Math.random, nowMs = Date.now } = options;
  const { concurrencyMax, keptSessionsMax } = gatewayLimits;
  const places = options.concurrency ?? gatewayLimits.concurrencyDefault;
  const sessionsMax = options.keptSessions ?? gatewayLimits.keptSessionsDefault;
  requireWhole('concurrency', places, { min: 1, max: concurrencyMax });
  requireWhole('keptSessions', sessionsMax, { min: 0, max: keptSessionsMax });
  requireDifferent('keys', options.keys ?? []);
  const { waitingMax, waitingPerKeyMax, waitMsMax } = gatewayLimits;
  const queue = new FairQueue(clock, { places, waitingMax, waitingPerKeyMax, waitMsMax });
  const pool = new SessionPool(client, clock, {
    sessionsMax,
    tokensMax: gatewayLimits.keptTokensMax,
    idleMsMax: gatewayLimits.keptIdleMs,
  });
  const { responseCache } = options;
  const cache =
    responseCache === undefined
      ? null
      : new ResponseCache(clock, {
          bytesMax: responseCache.bytesMax,
          ageMsMax: responseCache.ageMsMax ?? gatewayLimits.responseAgeMsDefault,
        });
  const sources = {
    running: () => queue.running,
    waiting: () => queue.waiting,
    keptSessions: () => pool.count,
    keptTokens: () => pool.tokenCount,
  };
  const metrics = new GatewayMetrics(sources, options.registry);
  const aliases = options.models === undefined ? null : byName(options.models);
  const quotas = new QuotaLedger(nowMs);
  const collaborators = { client, clock, random, aliases, queue, quotas, pool, cache, metrics };
  const nowSeconds = () => Math.floor(nowMs() / 1000);
  const services: GatewayServices = {
    client,
    clock,
    aliases,
    metrics,
    nowSeconds,
    startedAtSeconds: nowSeconds(),
    generations: new Generations(collaborators),
    onFailure: (error, requestId) => {
      const { status, code } = toGatewayError(error);
      const isFailure = status >= 500 && code !== 'aborted' && code !== 'stopping';
      if (isFailure) options.onEvent?.({ type: 'failure', requestId, error });
    },
  };
  return { services, pool };
}

function createApp(services: GatewayServices, options: GatewayOptions): Hono<GatewayEnvironment> {
  const app = new Hono<GatewayEnvironment>();
  const guard = authenticate(options.keys ?? []);
  app.use(identifyRequests(() => `req_${crypto.randomUUID().replaceAll('-', '')}`));
  app.use(watch(services, options.onEvent ?? (() => {})));
  if (options.corsOrigins !== undefined) {
    app.use(cors({ origin: [...options.corsOrigins], exposeHeaders: ['x-request-id'] }));
  }
  for (const path of ['/v1/*', '/api/*', '/metrics']) app.use(path, guard);
  const onError = () => {
    const text = `a body has at most ${gatewayLimits.bodyBytesMax} bytes`;
    throw new GatewayError(text, { status: 413, code: 'body_too_large' });
  };
  const limit = bodyLimit({ maxSize: gatewayLimits.bodyBytesMax, onError });
  for (const path of ['/v1/*', '/api/*']) app.use(path, limit);
  app.post('/v1/chat/completions', (context) => handleChatCompletions(context, services));
  app.post('/v1/completions', (context) => handleCompletions(context, services));
  app.post('/v1/responses', (context) => handleResponses(context, services));
  app.post('/v1/messages', (context) => handleMessages(context, services));
  app.post('/api/chat', (context) => handleOllamaChat(context, services));
  app.post('/api/generate', (context) => handleOllamaGenerate(context, services));
  app.post('/api/show', (context) => handleOllamaShow(context, services));
  app.get('/api/tags', (context) => handleOllamaTags(context, services));
  app.get('/api/version', handleOllamaVersion);
  app.get('/v1/models', (context) => handleModels(context, services));
  // Names may hold slashes: `Qwen/Qwen3-8B`.
  app.get('/v1/models/:id{.+}', (context) => handleModel(context, services));
  const { dashboardPath = null } = options;
  app.get('/healthz', (context) => handleHealth(context, dashboardPath));
  app.get('/readyz', (context) => handleReadiness(context, services));
  app.get('/metrics', (context) => handleMetrics(context, services));
  const { pages, keys = [] } = options;
  if (pages !== undefined) app.get('*', servePages(pages, keys.length === 0 ? guard : null));
  app.notFound((context) => {
    const { method, path } = context.req;
    const error = new GatewayError(`there is no ${method} ${path} here`, {
      status: 404,
      code: 'unknown_url',
    });
    return answerError(context, error);
  });
  app.onError((error, context) => {
    services.onFailure(error, context.get('requestId'));
    return answerError(context, error);
  });
  return app;
}

function answerError(context: Context<GatewayEnvironment>, error: unknown): Response {
  const failure = toGatewayError(error);
  const body = errorBodyFor(context.req.path, failure);
  return context.json(body, failure.status, apiErrorHeaders(failure));
}

/** Counts answers, and tells the owner of them. */
function watch(services: GatewayServices, onEvent: (event: GatewayEvent) => void) {
  return async (context: Context<GatewayEnvironment>, next: () => Promise<void>) => {
    const startedAtMs = services.clock.now();
    await next();
    const { status } = context.res;
    services.metrics.answers.inc({ status: String(status) });
    onEvent({
      type: 'request',
      requestId: context.get('requestId'),
      method: context.req.method,
      path: context.req.path,
      key: context.get('caller')?.key.name ?? null,
      status,
      elapsedMs: services.clock.now() - startedAtMs,
    });
  };
}

function byName(models: readonly ModelAlias[]): ReadonlyMap<string, ModelAlias> {
  requireWhole('models', models.length, { min: 1, max: gatewayLimits.aliasesMax });
  requireDifferent('models', models);
  return new Map(models.map((alias) => [alias.name, alias]));
}

function requireDifferent(what: string, entries: readonly { readonly name: string }[]): void {
  const names = entries.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice === undefined) return;
  throw new SkeinError('bad-argument', `two of the ${what} have the name "${twice}"`);
}

function requireWhole(name: string, value: number, { min, max }: { min: number; max: number }) {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  const text = `${name} must be a whole number from ${min} to ${max}, got ${value}`;
  throw new SkeinError('bad-argument', text);
}
