import { createDirectory, type Directory } from '@skein/client/network';
import {
  type EngineFailure,
  infoProtocol,
  infoRequestSchema,
  modelProtocol,
  modelRequestSchema,
  type PeerId,
  SkeinError,
  type Span,
  spanLength,
} from '@skein/protocol';
import { type Announcement, Announcer } from '../../../packages/peer/src/announce/announcer.js';
import type { Throughput } from '../../../packages/peer/src/announce/throughput.js';
import { answerInfo } from '../../../packages/peer/src/control/answer-info.js';
import { answerModel } from '../../../packages/peer/src/control/answer-model.js';
import { infoFigures, type PeerParts } from '../../../packages/peer/src/describe-peer.js';
import type { HostedModel } from '../../../packages/peer/src/hosting/hosted-model.js';
import type { HostedSpan } from '../../../packages/peer/src/hosting/hosted-span.js';
import { PeerSpans, type PeerSpansOptions } from '../../../packages/peer/src/hosting/peer-spans.js';
import type { Placement } from '../../../packages/peer/src/hosting/place-peer.js';
import { createRebalancer } from '../../../packages/peer/src/rebalance/create-rebalancer.js';
import type { MoveEvent } from '../../../packages/peer/src/rebalance/move-events.js';
import type { Rebalancer } from '../../../packages/peer/src/rebalance/rebalancer.js';
import type { SessionHost } from '../../../packages/peer/src/session/session-host.js';
import { keyFromSeed } from '../../../packages/protocol/test/support/records.js';
import type { SimNetwork } from '../network/sim-network.js';
import { SimNode } from '../network/sim-node.js';
import type { SeededRandom } from '../world/seeded-random.js';
import { type EngineSpeed, SimEngine } from './sim-engine.js';
import type { SimModel } from './sim-model.js';

/** Blocks of another span are there after so long each. */
const loadMsPerBlock = 100;

/** What a peer is like, for all its lives. */
export interface SimPeerPlan {
  readonly name: string;
  readonly identity: Identity;
  readonly peer: PeerId;
  readonly span: Span;
  readonly speed: EngineSpeed;
  readonly kvTokensMax: number;
  /** What it says of its speed and its room, as multiples of the truth. */
  readonly boast: number;
  readonly clock: { readonly offsetMs: number; readonly rate: number };
  /** Mean time between two looks for a better span; null stays. */
  readonly rebalanceMs: number | null;
  /** Whether its memory holds two spans at once. */
  readonly hasRoom: boolean;
}

/** What a peer lives in. */
export interface SimPeerWorld {
  readonly network: SimNetwork;
  readonly model: SimModel;
  readonly bootstrap: readonly string[];
  readonly random: SeededRandom;
  readonly gossipMs: number;
  onMove(move: SimMove): void;
  onError(error: unknown): void;
}

export type Identity = Awaited<ReturnType<typeof keyFromSeed>>;

const identities = new Map<number, Identity>();

/** The key of the peer with this index, the same in every run. */
export async function identityOf(index: number): Promise<Identity> {
  const identity = identities.get(index) ?? (await keyFromSeed(index));
  identities.set(index, identity);
  return identity;
}

/** A move that took place: the old span is about to be given up. */
export interface SimMove {
  readonly peer: SimPeer;
  readonly from: Span;
  /** Empty when the old span goes before the new one is there. */
  readonly to: Span;
}

/** One life of a peer: the real session host, announcer, directory and rebalancer, simulated machine. */
export class SimPeer {
  readonly plan: SimPeerPlan;
  readonly node: SimNode;
  readonly directory: Directory;
  readonly announcer: Announcer;
  readonly spans: PeerSpans;
  /** Every engine that it had, and the hosts on those that served. */
  readonly engines: SimEngine[] = [];
  readonly hosts = new Set<SessionHost>();
  /** It announced itself, and has not said goodbye. */
  isServing = false;
  /** What it says of its speed and its room, as multiples of the truth. */
  boast: number;
  readonly #world: SimPeerWorld;
  readonly #parts: PeerParts;
  readonly #rebalancer: Rebalancer | null;

  constructor(plan: SimPeerPlan, world: SimPeerWorld) {
    const { network, bootstrap, gossipMs } = world;
    this.plan = plan;
    this.#world = world;
    this.boast = plan.boast;
    this.node = new SimNode({
      network,
      peer: plan.peer,
      name: plan.name,
      bootstrap,
      clock: plan.clock,
    });
    const { node } = this;
    const { clock, wallClock } = node;
    this.directory = createDirectory({
      node,
      bootstrap,
      privateKey: plan.identity,
      gossipMs,
      clock,
      wallClock,
      random: world.random.next,
      verify: network.verifyRecord,
    });
    this.spans = new WatchedSpans(this.#placeAt(plan.span), {
      node,
      model: world.model.hash,
      clock,
      loadEngine: (placement) => this.#loadEngine(placement),
      measure: async () => speedOf(plan.speed),
      events: {},
      onEngineFailure: (event) => this.#onEngineFailure(event),
      onHosted: (host) => this.hosts.add(host),
      onGivenUp: (from, to) => world.onMove({ peer: this, from, to }),
    });
    const { config, manifest, hash } = world.model;
    const model = { file: { config }, manifest, hash } as unknown as HostedModel;
    const isMovable = plan.rebalanceMs !== null;
    const announced = { node, name: plan.name, model, spans: this.spans, isMovable };
    this.announcer = new Announcer({
      directory: this.directory,
      clock,
      describe: () => boasting(infoFigures.announced(announced), this.boast),
    });
    this.#parts = { ...announced, announcer: this.announcer, uptimeMs: () => clock.now() };
    this.#rebalancer = plan.rebalanceMs === null ? null : this.#createRebalancer(plan.rebalanceMs);
  }

  /** The engine of the span that it announces. */
  get engine(): SimEngine {
    return this.#current.engine as SimEngine;
  }

  get #current(): HostedSpan {
    if (this.spans.current === null) throw new Error(`${this.plan.name} has loaded nothing yet`);
    return this.spans.current;
  }

  /** As a peer joins: loads, meets the members, serves, and says so. */
  async start(): Promise<void> {
    const { node, directory, spans, announcer } = this;
    const { model } = this.#world;
    await spans.load(spans.placement, new AbortController().signal);
    spans.promote();
    await node.start();
    await directory.start();
    // Whoever finds nobody goes on looking.
    await directory.refresh({ modelName: model.manifest.name }).catch(() => undefined);
    await spans.serve();
    const parts = { manifest: model.manifestBytes, tokenizer: null, 'chat-template': null };
    await node.serve(
      modelProtocol,
      modelRequestSchema,
      answerModel({ hash: model.hash, parts }) as never,
    );
    await node.serve(
      infoProtocol,
      infoRequestSchema,
      answerInfo({
        record: () => announcer.record,
        figures: () => infoFigures.live(this.#parts),
      }) as never,
    );
    await announcer.announce('serving');
    this.isServing = !node.isDead;
    this.#rebalancer?.start();
  }

  /** As a peer leaves in order: see `#leave` of `peer.ts`. */
  async leave(): Promise<void> {
    const { announcer, spans, node, directory } = this;
    this.isServing = false;
    await this.#rebalancer?.stop();
    const { hosts } = spans;
    for (const host of hosts) host.isDraining = true;
    await announcer.announce('draining').catch(() => undefined);
    await Promise.all(hosts.map((host) => host.drain()));
    // It may have died while it waited for the sessions to go.
    if (node.isDead) return;
    await announcer.announce('gone').catch(() => undefined);
    const why = new SkeinError('draining', 'this peer leaves the swarm');
    await Promise.all(hosts.map((host) => host.endAll(why)));
    await directory.stop();
    await node.stop();
  }

  /** The process ends without a word, or its whole machine does. */
  crash(options: { silent: boolean }): void {
    this.isServing = false;
    this.node.die(options);
  }

  #placeAt(span: Span): Placement {
    const { blockCount } = this.#world.model.config;
    const ends = { embedding: span.start === 0, head: span.end === blockCount };
    const { kvTokensMax } = this.plan;
    const capacityBlocks = spanLength(this.plan.span);
    return { span, ends, kvTokensMax, capacityBlocks, reason: 'simulation' };
  }

  async #loadEngine({ span, ends, kvTokensMax }: Placement): Promise<SimEngine> {
    const { model } = this.#world;
    const { speed } = this.plan;
    const { clock } = this.node;
    const loadMs = loadMsPerBlock * spanLength(span);
    // What it begins with is there already.
    if (this.engines.length > 0) {
      await new Promise<void>((resolve) => clock.schedule(loadMs, resolve));
    }
    const engine = new SimEngine({ model, span, ends, kvTokensMax, speed, clock });
    this.engines.push(engine);
    return engine;
  }

  #createRebalancer(intervalMs: number): Rebalancer {
    const { spans, announcer, directory, node } = this;
    const { model, random } = this.#world;
    const dice = random.fork('rebalancer');
    return createRebalancer({
      node,
      directory,
      model: { hash: model.hash, blockCount: model.config.blockCount },
      onDisk: [{ start: 0, end: model.config.blockCount }],
      spans,
      announcer,
      clock: node.clock,
      wallClock: node.wallClock,
      random: dice.next,
      intervalMs,
      placeAt: (span) => this.#placeAt(span),
      room: () => ({ neededBytes: 1, freeBytes: 1, isEnough: this.plan.hasRoom }),
      onEvent: (event) => this.#onMoveEvent(event),
      onError: (error) => this.#world.onError(error),
    });
  }

  #onMoveEvent(event: MoveEvent): void {
    if (this.node.isDead) return;
    const { name } = this.plan;
    if (event.type === 'span-released') return;
    const { from, to } = event;
    const way = `[${from.start}:${from.end}) to [${to.start}:${to.end})`;
    const reason = 'reason' in event ? `: ${event.reason}` : '';
    this.#world.network.trace.note(`${name} ${event.type} ${way}${reason}`);
  }

  /** As `peer.ts` does. */
  #onEngineFailure(event: EngineFailure): void {
    const state = event.kind === 'restarted' ? 'serving' : 'joining';
    this.announcer.announce(state).catch(() => undefined);
  }
}

/** Tells the simulation at which moment blocks are given up. */
class WatchedSpans extends PeerSpans {
  readonly #watch: SpanWatch;

  constructor(placement: Placement, options: PeerSpansOptions & SpanWatch) {
    super(placement, options);
    this.#watch = options;
  }

  override promote(): boolean {
    const from = this.current === null ? null : this.placement.span;
    const isPromoted = super.promote();
    if (!isPromoted || this.current === null) return false;
    this.#watch.onHosted(this.current.host);
    const to = this.placement.span;
    // A span that was intended is announced already: the one before it was given up earlier.
    if (from !== null && (from.start !== to.start || from.end !== to.end)) {
      this.#watch.onGivenUp(from, to);
    }
    return true;
  }

  override release(why: SkeinError, options: { isCurrent?: boolean } = {}): Promise<number> {
    if (options.isCurrent === true) {
      this.#watch.onGivenUp(this.placement.span, { start: 0, end: 0 });
    }
    return super.release(why, options);
  }
}

interface SpanWatch {
  onHosted(host: SessionHost): void;
  onGivenUp(from: Span, to: Span): void;
}

/** What a peer says of its speed and its room, as a multiple of the truth. */
function boasting<Figures extends Omit<Announcement, 'state'>>(figures: Figures, boast: number) {
  return {
    ...figures,
    decodeBlocksPerSecond: figures.decodeBlocksPerSecond * boast,
    kvTokensFree: Math.round(figures.kvTokensFree * boast),
    kvTokensMax: Math.round(figures.kvTokensMax * boast),
  };
}

function speedOf({ blockMs, rowBlockMs }: EngineSpeed): Throughput {
  return {
    decodeBlocksPerSecond: 1000 / (blockMs + rowBlockMs),
    prefillBlockRowsPerSecond: 1000 / rowBlockMs,
  };
}
