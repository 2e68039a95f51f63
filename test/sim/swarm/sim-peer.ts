import { createDirectory, type Directory } from '@skein/client/network';
import {
  type Ends,
  infoProtocol,
  infoRequestSchema,
  modelProtocol,
  modelRequestSchema,
  type PeerId,
  SkeinError,
  type Span,
} from '@skein/protocol';
import { Announcer } from '../../../packages/peer/src/announce/announcer.js';
import { ThroughputMeter } from '../../../packages/peer/src/announce/throughput.js';
import { answerInfo } from '../../../packages/peer/src/control/answer-info.js';
import { answerModel } from '../../../packages/peer/src/control/answer-model.js';
import { infoFigures, type PeerParts } from '../../../packages/peer/src/describe-peer.js';
import type { HostedModel } from '../../../packages/peer/src/hosting/hosted-model.js';
import { SessionHost } from '../../../packages/peer/src/session/session-host.js';
import { keyFromSeed } from '../../../packages/protocol/test/support/records.js';
import type { SimNetwork } from '../network/sim-network.js';
import { SimNode } from '../network/sim-node.js';
import type { SeededRandom } from '../world/seeded-random.js';
import { type EngineSpeed, SimEngine } from './sim-engine.js';
import type { SimModel } from './sim-model.js';

export const simKind = 'f32/f32';
const gossipMs = 4_000;

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
}

export type Identity = Awaited<ReturnType<typeof keyFromSeed>>;

const identities = new Map<number, Identity>();

/** The key of the peer with this index (up to 255), the same in every run. */
export async function identityOf(index: number): Promise<Identity> {
  const identity = identities.get(index) ?? (await keyFromSeed(index));
  identities.set(index, identity);
  return identity;
}

/** One life of a peer: the real session host, announcer and directory on a simulated machine. */
export class SimPeer {
  readonly plan: SimPeerPlan;
  readonly node: SimNode;
  readonly engine: SimEngine;
  readonly host: SessionHost;
  readonly directory: Directory;
  readonly announcer: Announcer;
  /** It announced itself, and has not said goodbye. */
  isServing = false;
  readonly #parts: PeerParts;

  constructor(
    plan: SimPeerPlan,
    world: {
      readonly network: SimNetwork;
      readonly model: SimModel;
      readonly bootstrap: readonly string[];
      readonly random: SeededRandom;
    },
  ) {
    const { network, model } = world;
    this.plan = plan;
    const { bootstrap } = world;
    this.node = new SimNode({
      network,
      peer: plan.peer,
      name: plan.name,
      bootstrap,
      clock: plan.clock,
    });
    const { clock, wallClock } = this.node;
    const { span, speed, kvTokensMax } = plan;
    const ends: Ends = { embedding: span.start === 0, head: span.end === model.config.blockCount };
    this.engine = new SimEngine({ model, span, ends, kvTokensMax, speed, clock });
    this.directory = createDirectory({
      node: this.node,
      bootstrap,
      privateKey: plan.identity,
      gossipMs,
      clock,
      wallClock,
      random: world.random.next,
    });
    const meter = new ThroughputMeter({
      blocks: span.end - span.start,
      initial: {
        decodeBlocksPerSecond: 1000 / (speed.blockMs + speed.rowBlockMs),
        prefillBlockRowsPerSecond: 1000 / speed.rowBlockMs,
      },
    });
    this.host = new SessionHost({
      node: this.node,
      engine: this.engine,
      model: model.hash,
      numericKind: simKind,
      clock,
      events: { onBatch: (report) => meter.add(report) },
    });
    const hosted = {
      file: { config: model.config },
      manifest: model.manifest,
      hash: model.hash,
    } as unknown as HostedModel;
    const { node, host, engine } = this;
    this.announcer = new Announcer({
      directory: this.directory,
      clock,
      describe: () => this.#describe(hosted),
    });
    const parts = { node, name: plan.name, model: hosted, engine, host, meter };
    this.#parts = { ...parts, announcer: this.announcer, uptimeMs: () => clock.now() };
    this.#followEngine();
  }

  /** As a peer joins: meets the members, serves, and says so. */
  async start(model: SimModel): Promise<void> {
    const { node, directory, host, announcer } = this;
    await node.start();
    await directory.start();
    // Whoever finds nobody goes on looking.
    await directory.refresh({ modelName: model.manifest.name }).catch(() => undefined);
    await host.start();
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
  }

  /** As a peer leaves in order: see `#leave` of `peer.ts`. */
  async leave(): Promise<void> {
    const { announcer, host, node, directory } = this;
    this.isServing = false;
    host.isDraining = true;
    await announcer.announce('draining').catch(() => undefined);
    await host.drain();
    // It may have died while it waited for the sessions to go.
    if (node.isDead) return;
    await announcer.announce('gone').catch(() => undefined);
    await host.endAll(new SkeinError('draining', 'this peer leaves the swarm'));
    await directory.stop();
    await node.stop();
  }

  /** The process ends without a word, or its whole machine does. */
  crash(options: { silent: boolean }): void {
    this.isServing = false;
    this.node.die(options);
  }

  #describe(model: HostedModel) {
    const { plan, node } = this;
    const { span, boast } = plan;
    const { ends } = this.engine.info;
    const placement = { span, ends, kvTokensMax: plan.kvTokensMax, reason: 'simulation' };
    const figures = {
      ...infoFigures.placed({ model, placement, node, name: plan.name }),
      ...infoFigures.measured(this.#parts),
    };
    return {
      ...figures,
      decodeBlocksPerSecond: figures.decodeBlocksPerSecond * boast,
      kvTokensFree: Math.round(figures.kvTokensFree * boast),
      kvTokensMax: Math.round(figures.kvTokensMax * boast),
    };
  }

  /** As `peer.ts` does. */
  #followEngine(): void {
    this.engine.onFailure((event) => {
      const state = event.kind === 'restarted' ? 'serving' : 'joining';
      this.announcer.announce(state).catch(() => undefined);
    });
  }
}
