import {
  type InfoRequest,
  infoAnswerSchema,
  infoProtocol,
  type ModelHash,
  type PeerId,
} from '@skein/protocol';
import { type Clock, delay, type Random } from '../clock.js';
import type { Remote, SkeinNode } from '../network/contracts.js';
import type { LoadReport } from '../routing/measurements.js';
import { planRoute } from '../routing/plan-route.js';
import type { PeerView, SwarmSnapshot } from '../routing/snapshot.js';
import type { SwarmView } from '../routing/swarm-view.js';
import { createDeferred } from '../session/deferred.js';

/** Peers that are asked before a route is chosen: each may cost a dial. */
const askedPeersMax = 16;
/** Routes drawn to find whom to ask: with each further one, fewer peers are new. */
const shortlistDrawsMax = 6;
/** The route is chosen after so long, with what came by then. */
const waitMs = 300;
/** An answer that takes longer is given up. */
const answerMs = 3000;
/** A load that was asked so recently still holds. */
const loadFreshMs = 5000;
/** A distance that was measured so recently still holds. */
const latencyFreshMs = 300_000;

/**
 * Asks peers that the route may lead over how loaded they are, and measures how far they are, where
 * there is a choice between peers. Best effort: of who does not answer in time, the record counts.
 *
 * Which peers is drawn as a route is, so that many clients do not all ask the same ones. What is
 * known of their load takes no part in it: who was busy a while ago would never be asked again.
 */
export async function measurePeers(
  environment: { node: SkeinNode; view: SwarmView; clock: Clock; random: Random },
  model: { readonly hash: ModelHash; readonly blockCount: number },
): Promise<void> {
  const { view, clock, random } = environment;
  const snapshot = view.snapshot(model.hash);
  const asking = shortlist(snapshot, model, random)
    .filter(isOutdated)
    .map(async ({ peer, record }) => {
      const answer = await ask(environment, { peer, multiaddrs: record.multiaddrs });
      if (answer === null) return;
      view.measurements.addRoundTrip(peer, answer.roundTripMs);
      view.measurements.addLoad(peer, answer.load);
    });
  const enough = new AbortController();
  const all = Promise.all(asking).then(() => enough.abort());
  if (asking.length > 0) await Promise.race([all, delay(clock, waitMs, enough.signal)]);
}

/** Peers on routes as they might be drawn; none where there is nothing to choose from. */
function shortlist(
  snapshot: SwarmSnapshot,
  { hash, blockCount }: { readonly hash: ModelHash; readonly blockCount: number },
  random: Random,
): readonly PeerView[] {
  const usable = snapshot.peers.filter(
    ({ record, isBanned }) => record.state === 'serving' && !isBanned,
  );
  const idle = { peers: usable.map(asIdle) };
  const peers = new Set<PeerId>();
  for (let draw = 0; draw < shortlistDrawsMax && peers.size < askedPeersMax; draw += 1) {
    const route = planRoute(idle, { model: hash, blockCount }, random);
    if (route.kind === 'no-route' || usable.length <= route.hops.length) return [];
    for (const { peer } of route.hops) if (peers.size < askedPeersMax) peers.add(peer);
  }
  return snapshot.peers.filter(({ peer }) => peers.has(peer));
}

function asIdle(view: PeerView): PeerView {
  const record = { ...view.record, sessions: 0, queuedRows: 0 };
  return { ...view, record, load: null, queueMs: null, sessionsInFlight: 0 };
}

function isOutdated({ load, latencyMs }: PeerView): boolean {
  const isLoadKnown = load !== null && load.sessions !== null && load.ageMs <= loadFreshMs;
  return !isLoadKnown || latencyMs === null || latencyMs.ageMs > latencyFreshMs;
}

interface Answer {
  readonly roundTripMs: number;
  readonly load: LoadReport;
}

/** One question and its answer on an open stream; null when there is no answer. */
async function ask(
  { node, clock }: { node: SkeinNode; clock: Clock },
  remote: Remote,
): Promise<Answer | null> {
  const answer = createDeferred<LoadReport | null>();
  const controller = new AbortController();
  const giveUp = () => {
    controller.abort();
    answer.resolve(null);
  };
  const cancel = clock.schedule(answerMs, giveUp);
  try {
    const channel = await node.openChannel<typeof infoAnswerSchema, InfoRequest>(
      remote,
      infoProtocol,
      infoAnswerSchema,
      () => ({
        onMessage: ({ message }) => {
          if (message.type !== 'info') answer.resolve(null);
          else {
            const { sessions, queuedRows, kvTokensFree } = message;
            answer.resolve({ sessions, queuedRows, kvTokensFree });
          }
        },
        onClose: () => answer.resolve(null),
      }),
      { signal: controller.signal },
    );
    const askedAtMs = clock.now();
    void channel.send({ type: 'info-request' });
    const load = await answer.promise;
    const roundTripMs = clock.now() - askedAtMs;
    void channel.close().catch(() => {});
    return load === null ? null : { roundTripMs, load };
  } catch {
    return null;
  } finally {
    cancel();
  }
}
