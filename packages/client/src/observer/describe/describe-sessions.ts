import type { PeerId } from '@skein/protocol';
import {
  type ApiEdge,
  type ApiSession,
  httpApiLimits,
  type SessionsAnswer,
} from '@skein/protocol/http-api';
import { observerLimits } from '../observer-limits.js';
import type { ObservedPeer } from '../watch/observed-peer.js';
import type { JoinedSession, SessionHop } from './join-sessions.js';

/** Sessions, newest first, and the edges between peers. */
export function describeSessions(
  joined: readonly JoinedSession[],
  peers: readonly ObservedPeer[],
  reroutesOf: (id: string) => number,
): SessionsAnswer {
  const sessions = joined
    .map((session) => describeSession(session, reroutesOf(session.id)))
    .sort((left, right) => left.ageMs - right.ageMs);
  return {
    count: sessions.length,
    sessions: sessions.slice(0, httpApiLimits.sessionsMax),
    edges: describeEdges(joined, peers),
  };
}

/** Tokens a second of a session: at any of its hops each token passes once. */
export function sessionRate({ hops }: Pick<JoinedSession, 'hops'>, id: string): number {
  return Math.max(0, ...hops.map(({ peer }) => peer.sessionRates.get(id) ?? 0));
}

function describeSession(session: JoinedSession, reroutes: number): ApiSession {
  const { id, hops, isWhole } = session;
  const { record } = (hops[0] as SessionHop).peer;
  return {
    id,
    model: { hash: record.model, name: record.modelName },
    route: hops.map(({ peer, part }) => ({ peer: peer.id, name: peer.name, span: part.span })),
    isWhole,
    contextTokens: Math.max(...hops.map(({ part }) => part.tokens)),
    tokensPerSecond: rounded(sessionRate(session, id)),
    reroutes,
    ageMs: Math.max(...hops.map(({ part }) => part.ageMs)),
    isIdle: Math.min(...hops.map(({ part }) => part.idleMs)) > observerLimits.idleSessionMs,
  };
}

function describeEdges(
  joined: readonly JoinedSession[],
  peers: readonly ObservedPeer[],
): ApiEdge[] {
  const edges = new Map<string, { -readonly [Field in keyof ApiEdge]: ApiEdge[Field] }>();
  const edge = (from: PeerId, to: PeerId) => {
    const key = `${from} ${to}`;
    const known = edges.get(key);
    if (known !== undefined) return known;
    const fresh = { from, to, roundTripMs: null, sessions: 0, tokensPerSecond: 0 };
    edges.set(key, fresh);
    return fresh;
  };
  for (const session of joined) {
    const rate = sessionRate(session, session.id);
    for (const [index, { peer }] of session.hops.entries()) {
      const next = session.hops[index + 1];
      if (next === undefined) continue;
      const flow = edge(peer.id, next.peer.id);
      flow.sessions += 1;
      flow.tokensPerSecond = rounded(flow.tokensPerSecond + rate);
    }
  }
  const known = new Set(peers.map(({ id }) => id));
  for (const { id, status } of peers) {
    for (const { peer, roundTripMs } of status?.neighbours ?? []) {
      if (known.has(peer)) edge(id, peer).roundTripMs = roundTripMs;
    }
  }
  return [...edges.values()]
    .sort((left, right) => right.sessions - left.sessions)
    .slice(0, httpApiLimits.edgesMax);
}

/** Three digits after the point: more say nothing, and make the answers long. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
