import type {
  ApiEdge,
  ApiModelName,
  ApiSession,
  ApiSpan,
  LiveMessage,
  ModelState,
  PeerSummary,
  SwarmAnswer,
  SwarmEvent,
  SwarmHead,
} from '@skein/protocol/http-api';
import { fixturePeer } from './fixture-peers.js';
import { seededRandom } from './random.js';

const big: ApiModelName = { name: 'big-tales-70b', hash: 'a1'.repeat(32) };
const tiny: ApiModelName = { name: 'tiny-tales', hash: 'b2'.repeat(32) };

export interface FixtureOptions {
  readonly seed?: number;
  readonly peerCount?: number;
  readonly blockCount?: number;
  readonly sessionCount?: number;
  readonly nowMs?: number;
}

/**
 * A swarm that is made up, from one seed: hundreds of peers, sessions that pass through them, and a
 * life of its own while `tick` is called. It answers as a node would.
 */
export class FixtureSwarm {
  readonly blockCount: number;
  readonly peers = new Map<string, PeerSummary>();
  readonly sessions = new Map<string, ApiSession>();
  readonly events: SwarmEvent[] = [];
  readonly #random: () => number;
  #nowMs: number;
  #made = 0;

  constructor(options: FixtureOptions = {}) {
    const { seed = 7, peerCount = 200, blockCount = 80, sessionCount = 42 } = options;
    this.#random = seededRandom(seed);
    this.#nowMs = options.nowMs ?? Date.now();
    this.blockCount = blockCount;
    for (let index = 0; index < peerCount - 3; index++) this.#addPeer(big, this.#drawSpan(index));
    for (const span of [
      { start: 0, end: 4 },
      { start: 4, end: 8 },
      { start: 0, end: 8 },
    ]) {
      this.#addPeer(tiny, span);
    }
    this.#makeTrouble();
    for (let index = 0; index < sessionCount; index++) this.#openSession();
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Peers of the large model that serve it. */
  serving(): PeerSummary[] {
    return [...this.peers.values()].filter(
      ({ state, model }) => state === 'serving' && model === big,
    );
  }

  /** A second passes. @returns what a live reader is told */
  tick(): LiveMessage[] {
    this.#nowMs += 1000;
    const before = this.events.length;
    const changed = new Set<string>();
    for (const peer of this.serving()) {
      if (this.#random() < 0.12) {
        this.#change(peer, { queuedRows: Math.floor(this.#random() ** 3 * 24) });
        changed.add(peer.id);
      }
    }
    for (const session of this.sessions.values()) {
      const contextTokens = session.contextTokens + Math.round(session.tokensPerSecond);
      this.sessions.set(session.id, { ...session, contextTokens, ageMs: session.ageMs + 1000 });
    }
    if (this.#random() < 0.5) this.#rerouteOne();
    return [
      ...this.events.slice(before).map((event): LiveMessage => ({ type: 'event', event })),
      { type: 'swarm', head: this.head() },
      {
        type: 'peers',
        isWhole: false,
        peers: [...changed].flatMap((id) => this.peers.get(id) ?? []),
        gone: [],
      },
      { type: 'sessions', ...this.sessionsAnswer() },
    ];
  }

  /** A peer dies; sessions on it take another. @returns what a live reader is told */
  kill(id: string): LiveMessage[] {
    const peer = this.peers.get(id);
    if (peer === undefined) return [];
    this.#change(peer, { state: 'lost', sessions: 0, queuedRows: 0 });
    this.#tell({
      kind: 'lost',
      peer,
      text: `${peer.name} was lost: its connection ended`,
      cause: 'its connection ended',
    });
    for (const session of this.sessions.values()) {
      if (session.route.some(({ peer: hop }) => hop === id)) this.#reroute(session, id);
    }
    return [
      ...this.events.slice(-1).map((event): LiveMessage => ({ type: 'event', event })),
      { type: 'swarm', head: this.head() },
      { type: 'models', models: this.modelStates(), gone: [] },
      { type: 'peers', isWhole: false, peers: [...this.peers.values()], gone: [] },
      { type: 'sessions', ...this.sessionsAnswer() },
    ];
  }

  /** What a reader who comes is told. */
  first(): LiveMessage[] {
    return [
      ...this.events.map((event): LiveMessage => ({ type: 'event', event })),
      { type: 'swarm', head: this.head() },
      { type: 'models', models: this.modelStates(), gone: [] },
      { type: 'peers', isWhole: true, peers: [...this.peers.values()], gone: [] },
      { type: 'sessions', ...this.sessionsAnswer() },
    ];
  }

  modelStates(): ModelState[] {
    return [this.#modelState(big, this.blockCount), this.#modelState(tiny, 8)];
  }

  head(): SwarmHead {
    const states = [...this.peers.values()].map(({ state }) => state);
    const countOf = (wanted: PeerSummary['state']) =>
      states.filter((state) => state === wanted).length;
    const [model, other] = this.modelStates() as [ModelState, ModelState];
    const { health } = model.health === 'healthy' ? other : model;
    return {
      atMs: this.#nowMs,
      health: health === 'broken' ? 'degraded' : health,
      headline: `${model.name}: ${model.headline}`,
      tokensPerSecond: this.#tokensPerSecond(),
      sessions: this.sessions.size,
      peers: {
        serving: countOf('serving'),
        joining: countOf('joining'),
        draining: countOf('draining'),
        lost: countOf('lost'),
      },
      models: 2,
      join: {
        bootstrap: [
          '/ip4/203.0.113.7/tcp/4001/p2p/12D3KooWEV6gU4av2cQQDs4ofMQZDsTQoExUcFBdc4K8QxT8JeiA',
        ],
        isPrivate: false,
        weakest: { model: big, span: this.#weakestSpan(model), peers: model.weakest?.peers ?? 0 },
      },
    };
  }

  swarmAnswer(): SwarmAnswer {
    return {
      ...this.head(),
      apiVersion: 1,
      observer: {
        kind: 'dashboard',
        peer: '12D3KooWBAqadrqHXL9Ncugp1xwC8QTXWCKaYQD21XToWCKTAxi5',
        version: '0.1.0',
        uptimeMs: 3_600_000,
        refreshMs: 5000,
        refreshedAtMs: this.#nowMs,
      },
      modelStates: this.modelStates(),
      peerSummaries: [...this.peers.values()],
    };
  }

  sessionsAnswer() {
    const sessions = [...this.sessions.values()];
    return { count: sessions.length, sessions, edges: this.#edges(sessions) };
  }

  #drawSpan(index: number): ApiSpan {
    const { blockCount } = this;
    const length = Math.min(blockCount, 6 + Math.floor(this.#random() * 15));
    // The first ones cover the model in order, the others what they like.
    const covering = Math.ceil(blockCount / 6);
    const wanted =
      index < covering ? index * 6 : Math.floor(this.#random() ** 1.25 * (blockCount - 3));
    const start = Math.max(0, Math.min(blockCount - 4, wanted));
    return { start, end: Math.min(blockCount, start + length) };
  }

  #addPeer(model: ApiModelName, span: ApiSpan): PeerSummary {
    const peer = fixturePeer(this.#random, {
      index: this.#made,
      model,
      span,
      blockCount: model === big ? this.blockCount : 8,
      nowMs: this.#nowMs,
    });
    this.#made += 1;
    this.peers.set(peer.id, peer);
    this.#tell({
      kind: 'joined',
      peer,
      text: `${peer.name} joined with ${span.start}:${span.end}`,
    });
    return peer;
  }

  /** Some peers are not just serving. */
  #makeTrouble(): void {
    const serving = this.serving();
    const pick = (at: number) => serving[Math.floor(at * serving.length)] as PeerSummary;
    for (const at of [0.11, 0.47, 0.83])
      this.#change(pick(at), { state: 'joining', numericKind: '' });
    for (const at of [0.23, 0.61]) {
      const peer = pick(at);
      this.#change(peer, { state: 'draining' });
      this.#tell({ kind: 'draining', peer, text: `${peer.name} is about to leave` });
    }
    for (const at of [0.35, 0.72]) {
      const peer = pick(at);
      this.#change(peer, { state: 'lost', sessions: 0 });
      const cause = 'it does not answer';
      this.#tell({ kind: 'lost', peer, text: `${peer.name} was lost: ${cause}`, cause });
    }
    const mover = pick(0.53);
    const nextSpan = { start: this.blockCount - 9, end: this.blockCount };
    this.#change(mover, { nextSpan });
    const why = `block ${nextSpan.start + 2} had 2 peers, its own blocks 9`;
    this.#tell({
      kind: 'moving',
      peer: mover,
      text: `${mover.name} moves to ${nextSpan.start}:${nextSpan.end}: ${why}`,
      cause: why,
    });
  }

  #openSession(): void {
    const route = this.#drawRoute(new Set());
    if (route === null) return;
    const id = Array.from({ length: 4 }, () =>
      Math.floor(this.#random() * 65536)
        .toString(16)
        .padStart(4, '0'),
    ).join('');
    const isIdle = this.#random() < 0.15;
    this.sessions.set(id, {
      id,
      model: big,
      route,
      isWhole: true,
      contextTokens: 40 + Math.floor(this.#random() * 3000),
      tokensPerSecond: isIdle ? 0 : 4 + 14 * this.#random(),
      reroutes: this.#random() < 0.2 ? 1 : 0,
      ageMs: Math.floor(this.#random() * 600_000),
      isIdle,
    });
    for (const { peer } of route) this.#addSession(peer, 1);
  }

  #drawRoute(without: ReadonlySet<string>): ApiSession['route'] | null {
    const route: ApiSession['route'] = [];
    let at = 0;
    while (at < this.blockCount) {
      const hosts = this.serving().filter(
        ({ id, span }) => !without.has(id) && span.start <= at && span.end > at,
      );
      const far = hosts.sort((a, b) => b.span.end - a.span.end).slice(0, 4);
      const chosen = far[Math.floor(this.#random() * far.length)];
      if (chosen === undefined) return null;
      const end = chosen.span.end;
      route.push({ peer: chosen.id, name: chosen.name, span: { start: at, end } });
      at = end;
    }
    return route;
  }

  #rerouteOne(): void {
    const sessions = [...this.sessions.values()];
    const session = sessions[Math.floor(this.#random() * sessions.length)];
    const hop = session?.route[Math.floor(this.#random() * session.route.length)];
    if (session !== undefined && hop !== undefined) this.#reroute(session, hop.peer);
  }

  #reroute(session: ApiSession, lost: string): void {
    const hops: ApiSession['route'] = [];
    for (const hop of session.route) {
      if (hop.peer !== lost) {
        hops.push(hop);
        continue;
      }
      const { start, end } = hop.span;
      const other = this.serving().find(
        ({ id, span }) => id !== lost && span.start <= start && span.end >= end,
      );
      if (other === undefined) return;
      hops.push({ peer: other.id, name: other.name, span: hop.span });
      this.#addSession(lost, -1);
      this.#addSession(other.id, 1);
    }
    this.sessions.set(session.id, { ...session, route: hops, reroutes: session.reroutes + 1 });
  }

  #addSession(id: string, change: number): void {
    const peer = this.peers.get(id);
    if (peer !== undefined) this.#change(peer, { sessions: Math.max(0, peer.sessions + change) });
  }

  #change(peer: PeerSummary, change: Partial<PeerSummary>): void {
    const known = this.peers.get(peer.id) ?? peer;
    this.peers.set(peer.id, { ...known, ...change, seenAtMs: this.#nowMs });
  }

  #tell(event: Pick<SwarmEvent, 'kind' | 'text'> & { peer: PeerSummary; cause?: string }): void {
    const { kind, text, peer, cause = null } = event;
    const { id, name, model, span } = peer;
    const atMs = this.#nowMs - Math.max(0, 400 - this.events.length) * 1700;
    this.events.push({
      id: this.events.length + 1,
      atMs,
      kind,
      peer: id,
      name,
      model,
      span,
      text,
      cause,
    });
  }

  #modelState(model: ApiModelName, blockCount: number): ModelState {
    const peers = [...this.peers.values()].filter((peer) => peer.model === model);
    const serving = peers.filter(({ state }) => state === 'serving');
    const coverage = Array.from({ length: blockCount }, (_, block) => {
      const hosts = serving.filter(({ span }) => span.start <= block && block < span.end);
      const stepsPerSecond = hosts.reduce(
        (sum, { throughput, span }) =>
          sum + throughput.decodeBlocksPerSecond / (span.end - span.start),
        0,
      );
      return { block, peers: hosts.length, stepsPerSecond };
    });
    const weakest = [...coverage].sort((a, b) => a.peers - b.peers)[0] ?? null;
    const missing = coverage
      .filter(({ peers: count }) => count === 0)
      .map(({ block }) => ({ start: block, end: block + 1 }));
    const fewest = weakest?.peers ?? 0;
    const health = fewest === 0 ? 'broken' : fewest === 1 ? 'degraded' : 'healthy';
    const words =
      fewest === 0
        ? `block ${weakest?.block} has no host`
        : `all ${blockCount} blocks served; weakest is block ${weakest?.block} with ${fewest} peer${fewest === 1 ? '' : 's'}`;
    const isBig = model === big;
    return {
      ...model,
      health,
      headline: words,
      blockCount,
      hiddenSize: isBig ? 8192 : 128,
      contextLength: isBig ? 8192 : 1024,
      coverage,
      weakest,
      missing,
      isEmbeddingHosted: true,
      isHeadHosted: true,
      numericKinds: [{ kind: 'q8_0/f16', peers: serving.length, isComplete: fewest > 0 }],
      peers: peers.length,
      sessions: isBig ? this.sessions.size : 0,
      tokensPerSecond: isBig ? this.#tokensPerSecond() : 0,
    };
  }

  #weakestSpan({ coverage, weakest }: ModelState): ApiSpan {
    const start = weakest?.block ?? 0;
    const end = coverage.findIndex(
      ({ block, peers }) => block > start && peers > (weakest?.peers ?? 0) + 1,
    );
    return { start, end: end === -1 ? this.blockCount : end };
  }

  #tokensPerSecond(): number {
    return [...this.sessions.values()].reduce(
      (sum, { tokensPerSecond }) => sum + tokensPerSecond,
      0,
    );
  }

  #edges(sessions: readonly ApiSession[]): ApiEdge[] {
    const edges = new Map<string, ApiEdge>();
    for (const { route, isIdle, tokensPerSecond } of sessions) {
      for (const [index, hop] of route.entries()) {
        const next = route[index + 1];
        if (next === undefined || isIdle) continue;
        const key = `${hop.peer}>${next.peer}`;
        const known = edges.get(key);
        edges.set(key, {
          from: hop.peer,
          to: next.peer,
          roundTripMs: known?.roundTripMs ?? 2 + (key.length + (key.charCodeAt(12) % 40)) / 3,
          sessions: (known?.sessions ?? 0) + 1,
          tokensPerSecond: (known?.tokensPerSecond ?? 0) + tokensPerSecond,
        });
      }
    }
    return [...edges.values()];
  }
}
