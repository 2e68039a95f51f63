import type { Clock, Directory, Random, SkeinNode } from '@skein/client/network';
import type { ModelHash, Span } from '@skein/protocol';
import type { Announcer } from '../announce/announcer.js';
import type { PeerSpans } from '../hosting/peer-spans.js';
import { type MemberRecord, swarmOfRecords } from '../hosting/swarm-of-records.js';
import { askPeers } from './ask-peers.js';
import { blockDemand, QueueAverages } from './block-demand.js';
import type { MoveEnvironment } from './move-span.js';
import { rebalanceLimits } from './rebalance-limits.js';
import { Rebalancer } from './rebalancer.js';

/** What a {@link Rebalancer} is made of: the parts of a peer. */
export interface RebalancingPeer extends Pick<MoveEnvironment, 'placeAt' | 'room' | 'onEvent'> {
  readonly node: SkeinNode;
  readonly directory: Directory;
  readonly model: { readonly hash: ModelHash; readonly blockCount: number };
  readonly onDisk: readonly Span[];
  readonly spans: PeerSpans;
  readonly announcer: Announcer;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  readonly random: Random;
  /** Mean time between two looks for a better span. */
  readonly intervalMs: number;
  onError(error: unknown): void;
}

/** Makes the rebalancer of a peer, on what its directory knows. It does nothing until `start()`. */
export function createRebalancer(peer: RebalancingPeer): Rebalancer {
  const { node, directory, model, spans, announcer, clock, wallClock, random, intervalMs } = peer;
  const queues = new QueueAverages();
  const kin = () => directory.records().filter((record) => isKin(record, peer));
  const move: MoveEnvironment = {
    selfId: node.peer,
    spans,
    announcer,
    clock,
    announceMs: Math.max(rebalanceLimits.announceShare * intervalMs, rebalanceLimits.announceMsMin),
    placeAt: peer.placeAt,
    room: peer.room,
    onEvent: peer.onEvent,
    view: () => ({
      swarm: swarmOfRecords(kin(), model.blockCount),
      demand: blockDemand(kin(), model.blockCount, (id) => queues.rowsAt(id)),
    }),
    async askCoHosts(next, signal) {
      const { span } = spans.placement;
      const records = kin();
      const others = records.filter(
        ({ peerId, body }) => peerId !== node.peer && isLeftTo(body.span, span, next),
      );
      const answers = await askPeers({ node, clock, wallClock }, others, signal);
      const own = records.filter(({ peerId }) => peerId === node.peer);
      const staying = answers.filter((record) => isKin(record, peer));
      return swarmOfRecords([...own, ...staying], model.blockCount);
    },
  };
  return new Rebalancer({
    clock,
    random,
    intervalMs,
    onDisk: peer.onDisk,
    move,
    sampleQueues: () => queues.sample(kin()),
    onError: peer.onError,
  });
}

/** Of the same model and kind; peers that load do not know their kind yet. */
function isKin(
  { body }: MemberRecord,
  { model, spans }: Pick<RebalancingPeer, 'model' | 'spans'>,
): boolean {
  const kind = spans.current?.host.numericKind;
  return body.model === model.hash && (body.numericKind === kind || body.numericKind === '');
}

/** Whether a span holds a block that is left by going from one span to another. */
function isLeftTo(held: Span, from: Span, to: Span): boolean {
  for (
    let block = Math.max(held.start, from.start);
    block < held.end && block < from.end;
    block++
  ) {
    if (block < to.start || block >= to.end) return true;
  }
  return false;
}
