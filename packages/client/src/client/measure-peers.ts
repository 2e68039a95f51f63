import { type InfoRequest, infoAnswerSchema, infoProtocol, type ModelHash } from '@skein/protocol';
import { type Clock, delay } from '../clock.js';
import type { Remote, SkeinNode } from '../network/contracts.js';
import { planRoute } from '../routing/plan-route.js';
import type { SwarmView } from '../routing/swarm-view.js';
import { createDeferred } from '../session/deferred.js';

/** Peers that are measured before a route is chosen: each costs a dial. */
const measuredPeersMax = 16;
/** The route is chosen after so long, with what came by then. */
const waitMs = 300;
/** A measurement that takes longer is given up. */
const answerMs = 3000;

/**
 * Measures the distance of peers that nobody measured yet, where there is a choice between peers.
 * Best effort: who does not answer in time keeps the default latency.
 */
export async function measurePeers(
  environment: { node: SkeinNode; view: SwarmView; clock: Clock },
  model: { readonly hash: ModelHash; readonly blockCount: number },
): Promise<void> {
  const { view, clock } = environment;
  const snapshot = view.snapshot(model.hash);
  const usable = snapshot.peers.filter(
    ({ record, isBanned }) => record.state === 'serving' && !isBanned,
  );
  const route = planRoute(snapshot, { model: model.hash, blockCount: model.blockCount }, () => 0);
  // Without a choice there is nothing to measure for.
  if (route.kind === 'no-route' || usable.length <= route.hops.length) return;
  const unmeasured = usable.filter(({ latencyMs }) => latencyMs === null);
  const measuring = unmeasured.slice(0, measuredPeersMax).map(async ({ peer, record }) => {
    const roundTripMs = await ping(environment, { peer, multiaddrs: record.multiaddrs });
    if (roundTripMs !== null) view.measurements.addRoundTrip(peer, roundTripMs);
  });
  const enough = new AbortController();
  const all = Promise.all(measuring).then(() => enough.abort());
  if (measuring.length > 0) await Promise.race([all, delay(clock, waitMs, enough.signal)]);
}

/** Time of one question and answer on an open stream; null when there is no answer. */
async function ping(
  { node, clock }: { node: SkeinNode; clock: Clock },
  remote: Remote,
): Promise<number | null> {
  const answer = createDeferred<boolean>();
  const controller = new AbortController();
  const giveUp = () => {
    controller.abort();
    answer.resolve(false);
  };
  const cancel = clock.schedule(answerMs, giveUp);
  try {
    const channel = await node.openChannel<typeof infoAnswerSchema, InfoRequest>(
      remote,
      infoProtocol,
      infoAnswerSchema,
      () => ({
        onMessage: ({ message }) => answer.resolve(message.type === 'info'),
        onClose: () => answer.resolve(false),
      }),
      { signal: controller.signal },
    );
    const askedAtMs = clock.now();
    void channel.send({ type: 'info-request' });
    const isAnswered = await answer.promise;
    const elapsedMs = clock.now() - askedAtMs;
    void channel.close().catch(() => {});
    return isAnswered ? elapsedMs : null;
  } catch {
    return null;
  } finally {
    cancel();
  }
}
