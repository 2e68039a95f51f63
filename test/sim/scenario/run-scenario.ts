import type { PeerId, Span } from '@skein/protocol';
import { SimNetwork } from '../network/sim-network.js';
import { type GenerationReport, SimClient, watchBans } from '../swarm/sim-client.js';
import { SimPeer } from '../swarm/sim-peer.js';
import { seedSecureRandom } from '../world/seeded-ids.js';
import { SeededRandom } from '../world/seeded-random.js';
import { Trace } from '../world/trace.js';
import { Livelock, VirtualTime } from '../world/virtual-time.js';
import { blocksLostBy } from './blocks-lost.js';
import type { Scenario } from './draw-scenario.js';
import { FaultInjector } from './fault-injector.js';
import { checkInvariants, type Violation } from './invariants.js';

/** Virtual time that a run may take at most. */
const runMsMax = 900_000;
/** Pace of gossip: as in reality, but slower in a large swarm, where it would take all the time. */
const gossipMsMin = 4000;
const gossipMsPerPeer = 80;
/** After the last generation: resets, goodbyes and timers come to rest. */
const restMs = 40_000;

/** A ban, when and by whom. */
export interface BanRecord {
  readonly atMs: number;
  readonly client: SimClient;
  readonly peer: PeerId;
}

/** Blocks that a peer gave up to host others. */
export interface MoveRecord {
  readonly atMs: number;
  readonly name: string;
  readonly from: Span;
  readonly to: Span;
  /** Blocks that nobody hosted from then on, by no fault of the moment. */
  readonly lostBlocks: readonly number[];
}

/** Everything that the invariants look at. */
export interface World {
  readonly scenario: Scenario;
  readonly network: SimNetwork;
  readonly time: VirtualTime;
  readonly trace: Trace;
  /** The current life of each peer, by index; null before the first. */
  readonly peers: (SimPeer | null)[];
  readonly clients: SimClient[];
  readonly bans: BanRecord[];
  readonly moves: MoveRecord[];
  readonly injector: FaultInjector;
  readonly unhandled: unknown[];
}

/** What came of a run. */
export interface RunReport {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly trace: Trace;
  readonly traceHash: string;
  readonly generations: readonly GenerationReport[];
  readonly faultCount: number;
  /** How often each kind of fault came to bear, those included that the scenario itself holds. */
  readonly faultCounts: ReadonlyMap<string, number>;
  readonly banCount: number;
  readonly rerouteCount: number;
  readonly moveCount: number;
  /** Work of each peer's current life: tokens times blocks. */
  readonly tokenBlocks: readonly number[];
  readonly virtualMs: number;
  readonly eventCount: number;
  /** Longest wait for a token with a route at hand, of runs without a violation. */
  readonly longestWaitMs: number;
}

/** Runs a scenario from beginning to end. One at a time in a process. */
export async function runScenario(
  scenario: Scenario,
  options: { readonly eventsMax?: number } = {},
): Promise<RunReport> {
  const time = new VirtualTime(options);
  const trace = new Trace(() => time.nowMs);
  const random = new SeededRandom(scenario.seed);
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => unhandled.push(reason);
  const restoreIds = seedSecureRandom(random.fork('ids'));
  const unwatchBans = watchBans();
  process.on('unhandledRejection', onUnhandled);
  try {
    const world = createWorld(scenario, { time, trace, random, unhandled });
    const livelock = await live(world).then(
      () => null,
      (error: unknown) => error,
    );
    if (livelock === null) return report(world, checkInvariants(world));
    if (!(livelock instanceof Livelock)) throw livelock;
    return report(world, [{ invariant: 'a run comes to an end', text: livelock.message }]);
  } finally {
    process.off('unhandledRejection', onUnhandled);
    unwatchBans();
    restoreIds();
  }
}

function createWorld(
  scenario: Scenario,
  parts: Pick<World, 'time' | 'trace' | 'unhandled'> & { random: SeededRandom },
): World & { start(index: number): void } {
  const { time, trace, random, unhandled } = parts;
  const { model, bufferedBytesMax } = scenario;
  const network = new SimNetwork({
    time,
    trace,
    random: random.fork('network'),
    bufferedBytesMax,
  });
  const peers: (SimPeer | null)[] = scenario.peers.map(() => null);
  const bans: BanRecord[] = [];
  const moves: MoveRecord[] = [];
  // The first two are everybody's way in; in guarded runs they are safe.
  const bootstrap = scenario.peers
    .slice(0, 2)
    .map(({ name, peer }) => `/memory/${name}/p2p/${peer}`);
  const gossipMs = Math.max(gossipMsMin, scenario.peers.length * gossipMsPerPeer);
  let lives = 0;
  const start = (index: number) => {
    const plan = scenario.peers[index];
    if (plan === undefined) return;
    lives += 1;
    const others = bootstrap.filter((address) => !address.endsWith(plan.peer));
    const peer = new SimPeer(plan, {
      network,
      model,
      bootstrap: others,
      random: random.fork(`${plan.name} life ${lives}`),
      gossipMs,
      onMove: ({ from, to }) => {
        const lostBlocks = blocksLostBy({ peer, from, to }, peers, injector.records, time.nowMs);
        moves.push({ atMs: time.nowMs, name: plan.name, from, to, lostBlocks });
      },
      onError: (error) => unhandled.push(error),
    });
    peers[index] = peer;
    trace.note(`${plan.name} starts with [${plan.span.start}:${plan.span.end})`);
    void peer.start();
  };
  const observer = {
    onBan(client: SimClient, peer: PeerId) {
      trace.note(`${client.name} bans ${network.find(peer)?.name}`);
      bans.push({ atMs: time.nowMs, client, peer });
    },
    onReroute() {},
  };
  const clients = scenario.clients.map(
    (_plans, index) =>
      new SimClient(`c${index}`, {
        network,
        model,
        bootstrap,
        random: random.fork(`client ${index}`),
        observer,
      }),
  );
  const injector = new FaultInjector({ scenario, network, trace, peers, clients, start });
  return {
    scenario,
    network,
    time,
    trace,
    peers,
    clients,
    bans,
    moves,
    injector,
    unhandled,
    start,
  };
}

async function live(world: World & { start(index: number): void }): Promise<void> {
  const { scenario, time, clients, injector, trace } = world;
  for (const [index, { startMs }] of scenario.peers.entries()) {
    time.schedule(startMs, () => world.start(index));
  }
  injector.arm();
  let running = clients.length;
  const finish = () => {
    running -= 1;
  };
  for (const [index, client] of clients.entries()) {
    time.schedule(2500, () => {
      client.run(scenario.clients[index] ?? []).then(finish, (error: unknown) => {
        world.unhandled.push(error);
        finish();
      });
    });
  }
  const isDone = () => running <= injector.deadClients;
  await time.run({ isDone, untilMs: runMsMax });
  trace.note('all generations are over: what is wrong is mended');
  injector.mendAll();
  await time.run({ isDone: () => false, untilMs: time.nowMs + restMs });
}

function report(world: World, violations: readonly Violation[]): RunReport {
  const { scenario, trace, time, clients, bans, injector, network, peers } = world;
  const generations = clients.flatMap(({ reports }) => reports);
  const waits = generations.flatMap((report) =>
    report.waits.map(({ fromMs, toMs }) => toMs - fromMs),
  );
  return {
    seed: scenario.seed,
    violations,
    trace,
    traceHash: trace.hash,
    generations,
    faultCount: injector.records.length,
    faultCounts: network.faultCounts,
    banCount: bans.length,
    rerouteCount: generations.reduce((sum, { reroutes }) => sum + reroutes, 0),
    moveCount: world.moves.length,
    tokenBlocks: peers.map((peer) =>
      (peer?.engines ?? []).reduce(
        (sum, { tokensTaken, info }) => sum + tokensTaken * (info.span.end - info.span.start),
        0,
      ),
    ),
    virtualMs: time.nowMs,
    eventCount: time.eventCount,
    longestWaitMs: Math.max(0, ...waits),
  };
}
