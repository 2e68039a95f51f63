import { type PeerId, spanContains } from '@skein/protocol';
import type { GenerationReport } from '../swarm/sim-client.js';
import type { FaultRecord } from './fault-injector.js';
import type { BanRecord, World } from './run-scenario.js';

/** A promise that the product broke. */
export interface Violation {
  readonly invariant: string;
  readonly text: string;
}

/**
 * The longest that a generation may go without a token while peers that nothing happened to cover
 * the model: this much, and more for every fault in the meantime or shortly before. One failure
 * takes at most 10 s to be noticed (a first step on a route), a probe, and 5 s to be mended; a
 * truncated or linked hop that hangs takes 3 s more.
 */
const waitMsBase = 30_000;
const waitMsPerFault = 20_000;
/** A fault of this long ago may still be noticed only now. */
const lateMs = 30_000;

/** Checks everything that must hold after any run. */
export function checkInvariants(world: World): Violation[] {
  return [
    ...checkTokens(world),
    ...checkWaits(world),
    ...checkMemory(world),
    ...checkBans(world),
    ...checkErrors(world),
    ...checkMoves(world),
    ...world.unhandled.map((error) => ({
      invariant: 'no unhandled rejection',
      text: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })),
  ];
}

function checkTokens({ clients }: World): Violation[] {
  return reportsOf(clients).flatMap(({ client, wrongAt, tokens, plan, error, endedAtMs }) => {
    const invariant = 'tokens equal the reference';
    if (wrongAt !== null) return [{ invariant, text: `${client} differs at token ${wrongAt}` }];
    const expected = plan.leaveAfter ?? plan.tokenCount;
    if (error !== null || endedAtMs === null || tokens.length === expected) return [];
    return [{ invariant, text: `${client} got ${tokens.length} tokens of ${expected}` }];
  });
}

function checkWaits(world: World): Violation[] {
  const { injector, time, clients } = world;
  const violations: Violation[] = [];
  if (!isCovered(world, 0)) return violations;
  for (const client of clients) {
    if (client.node.isDead) continue;
    for (const report of client.reports) {
      const last = report.waits.at(-1)?.toMs ?? report.startedAtMs;
      const open = report.endedAtMs === null ? [{ fromMs: last, toMs: time.nowMs }] : [];
      for (const { fromMs, toMs } of [...report.waits, ...open]) {
        const faults = injector.records.filter(
          ({ atMs, endsAtMs }) => atMs < toMs && endsAtMs > fromMs - lateMs,
        );
        const boundMs = waitMsBase + waitMsPerFault * faults.length;
        if (toMs - fromMs <= boundMs) continue;
        const text =
          `${client.name} waited from ${seconds(fromMs)} to ${seconds(toMs)} for a token, with ` +
          `${faults.length} faults: the bound is ${seconds(boundMs)}`;
        violations.push({ invariant: 'no session is stuck', text });
      }
    }
  }
  return violations;
}

function checkMemory({ peers }: World): Violation[] {
  return peers.flatMap((peer) => {
    if (peer === null || peer.node.isDead) return [];
    const { engines, hosts, plan } = peer;
    const sum = (numbers: readonly number[]) => numbers.reduce((total, next) => total + next, 0);
    const taken = sum(engines.map(({ tokensTaken }) => tokensTaken));
    const freed = sum(engines.map(({ tokensFreed }) => tokensFreed));
    const onEngines = sum(engines.map(({ sessionCount }) => sessionCount));
    const onHosts = sum([...hosts].map(({ sessionCount }) => sessionCount));
    const historyBytes = sum([...hosts].map(({ historyBudget }) => historyBudget.bytes));
    if (taken === freed && onEngines === 0 && onHosts === 0 && historyBytes === 0) return [];
    const text =
      `${plan.name}: ${taken} tokens taken, ${freed} freed, ${onEngines} sessions ` +
      `on engines, ${onHosts} on hosts, ${historyBytes} bytes of history`;
    return [{ invariant: 'memory is given back', text }];
  });
}

function checkBans({ bans, injector, network }: World): Violation[] {
  return bans.flatMap((ban) => {
    if (injector.records.some((fault) => isCause(fault, ban))) return [];
    const text = `${ban.client.name} banned ${network.find(ban.peer)?.name} at ${seconds(ban.atMs)}`;
    return [{ invariant: 'every ban has a cause', text }];
  });
}

function checkMoves({ moves }: World): Violation[] {
  return moves.flatMap(({ atMs, name, from, to, lostBlocks }) => {
    if (lostBlocks.length === 0) return [];
    const way = `[${from.start}:${from.end}) for [${to.start}:${to.end})`;
    const text = `${name} left ${way} at ${seconds(atMs)}: nobody hosts ${lostBlocks.join(', ')}`;
    return [{ invariant: 'no block is lost by a move', text }];
  });
}

/** A fault of the peer, or of the way between it and the client. */
function isCause({ parties, atMs }: FaultRecord, { client, peer, atMs: bannedAtMs }: BanRecord) {
  if (atMs > bannedAtMs || !parties.includes(peer)) return false;
  return parties.length === 1 || parties.includes(client.node.peer);
}

function checkErrors(world: World): Violation[] {
  const { clients } = world;
  return clients.flatMap((client) => {
    if (client.node.isDead) return [];
    return client.reports.flatMap(({ error, startedAtMs }) => {
      if (error === null) return [];
      // Of whom nobody knows any peer, the model itself is unknown.
      const isForWantOfPeers = error.code === 'no-route' || error.code === 'model-unknown';
      const isExcused = isForWantOfPeers && !isCovered(world, startedAtMs);
      if (isExcused) return [];
      const text = `${client.name} failed: ${error.code}: ${error.message}`;
      return [{ invariant: 'no error while there is a route', text }];
    });
  });
}

/** Whether peers that serve since `fromMs`, and that nothing ever happened to, cover the model. */
function isCovered({ scenario, injector }: World, fromMs: number): boolean {
  const struck = new Set<PeerId>(injector.records.flatMap(({ parties }) => parties));
  const healthy = scenario.peers.filter(
    ({ peer, isSafe, startMs, clock, kvTokensMax, rebalanceMs }) =>
      isSafe ||
      (!struck.has(peer) &&
        rebalanceMs === null &&
        startMs < fromMs - 10_000 &&
        Math.abs(clock.offsetMs) < 30_000 &&
        // Room for everybody: nobody is turned away.
        kvTokensMax >= 1024 * scenario.clients.length),
  );
  const { blockCount } = scenario.model.config;
  for (let block = 0; block < blockCount; block += 1) {
    const span = { start: block, end: block + 1 };
    if (!healthy.some((peer) => spanContains(peer.span, span))) return false;
  }
  return true;
}

function reportsOf(clients: World['clients']): GenerationReport[] {
  // What a client whose machine died got or not is nobody's loss.
  return clients.filter(({ node }) => !node.isDead).flatMap(({ reports }) => reports);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
