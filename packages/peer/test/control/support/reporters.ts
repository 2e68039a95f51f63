import { generateKeyPair } from '@libp2p/crypto/keys';
import {
  type ChannelAcceptor,
  createDirectory,
  createSkeinNode,
  type Directory,
  type SkeinNode,
  systemClock,
} from '@skein/client/network';
import {
  type ModelHash,
  type PeerId,
  type ReportMessage,
  type ReportRequest,
  reportProtocol,
  reportRequestSchema,
  type StatusMessage,
  signedStatusProtocol,
  signedStatusRequestSchema,
  statusProtocol,
  statusRequestSchema,
} from '@skein/protocol';
import { answerReports } from '../../../src/control/answer-reports.js';
import { answerSignedStatus } from '../../../src/control/answer-signed-status.js';
import { answerStatus } from '../../../src/control/answer-status.js';
import { NeighbourStatuses } from '../../../src/control/neighbour-statuses.js';
import type { Cleanup } from '../../support/cleanup.js';

/** What a hostile reporter makes of its answers. */
export type Twist = (report: ReportMessage) => ReportMessage | null;

/** A peer without an engine that answers observers, over TCP. */
export interface Reporter {
  readonly name: string;
  readonly node: SkeinNode;
  readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>;
  /** Times that it told of itself. */
  described: number;
  /** It takes questions, and does not answer. */
  isFrozen: boolean;
  twist: Twist | null;
  /** Null unless it is a member of a swarm. */
  directory: Directory | null;
  know(...others: readonly Reporter[]): void;
  knowAddresses(addresses: readonly (readonly [PeerId, readonly string[]])[]): void;
}

/** Starts one. A peer of an older version knows the plain question only. */
export async function startReporter(
  cleanup: Cleanup,
  name: string,
  { isOld = false }: { readonly isOld?: boolean } = {},
): Promise<Reporter> {
  const privateKey = await generateKeyPair('Ed25519');
  const node = await createSkeinNode({
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: [],
    mode: 'peer',
    dht: false,
    mdns: false,
    privateKey,
  });
  await node.start();
  cleanup.add(() => node.stop());
  const known = new Map<PeerId, readonly string[]>();
  const startedAtMs = performance.now();
  const reporter: Reporter = {
    name,
    node,
    privateKey,
    described: 0,
    isFrozen: false,
    twist: null,
    directory: null,
    know: (...others) => {
      for (const other of others) known.set(other.node.peer, [...other.node.multiaddrs]);
    },
    knowAddresses: (addresses) => {
      for (const [peer, multiaddrs] of addresses) known.set(peer, multiaddrs);
    },
  };
  const describe = () => {
    reporter.described += 1;
    return statusOf(name, Math.round(performance.now() - startedAtMs));
  };
  await node.serve(
    statusProtocol,
    statusRequestSchema,
    answerStatus(() => describe()),
  );
  if (isOld) return reporter;
  const source = { describe, privateKey, clock: systemClock, wallClock: Date.now };
  const honest = answerSignedStatus(source);
  await node.serve(signedStatusProtocol, signedStatusRequestSchema, (channel) => {
    const handlers = honest(channel);
    return {
      ...handlers,
      onMessage: (received) => (reporter.isFrozen ? undefined : handlers.onMessage(received)),
    };
  });
  const addressesOf = (peer: PeerId) =>
    known.get(peer) ?? reporter.directory?.get(peer)?.body.multiaddrs ?? null;
  const neighbours = new NeighbourStatuses({ node, clock: systemClock, addressesOf });
  cleanup.add(async () => neighbours.stop());
  const answer = answerReports({ neighbours, clock: systemClock });
  await node.serve(reportProtocol, reportRequestSchema, twisted(answer, reporter));
  return reporter;
}

/** Starts one that is a member of a swarm, with a record. */
export async function startMember(
  cleanup: Cleanup,
  name: string,
  { bootstrap, ...options }: { readonly bootstrap: readonly string[]; readonly isOld?: boolean },
): Promise<Reporter & { readonly directory: Directory }> {
  const reporter = await startReporter(cleanup, name, options);
  const { node, privateKey } = reporter;
  const directory = createDirectory({ node, bootstrap, privateKey, gossipMs: 200 });
  reporter.directory = directory;
  await directory.start();
  cleanup.add(() => directory.stop());
  if (bootstrap.length > 0) await node.connect(bootstrap, {});
  await directory.publish({
    state: 'serving',
    name,
    model: 'ab'.repeat(32) as ModelHash,
    modelName: 'tiny',
    blockCount: 8,
    hiddenSize: 64,
    contextLength: 512,
    span: { start: 0, end: 8 },
    ends: { embedding: true, head: true },
    numericKind: 'f32/f32',
    decodeBlocksPerSecond: 1_000,
    prefillBlockRowsPerSecond: 50_000,
    kvTokensFree: 1_024,
    kvTokensMax: 1_024,
    queuedRows: 0,
    sessions: 0,
    multiaddrs: [...node.multiaddrs],
  });
  return Object.assign(reporter, { directory });
}

type AnswerReports = ChannelAcceptor<ReportRequest, ReportMessage>;

/** The real answers, changed on their way out where the reporter is hostile. */
function twisted(answer: AnswerReports, reporter: Reporter): AnswerReports {
  return (channel) =>
    answer({
      remotePeer: channel.remotePeer,
      get bufferedBytes() {
        return channel.bufferedBytes;
      },
      send: (message) => {
        const changed = reporter.twist === null ? message : reporter.twist(message);
        return changed === null ? undefined : channel.send(changed);
      },
      close: () => channel.close(),
      abort: (error) => channel.abort(error),
    });
}

/** What a peer by that name tells of itself. */
export function statusOf(name: string, uptimeMs: number): Omit<StatusMessage, 'type'> {
  return {
    version: '0.1.0',
    engine: 'none',
    device: name,
    uptimeMs,
    state: 'serving',
    model: 'ab'.repeat(32) as ModelHash,
    span: { start: 0, end: 8 },
    spanReason: 'as told',
    weightBytes: 1,
    kvBytesMax: 1,
    deviceBytes: 0,
    kvTokensFree: 900,
    kvTokensMax: 1_000,
    queuedRows: 0,
    sessions: 0,
    throughput: { decodeBlocksPerSecond: 100, prefillBlockRowsPerSecond: 5_000 },
    counters: {
      tokenBlocks: 0,
      tokens: 0,
      steps: 0,
      rows: 0,
      failedSteps: 0,
      sessionsOpened: 0,
      relinks: 0,
      engineRestarts: 0,
      moves: 0,
      receivedBytes: 0,
      sentBytes: 0,
    },
    durations: { queue: [], compute: [], step: [], firstToken: [] },
    sessionList: [],
    neighbours: [],
    events: [],
  };
}
