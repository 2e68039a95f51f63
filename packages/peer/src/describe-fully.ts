import { totalmem } from 'node:os';
import type { SkeinNode } from '@skein/client/network';
import {
  anonymousSessionId,
  limits,
  type PeerId,
  type StatusMessage,
  type StatusNeighbour,
  type StatusSession,
} from '@skein/protocol';
import { type PeerActivity, sentence } from './activity/peer-activity.js';
import { describePeer, type PeerParts } from './describe-peer.js';
import type { HopSession } from './session/hop-session.js';
import type { SessionHost } from './session/session-host.js';
import { peerVersion } from './version.js';

/**
 * What a peer tells an observer of itself: nothing of it says who asked what.
 *
 * @param options.isMember clients are connected too, and are nobody's business
 * @throws SkeinError `busy` before the peer is ready
 */
export function describeFully(
  parts: PeerParts,
  { activity, isMember }: { activity: PeerActivity; isMember(peer: PeerId): boolean },
): Omit<StatusMessage, 'type'> {
  const { node, spans, model } = parts;
  const status = describePeer(parts);
  const engine = spans.current?.engine.info;
  const { step, firstToken, queue, compute } = activity;
  return {
    version: peerVersion,
    engine: sentence(status.engine).slice(0, limits.nameCharactersMax),
    device: sentence(status.device).slice(0, limits.nameCharactersMax),
    uptimeMs: Math.round(status.uptimeMs),
    state: status.state === 'gone' ? 'draining' : status.state,
    model: model.hash,
    span: status.span,
    spanReason: sentence(activity.spanReason),
    weightBytes: status.weightBytes,
    kvBytesMax: (engine?.kvBytesPerToken ?? 0) * status.kvTokensMax,
    deviceBytes: engine?.device === 'cpu' ? totalmem() : 0,
    kvTokensFree: status.kvTokensFree,
    kvTokensMax: status.kvTokensMax,
    queuedRows: status.queuedRows,
    sessions: sessionCount(spans.hosts),
    throughput: {
      decodeBlocksPerSecond: status.decodeBlocksPerSecond,
      prefillBlockRowsPerSecond: status.prefillBlockRowsPerSecond,
    },
    counters: countersOf(parts, activity),
    durations: {
      queue: queue.counts(),
      compute: compute.counts(),
      step: step.counts(),
      firstToken: firstToken.counts(),
    },
    sessionList: newestSessions(spans.hosts),
    neighbours: neighboursOf(node, spans.hosts)
      .filter(({ peer }) => isMember(peer))
      .slice(0, limits.statusNeighboursMax),
    events: activity.recentEvents(),
  };
}

function countersOf({ node, spans }: PeerParts, activity: PeerActivity) {
  const { tokens, steps, rows, failedSteps, sessionsOpened, relinks } = activity;
  const { engineRestarts, moves } = activity;
  const traffic = node.diagnostics?.traffic() ?? { receivedBytes: 0, sentBytes: 0 };
  const { tokenBlocks } = spans;
  const work = { tokenBlocks, tokens, steps, rows, failedSteps };
  return { ...work, sessionsOpened, relinks, engineRestarts, moves, ...traffic };
}

function sessionCount(hosts: readonly SessionHost[]): number {
  const count = hosts.reduce((sum, host) => sum + host.sessionCount, 0);
  return Math.min(count, limits.sessionsPerPeerMax);
}

/** All hops of a session name it, or none, as long as their newest ones are the same. */
function newestSessions(hosts: readonly SessionHost[]): StatusSession[] {
  const sessions = hosts.flatMap((host) => [...host.sessions]);
  const nowMs = hosts[0]?.now() ?? 0;
  return sessions
    .sort((left, right) => right.openedAtMs - left.openedAtMs)
    .slice(0, limits.statusSessionsMax)
    .map((session) => describeSession(session, nowMs));
}

function describeSession(session: HopSession, nowMs: number): StatusSession {
  const { successor, openedAtMs, steppedAtMs, length, decoded } = session;
  return {
    id: anonymousSessionId(session.id),
    span: session.open.span,
    next: successor?.kind === 'peer' ? successor.peer : null,
    tokens: length,
    decoded,
    ageMs: Math.round(nowMs - openedAtMs),
    idleMs: Math.round(nowMs - (steppedAtMs ?? openedAtMs)),
  };
}

/** Who is connected and how far; who takes this peer's outputs comes first. */
function neighboursOf(node: SkeinNode, hosts: readonly SessionHost[]): StatusNeighbour[] {
  const successors = new Set<PeerId>();
  for (const host of hosts) {
    for (const { successor } of host.sessions) {
      if (successor?.kind === 'peer') successors.add(successor.peer);
    }
  }
  const nearest = new Map<PeerId, number>();
  for (const { peer, roundTripMs } of node.diagnostics?.connections() ?? []) {
    if (roundTripMs === null) continue;
    nearest.set(peer, Math.min(roundTripMs, nearest.get(peer) ?? Number.POSITIVE_INFINITY));
  }
  return [...nearest]
    .map(([peer, roundTripMs]) => ({ peer, roundTripMs }))
    .sort((left, right) => Number(successors.has(right.peer)) - Number(successors.has(left.peer)));
}
