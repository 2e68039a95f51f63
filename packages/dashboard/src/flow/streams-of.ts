import { dashboardLimits } from '../dashboard-limits.js';
import { edges, peers, sessions } from '../state/swarm.js';
import type { Stream } from './draw-flow.js';

/** Flows between peers, and those from and to clients, which the routes tell. */
export function streamsOf(hash: string): readonly Stream[] {
  const streams: Stream[] = [];
  const known = peers.value;
  for (const { from, to, sessions: count } of edges.value) {
    if (count > 0 && known.get(from)?.model.hash === hash)
      streams.push({ from, to, sessions: count });
  }
  const first = new Map<string, number>();
  const last = new Map<string, number>();
  for (const { model: own, route, isIdle, isWhole } of sessions.value) {
    if (own.hash !== hash || isIdle || !isWhole) continue;
    const [entry, exit] = [route[0]?.peer, route.at(-1)?.peer];
    if (entry !== undefined) first.set(entry, (first.get(entry) ?? 0) + 1);
    if (exit !== undefined) last.set(exit, (last.get(exit) ?? 0) + 1);
  }
  for (const [to, count] of first) streams.push({ from: null, to, sessions: count });
  for (const [from, count] of last) streams.push({ from, to: null, sessions: count });
  const busiest = streams.sort((a, b) => b.sessions - a.sessions);
  return busiest.slice(0, dashboardLimits.drawnEdgesMax);
}
