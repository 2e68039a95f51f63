import { withTimeLimit } from '@skein/look';
import { chatLimits } from '../chat-limits.js';
import { readEventStream } from './event-stream.js';
import { ApiError, describeError } from './failure.js';
import { parseRouteNews, type RouteNews } from './route-news.js';

/** A message as the API takes it. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Null is the gateway's default. */
export interface Parameters {
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly maxTokens: number | null;
  readonly seed: number | null;
}

export interface Question extends Parameters {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
}

/** What an answer is made of. */
export type AnswerEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'news'; readonly news: RouteNews }
  | { readonly type: 'end'; readonly reason: 'stop' | 'length' }
  | { readonly type: 'usage'; readonly tokens: number };

interface CallOptions {
  readonly key: string;
  readonly signal?: AbortSignal;
}

/**
 * The names that can be asked for.
 * @throws ApiError; TypeError when nobody answers
 */
export async function fetchModels({ key }: CallOptions): Promise<readonly string[]> {
  const body = await withTimeLimit(chatLimits.requestMs, async (signal) => {
    const response = await call('v1/models', { headers: headersFor(key), signal });
    return (await response.json()) as { data?: readonly { id?: unknown }[] };
  });
  const ids = (body.data ?? []).map(({ id }) => id);
  return ids.filter((id) => typeof id === 'string');
}

/**
 * Where the gateway shows the swarm, as it says itself; null where it does not. Only a path of its own is
 * taken.
 * @throws ApiError; TypeError when nobody answers
 */
export async function fetchDashboardPath(): Promise<string | null> {
  const body = await withTimeLimit(chatLimits.requestMs, async (signal) => {
    const response = await call('healthz', { signal });
    return (await response.json()) as { dashboard?: unknown };
  });
  const { dashboard } = body;
  return typeof dashboard === 'string' && /^\/[\w-]+\/$/.test(dashboard) ? dashboard : null;
}

/**
 * Asks, and yields the answer as it comes.
 * @throws ApiError; TypeError when nobody answers; Error `incomplete` for a stream without an end
 */
export async function* ask(
  question: Question,
  options: CallOptions,
): AsyncGenerator<AnswerEvent, void, undefined> {
  const response = await call('v1/chat/completions', {
    method: 'POST',
    headers: {
      ...headersFor(options.key),
      'content-type': 'application/json',
      'x-skein-events': '1',
    },
    body: JSON.stringify(bodyFor(question)),
    signal: options.signal ?? null,
  });
  if (response.body === null) throw new Error('incomplete');
  for await (const { event, data } of readEventStream(response.body)) {
    if (data === '[DONE]') return;
    if (event === 'skein') {
      const news = parseRouteNews(data);
      if (news !== null) yield { type: 'news', news };
    } else {
      yield* chunkEvents(JSON.parse(data) as Chunk);
    }
  }
  throw new Error('incomplete');
}

function bodyFor({ model, messages, temperature, topP, maxTokens, seed }: Question) {
  return {
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
    ...(temperature !== null && { temperature }),
    ...(topP !== null && { top_p: topP }),
    ...(maxTokens !== null && { max_tokens: maxTokens }),
    ...(seed !== null && { seed }),
  };
}

interface Chunk {
  readonly error?: unknown;
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly completion_tokens?: number } | null;
}

function* chunkEvents(chunk: Chunk): Generator<AnswerEvent, void, undefined> {
  if (chunk.error !== undefined) throw new ApiError(describeError(chunk, { status: null }));
  const [choice] = chunk.choices ?? [];
  if (choice?.delta?.content) yield { type: 'text', text: choice.delta.content };
  if (choice?.finish_reason) {
    yield { type: 'end', reason: choice.finish_reason === 'length' ? 'length' : 'stop' };
  }
  const tokens = chunk.usage?.completion_tokens;
  if (tokens !== undefined) yield { type: 'usage', tokens };
}

function headersFor(key: string): Record<string, string> {
  return key === '' ? {} : { authorization: `Bearer ${key}` };
}

async function call(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, { ...init, cache: 'no-store', credentials: 'omit' });
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  throw new ApiError(
    describeError(body, {
      status: response.status,
      ...(Number.isFinite(retryAfter) && { retryAfterSeconds: retryAfter }),
    }),
  );
}
