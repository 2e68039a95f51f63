import { withTimeLimit } from '@skein/look';
import type {
  HistoryAnswer,
  HistoryRange,
  httpApiPaths,
  PeerAnswer,
  ReachableAnswer,
} from '@skein/protocol/http-api';
import { dashboardLimits } from '../dashboard-limits.js';

/** The same as the protocol's: importing the value would bring all schemas into the page. */
export const paths: typeof httpApiPaths = {
  swarm: '/api/v1/swarm',
  models: '/api/v1/models',
  peers: '/api/v1/peers/',
  sessions: '/api/v1/sessions',
  history: '/api/v1/history',
  reachable: '/api/v1/reachable/',
  events: '/api/v1/events',
};

/** What a request came to: an answer, or why there is none. */
export type Outcome<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'failure'; readonly text: string };

export async function fetchPeer(id: string, signal: AbortSignal): Promise<Outcome<PeerAnswer>> {
  return await get(`${paths.peers}${encodeURIComponent(id)}`, signal);
}

/** Has the server dial the peer now. */
export async function checkReachable(
  id: string,
  signal: AbortSignal,
): Promise<Outcome<ReachableAnswer>> {
  return await get(`${paths.reachable}${encodeURIComponent(id)}`, signal);
}

/** @param model hash; empty for all models together */
export async function fetchHistory(
  model: string,
  range: HistoryRange,
  signal: AbortSignal,
): Promise<Outcome<HistoryAnswer>> {
  const query = new URLSearchParams({ range, ...(model !== '' && { model }) });
  return await get(`${paths.history}?${query}`, signal);
}

async function get<Answer>(path: string, signal: AbortSignal): Promise<Outcome<Answer>> {
  const ask = async (limited: AbortSignal): Promise<Outcome<Answer>> => {
    const response = await fetch(path, { signal: limited });
    if (response.ok) return { kind: 'answer', answer: (await response.json()) as Answer };
    const body = (await response.json().catch(() => null)) as {
      error?: { message?: unknown };
    } | null;
    const message = body?.error?.message;
    const text = typeof message === 'string' ? message : `The server answered ${response.status}.`;
    return { kind: 'failure', text };
  };
  try {
    return await withTimeLimit(dashboardLimits.requestMs, ask, { signal });
  } catch {
    return { kind: 'failure', text: 'The server does not answer.' };
  }
}
