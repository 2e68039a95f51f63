import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { PeerActivity } from '../activity/peer-activity.js';
import type { PeerStatus } from '../peer-options.js';

/** Seconds: from a small model on a fast card to a long wait. */
const secondBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/** What a peer does, as Prometheus reads it. One model a process, so there is no label for it. */
export function addPeerMetrics(
  registry: Registry,
  peer: { status(): PeerStatus | null; readonly activity: PeerActivity },
): void {
  const { activity } = peer;
  addCounters(registry, activity);
  addGauges(registry, () => peer.status());
  const step = histogram(registry, 'skein_peer_step_seconds', {
    help: 'Time of a single-token step in the queue, and on the engine.',
    labelNames: ['phase'],
  });
  const gap = histogram(registry, 'skein_peer_token_gap_seconds', {
    help: 'From one token of a session to the next, at a peer with the head.',
  });
  const first = histogram(registry, 'skein_peer_first_token_seconds', {
    help: "From a session's opening to its first logits, at a peer with the head.",
  });
  activity.onStep(({ isOk, rows, queueMs, computeMs, sinceLogitsMs, firstTokenMs }) => {
    if (isOk && rows === 1) {
      step.observe({ phase: 'queue' }, queueMs / 1000);
      step.observe({ phase: 'compute' }, computeMs / 1000);
    }
    if (sinceLogitsMs !== null) gap.observe(sinceLogitsMs / 1000);
    if (firstTokenMs !== null) first.observe(firstTokenMs / 1000);
  });
}

function histogram(
  registry: Registry,
  name: string,
  { help, labelNames = [] }: { help: string; labelNames?: readonly string[] },
): Histogram {
  return new Histogram({ name, help, labelNames, buckets: secondBuckets, registers: [registry] });
}

function addCounters(registry: Registry, activity: PeerActivity): void {
  const counter = (name: string, help: string, read: () => number) => {
    new Counter({
      name: `skein_peer_${name}_total`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  counter('steps', 'Steps that were computed.', () => activity.steps);
  counter('rows', 'Tokens that passed the blocks.', () => activity.rows);
  counter('tokens', 'Logits that were sent for a token to be chosen from.', () => activity.tokens);
  counter('failed_steps', 'Steps that failed on the engine.', () => activity.failedSteps);
  counter('sessions', 'Sessions that were opened.', () => activity.sessionsOpened);
  counter(
    'relinks',
    'Sessions whose outputs were led to another peer than before.',
    () => activity.relinks,
  );
  counter('moves', 'Changes of the blocks that are hosted.', () => activity.moves);
  counter('engine_restarts', 'Restarts of a failed engine.', () => activity.engineRestarts);
}

function addGauges(registry: Registry, status: () => PeerStatus | null): void {
  const gauge = (name: string, help: string, read: (status: PeerStatus) => number) => {
    new Gauge({
      name: `skein_peer_${name}`,
      help,
      registers: [registry],
      collect() {
        const current = status();
        this.set(current === null ? 0 : read(current));
      },
    });
  };
  gauge('serving', '1 while the peer takes sessions.', ({ state }) => Number(state === 'serving'));
  gauge('hosted_blocks', 'Blocks that it hosts.', ({ span }) => span.end - span.start);
  gauge('sessions', 'Sessions on it.', ({ sessions }) => sessions);
  gauge('queued_rows', 'Tokens that wait, or are on the engine.', ({ queuedRows }) => queuedRows);
  gauge('kv_free_tokens', 'Tokens that can still be cached.', ({ kvTokensFree }) => kvTokensFree);
  gauge('kv_max_tokens', 'Tokens that the cache holds.', ({ kvTokensMax }) => kvTokensMax);
  gauge('weight_bytes', 'Memory of the weights.', ({ weightBytes }) => weightBytes);
  new Counter({
    name: 'skein_peer_token_blocks_total',
    help: 'Tokens times blocks that were computed.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(status()?.tokenBlocks ?? 0);
    },
  });
}
