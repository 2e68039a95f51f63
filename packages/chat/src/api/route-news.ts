/** What the gateway tells of the route, under `x-skein-events: 1`. */

export interface Hop {
  readonly peer: string;
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export interface Reroute {
  readonly kind: string;
  readonly reason: string;
  readonly lostPeer: string;
  readonly newPeers: readonly string[];
  readonly start: number;
  readonly end: number;
  readonly recoveryMs: number;
  readonly rebuiltTokens: number;
}

export type RouteNews =
  | { readonly type: 'route'; readonly hops: readonly Hop[] }
  | { readonly type: 'reroute'; readonly reroute: Reroute }
  | { readonly type: 'waiting'; readonly missing: readonly { start: number; end: number }[] };

type Fields = Readonly<Record<string, unknown>>;

/** Reads an event's data; null for what this page does not know. */
export function parseRouteNews(data: string): RouteNews | null {
  const fields = fieldsOf(JSON.parse(data));
  if (fields.type === 'route') return { type: 'route', hops: listOf(fields.hops).map(hopOf) };
  if (fields.type === 'reroute') return { type: 'reroute', reroute: rerouteOf(fields) };
  if (fields.type === 'waiting') {
    return { type: 'waiting', missing: listOf(fields.missing_blocks).map(spanOf) };
  }
  return null;
}

function hopOf(value: unknown): Hop {
  const fields = fieldsOf(value);
  const peer = textOf(fields.peer);
  return { peer, name: textOf(fields.name) || peer.slice(-8), ...spanOf(fields.span) };
}

function rerouteOf(fields: Fields): Reroute {
  return {
    kind: textOf(fields.kind),
    reason: textOf(fields.reason),
    lostPeer: textOf(fields.lost_peer),
    newPeers: listOf(fields.new_peers).map(textOf),
    ...spanOf(fields.span),
    recoveryMs: numberOf(fields.recovery_ms),
    rebuiltTokens: numberOf(fields.rebuilt_tokens),
  };
}

function spanOf(value: unknown): { start: number; end: number } {
  const { start, end } = fieldsOf(value);
  return { start: numberOf(start), end: numberOf(end) };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
