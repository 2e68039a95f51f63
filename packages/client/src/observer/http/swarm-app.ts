import { isSkeinError } from '@skein/protocol';
import {
  type ApiFailure,
  type HistoryRange,
  historyRangeSchema,
  httpApiPaths,
} from '@skein/protocol/http-api';
import { type Context, Hono } from 'hono';
import { type Clock, systemClock } from '../../clock.js';
import type { Observer } from '../observer.js';
import { observerLimits } from '../observer-limits.js';
import { answerLive } from './answer-live.js';
import { LiveFeed } from './live-feed.js';

/** A page: `Pages` of `@skein/client/pages`. */
export interface ServedPage {
  /** Null for what is no file of it. */
  answer(request: Request): Response | null;
}

/** Options of {@link createSwarmApp}. */
export interface SwarmAppOptions {
  /** Null until there is something to observe. */
  readonly observer: () => Observer | null;
  /** The page; null: the JSON alone. */
  readonly page: ServedPage | null;
  /** Where the page is, as it was loaded: `/` or `/dashboard/`. */
  readonly pagePath: string;
  /** Only requests to a name of this machine are answered: the server listens on loopback. */
  readonly isLocal: boolean;
  /** Text of `/metrics`; left out where another app has it. */
  readonly metrics?: () => Promise<{ readonly text: string; readonly contentType: string }>;
  /** Further paths with JSON, such as `/healthz`. */
  readonly more?: Readonly<Record<string, () => { readonly status: 200 | 503; body: object }>>;
  /** Default: the platform's. */
  readonly clock?: Clock;
}

/** The API and the page without a socket. */
export interface SwarmApp {
  fetch(request: Request): Promise<Response>;
  /** Whether a path is this app's. */
  has(path: string): boolean;
  /** Ends the live streams. */
  stop(): void;
}

type Status = 200 | 400 | 403 | 404 | 405 | 429 | 503;

/** Makes the app that answers the HTTP API of a swarm's health. Read-only. */
export function createSwarmApp(options: SwarmAppOptions): SwarmApp {
  const feeds = new Feeds(options.clock ?? systemClock);
  const app = new Hono();
  app.use(async (context, next) => {
    if (options.isLocal && !isLocalName(context.req.header('host'))) {
      const text = 'this server answers to localhost only: ask for it by that name';
      return failure(context, 403, 'host-not-allowed', text);
    }
    if (context.req.method !== 'GET' && context.req.method !== 'HEAD') {
      return failure(context, 405, 'read-only', 'this server is read-only: GET and HEAD');
    }
    await next();
    harden(context);
    return undefined;
  });
  addApi(app, options, feeds);
  addMore(app, options);
  addPage(app, options);
  app.notFound((context) =>
    failure(context, 404, 'unknown-path', `there is no ${context.req.path} here`),
  );
  app.onError((error, context) => {
    if (isSkeinError(error) && error.code === 'busy') {
      return failure(context, 429, error.code, error.message);
    }
    return failure(context, 503, 'internal', 'the answer failed');
  });
  const own = [...Object.values(httpApiPaths), ...Object.keys(options.more ?? {})];
  return {
    fetch: async (request) => await app.fetch(request),
    has: (path) =>
      own.some((prefix) => path === prefix || path.startsWith(`${prefix.replace(/\/$/, '')}/`)) ||
      (options.metrics !== undefined && path === '/metrics') ||
      path === options.pagePath.replace(/\/$/, '') ||
      path.startsWith(options.pagePath),
    stop: () => feeds.stop(),
  };
}

function addApi(app: Hono, options: SwarmAppOptions, feeds: Feeds): void {
  const observed =
    (answer: (observer: Observer, context: Context) => Promise<Response> | Response) =>
    async (context: Context) => {
      const observer = options.observer();
      if (observer === null) {
        return failure(context, 503, 'not-ready', 'this node has not joined the swarm yet');
      }
      observer.attend();
      return await answer(observer, context);
    };
  const { swarm, models, peers, sessions, history, reachable, events } = httpApiPaths;
  app.get(
    swarm,
    observed((observer, context) => context.json(observer.swarm())),
  );
  app.get(
    models,
    observed((observer, context) => context.json(observer.models())),
  );
  app.get(
    sessions,
    observed((observer, context) => context.json(observer.sessions())),
  );
  app.get(
    `${peers}:id`,
    observed((observer, context) => {
      const peer = observer.peer(context.req.param('id') ?? '');
      return peer === null ? unknownPeer(context) : context.json(peer);
    }),
  );
  app.get(
    `${reachable}:id`,
    observed(async (observer, context) => {
      const { signal } = context.req.raw;
      const answer = await observer.reachable(context.req.param('id') ?? '', { signal });
      return answer === null ? unknownPeer(context) : context.json(answer);
    }),
  );
  app.get(history, observed(answerHistory));
  app.get(
    events,
    observed((observer, context) => {
      const feed = feeds.of(observer);
      if (feed.readerCount >= observerLimits.liveReadersMax) {
        return failure(context, 429, 'busy', 'too many read the live stream already');
      }
      return answerLive(feed, context.req.header('last-event-id'));
    }),
  );
}

function answerHistory(observer: Observer, context: Context): Response {
  const range = historyRangeSchema.safeParse(context.req.query('range') ?? 'hour');
  if (!range.success) {
    return failure(context, 400, 'bad-argument', 'range is one of hour, day and week');
  }
  const model = context.req.query('model') ?? null;
  const wanted: HistoryRange = range.data;
  const answer = observer.history({ model: model === '' ? null : model, range: wanted });
  if (answer !== null) return context.json(answer);
  return failure(context, 404, 'model-unknown', 'nothing is known of this model');
}

function addMore(app: Hono, { more = {}, metrics }: SwarmAppOptions): void {
  for (const [path, answer] of Object.entries(more)) {
    app.get(path, (context) => {
      const { status, body } = answer();
      return context.json(body, status);
    });
  }
  if (metrics === undefined) return;
  app.get('/metrics', async (context) => {
    const { text, contentType } = await metrics();
    return context.body(text, 200, { 'content-type': contentType });
  });
}

function addPage(app: Hono, { page, pagePath }: SwarmAppOptions): void {
  app.get('*', async (context, next) => {
    const answer = page?.answer(context.req.raw) ?? null;
    if (answer !== null) return answer;
    if (page !== null || context.req.path !== pagePath) return await next();
    const text = `the page is not built; the same as JSON is at ${httpApiPaths.swarm}`;
    return failure(context, 404, 'no-page', text);
  });
}

function unknownPeer(context: Context): Response {
  return failure(context, 404, 'peer-unknown', 'this peer is not known here');
}

function failure(context: Context, status: Status, code: string, message: string): Response {
  const body: ApiFailure = { error: { code, message } };
  return context.json(body, status);
}

/** What is no file of the page, which has headers of its own, is data: nothing runs in it. */
function harden({ res }: Context): void {
  if (!res.headers.has('content-security-policy')) {
    res.headers.set('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
  }
  if (!res.headers.has('cache-control')) res.headers.set('cache-control', 'no-store');
  res.headers.set('x-content-type-options', 'nosniff');
  res.headers.set('referrer-policy', 'no-referrer');
}

/**
 * A page in a browser on this machine must not reach us under a name that leads here: such requests
 * carry that name.
 */
function isLocalName(host: string | undefined): boolean {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d+)?$/.exec(host ?? 'localhost')?.[1]?.toLowerCase() ?? '';
  return name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name);
}

/** One feed for each observer: there is one, but not from the beginning. */
class Feeds {
  readonly #clock: Clock;
  #feed: { readonly observer: Observer; readonly feed: LiveFeed } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(observer: Observer): LiveFeed {
    if (this.#feed?.observer !== observer) {
      this.#feed?.feed.stop();
      this.#feed = { observer, feed: new LiveFeed(observer, this.#clock) };
    }
    return this.#feed.feed;
  }

  stop(): void {
    this.#feed?.feed.stop();
  }
}
