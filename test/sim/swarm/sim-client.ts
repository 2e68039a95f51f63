import { createClient, type SkeinClient, SwarmView } from '@skein/client';
import { createDirectory, type Directory } from '@skein/client/network';
import {
  isSkeinError,
  type PeerId,
  type TokenId,
  toSkeinError,
  type WireType,
} from '@skein/protocol';
import type { SimNetwork } from '../network/sim-network.js';
import { SimNode } from '../network/sim-node.js';
import type { SeededRandom } from '../world/seeded-random.js';
import { Reference, type Sampling } from './reference.js';
import type { SimModel } from './sim-model.js';

/** What a client is going to ask for. */
export interface GenerationPlan {
  readonly startMs: number;
  readonly prompt: readonly TokenId[];
  readonly tokenCount: number;
  readonly sampling: Sampling;
  readonly wireType: WireType;
  readonly standby: boolean;
  /** Leaves the loop after so many tokens; null stays to the end. */
  readonly leaveAfter: number | null;
  /** Default: the product's. */
  readonly runAhead?: boolean;
}

/** What became of one generation. */
export interface GenerationReport {
  readonly client: string;
  readonly plan: GenerationPlan;
  readonly tokens: TokenId[];
  startedAtMs: number;
  endedAtMs: number | null;
  error: { code: string; message: string } | null;
  /** Position of the first token that differs from the reference. */
  wrongAt: number | null;
  /** Each stretch without a token, in virtual time. */
  readonly waits: { fromMs: number; toMs: number }[];
  reroutes: number;
}

/** What a client tells the simulation. */
export interface ClientObserver {
  onBan(client: SimClient, peer: PeerId): void;
  onReroute(client: SimClient): void;
}

/** A real client on a simulated machine, which compares what it gets with the reference. */
export class SimClient {
  readonly name: string;
  readonly node: SimNode;
  readonly directory: Directory;
  readonly reports: GenerationReport[] = [];
  isFinished = false;
  readonly #client: SkeinClient;
  readonly #network: SimNetwork;
  readonly #model: SimModel;
  readonly #observer: ClientObserver;

  constructor(
    name: string,
    world: {
      readonly network: SimNetwork;
      readonly model: SimModel;
      readonly bootstrap: readonly string[];
      readonly random: SeededRandom;
      readonly observer: ClientObserver;
    },
  ) {
    const { network, random } = world;
    this.name = name;
    this.#network = network;
    this.#model = world.model;
    this.#observer = world.observer;
    const { bootstrap } = world;
    this.node = new SimNode({ network, peer: clientId(name), name, bootstrap });
    const { clock, wallClock } = this.node;
    this.directory = createDirectory({
      node: this.node,
      bootstrap,
      clock,
      wallClock,
      random: random.next,
      verify: network.verifyRecord,
    });
    this.#client = createClient({
      node: this.node,
      directory: this.directory,
      clock,
      random: random.next,
      digest: () => Promise.reject(new Error('the model has no parts to digest')),
    });
    clients.set(this.directory, this);
  }

  onBan(peer: PeerId): void {
    this.#observer.onBan(this, peer);
  }

  /** Joins, generates everything in the plan one after the other, and leaves. */
  async run(plans: readonly GenerationPlan[]): Promise<void> {
    const { time } = this.#network;
    await this.node.start();
    await this.directory.start();
    await this.#start();
    for (const plan of plans) {
      await time.sleep(Math.max(0, plan.startMs - time.nowMs));
      if (this.node.isDead) return;
      await this.#generate(plan);
    }
    this.isFinished = true;
    await this.#client.stop();
    await this.directory.stop();
  }

  async #start(): Promise<void> {
    for (;;) {
      try {
        await this.#client.start();
        return;
      } catch {
        await this.#network.time.sleep(1000);
      }
    }
  }

  async #generate(plan: GenerationPlan): Promise<void> {
    const { time, trace } = this.#network;
    const expected = new Reference(this.#model).generate(
      plan.prompt,
      plan.tokenCount,
      plan.sampling,
    );
    const report: GenerationReport = {
      client: this.name,
      plan,
      tokens: [],
      startedAtMs: time.nowMs,
      endedAtMs: null,
      error: null,
      wrongAt: null,
      waits: [],
      reroutes: 0,
    };
    this.reports.push(report);
    trace.note(`${this.name} asks for ${plan.tokenCount} after ${plan.prompt.length} tokens`);
    let sinceMs = time.nowMs;
    try {
      for await (const event of this.#client.generate(this.#options(plan))) {
        if (event.type === 'route') {
          const hops = event.hops.map(({ name, span }) => `${name}[${span.start}:${span.end})`);
          trace.note(`${this.name} route ${hops.join(' ')}`);
        } else if (event.type === 'reroute') {
          report.reroutes += 1;
          const [lost] = [this.#network.find(event.lostPeer)?.name];
          trace.note(`${this.name} ${event.kind} ${lost}: ${event.reason}: ${event.message}`);
          this.#observer.onReroute(this);
        } else if (event.type === 'standby') {
          const names = event.peers.map((peer) => this.#network.find(peer)?.name);
          trace.note(
            `${this.name} standby ${event.kind}: ${names.join(' ')} ${event.reason ?? ''}`,
          );
        } else if (event.type === 'waiting') trace.note(`${this.name} waits for a route`);
        else if (event.type === 'token') {
          const index = report.tokens.length;
          report.waits.push({ fromMs: sinceMs, toMs: time.nowMs });
          sinceMs = time.nowMs;
          report.tokens.push(event.id);
          trace.note(`${this.name} token ${index}: ${event.id}`);
          if (event.id !== expected[index]) report.wrongAt ??= index;
          if (report.tokens.length === plan.leaveAfter) break;
        }
      }
    } catch (error) {
      const { code, message } = toSkeinError(error);
      report.error = { code, message };
      const stack = isSkeinError(error) ? '' : (error as Error).stack;
      trace.note(`${this.name} FAILED ${code}: ${message} ${stack}`);
    }
    report.waits.push({ fromMs: sinceMs, toMs: time.nowMs });
    report.endedAtMs = time.nowMs;
    trace.note(`${this.name} is done with ${report.tokens.length} tokens`);
  }

  #options({ prompt, tokenCount, sampling, wireType, standby, runAhead }: GenerationPlan) {
    return {
      model: this.#model.manifest.name,
      promptTokens: prompt,
      maxTokens: tokenCount,
      ignoreEos: true,
      wireType,
      standby,
      openWaitMs: 30_000,
      ...(runAhead !== undefined && { runAhead }),
      ...sampling,
    };
  }
}

/** Which client a view belongs to: the client makes its own, and tells nobody of bans. */
const clients = new WeakMap<Directory, SimClient>();
const watched = new WeakSet<SwarmView>();

/** Lets clients hear of their own bans while a run lasts. Returns a function that undoes it. */
export function watchBans(): () => void {
  const original = SwarmView.prototype.snapshot;
  SwarmView.prototype.snapshot = function snapshot(this: SwarmView, model) {
    const client = clients.get(this.directory);
    if (client !== undefined && !watched.has(this)) {
      watched.add(this);
      const { bans } = this;
      const blame = bans.blame.bind(bans);
      bans.blame = (peer, manner) => {
        client.onBan(peer);
        return blame(peer, manner);
      };
    }
    return original.call(this, model);
  };
  return () => {
    SwarmView.prototype.snapshot = original;
  };
}

/** A peer id in the right alphabet. */
function clientId(name: string): PeerId {
  const text = `12D3KooW${'x'.repeat(44 - name.length)}${name}`;
  return text.replace(/[0OIl]/g, 'z') as PeerId;
}
