import { generateKeyPair } from '@libp2p/crypto/keys';
import {
  createSkeinNode,
  type MessageChannel,
  RateBudget,
  type SkeinNode,
  systemClock,
} from '@skein/client/network';
import { serveStatuses } from '@skein/peer/control';
import {
  type DigestMessage,
  directoryMessageSchema,
  directoryProtocol,
  limits,
  type ModelHash,
  type PeerId,
  type RecordBody,
  type RecordsMessage,
  type StatusMessage,
  signRecord,
} from '@skein/protocol';

/** Blocks of the model, and of each peer's span. */
const blockCount = 80;
const spanBlocks = 8;
const sessionsPerPeer = 4;
/** Records are issued again as real peers do it: each after a third of its life, all at other times. */
const reissueMs = limits.recordLifetimeMsMax / 3;
const turnMs = 500;
/**
 * All peers together dial so many others a second. Each by itself may dial one a second, which a machine of
 * its own would hardly notice; here they share one core, and a handshake takes 20 ms on either side.
 */
const dialsPerSecond = 10;
/** Observers ask in bursts, every eight seconds. */
const dialsAtOnceMax = 8 * dialsPerSecond;
const model = '5e'.repeat(32) as ModelHash;

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>;

interface SyntheticPeer {
  readonly node: SkeinNode;
  readonly key: PrivateKey;
  readonly index: number;
  steps: number;
}

/** The newest records, which all peers pass on alike: a directory in each would take gigabytes. */
const records = new Map<string, { readonly sequence: number; readonly bytes: Uint8Array }>();

/**
 * A process with many peers that compute nothing: each has a node, an identity and a port of its own,
 * a signed record, and a status of the size that a busy peer's has. What they answer observers, of
 * themselves and of each other, is what `skein peer` answers.
 */
async function run(peerCount: number): Promise<void> {
  const peers: SyntheticPeer[] = [];
  const byId = new Map<PeerId, SyntheticPeer>();
  const now = () => systemClock.now();
  const dials = new RateBudget({ atOnceMax: dialsAtOnceMax, perSecond: dialsPerSecond, now });
  for (let index = 0; index < peerCount; index += 1) {
    const key = await generateKeyPair('Ed25519');
    const node = await createSkeinNode({
      listen: ['/ip4/127.0.0.1/tcp/0'],
      bootstrap: [],
      mode: 'client',
      dht: false,
      mdns: false,
      // Lighter connections, without pings: a thousand peers with fifteen each share this process.
      connectionsMax: 768,
      privateKey: key,
    });
    await node.start();
    const peer: SyntheticPeer = { node, key, index, steps: 0 };
    peers.push(peer);
    byId.set(node.peer, peer);
    await serveStatuses({
      node,
      clock: systemClock,
      wallClock: Date.now,
      privateKey: key,
      describe: () => statusOf(peer, peers),
      dials,
      addressesOf: (id) => byId.get(id)?.node.multiaddrs ?? null,
    });
    await node.serve(directoryProtocol, directoryMessageSchema, answerDigests);
  }
  for (const peer of peers) await publish(peer);
  const perTurn = Math.ceil((peerCount * turnMs) / reissueMs);
  let next = 0;
  setInterval(() => {
    for (const peer of peers.slice(next, next + perTurn)) void publish(peer);
    next = next + perTurn >= peerCount ? 0 : next + perTurn;
  }, turnMs);
  process.send?.({ bootstrap: peers[0]?.node.multiaddrs[0] });
  // Whoever asks is told what all peers together have taken.
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuSeconds: (user + system) / 1e6 });
  });
}

async function publish(peer: SyntheticPeer): Promise<void> {
  const sequence = Date.now();
  records.set(peer.node.peer, { sequence, bytes: await recordOf(peer, sequence) });
}

/** Sends the records that the asker lacks, or has older ones of. */
function answerDigests(channel: MessageChannel<RecordsMessage>) {
  return {
    onMessage: ({ message }: { message: DigestMessage | RecordsMessage }) => {
      if (message.type !== 'digest') return undefined;
      const known = new Map(message.entries);
      const newer = [...records]
        .filter(([peer, { sequence }]) => sequence > (known.get(peer) ?? 0))
        .slice(0, limits.recordsPerExchangeMax)
        .map(([, { bytes }]) => bytes as Uint8Array<ArrayBuffer>);
      return channel.send({ type: 'records', records: newer, wanted: [] });
    },
    onClose: () => undefined,
  };
}

function spanOf(index: number) {
  const start = (index * spanBlocks) % blockCount;
  return { start, end: start + spanBlocks };
}

function recordOf({ node, key, index }: SyntheticPeer, issuedAtMs: number): Promise<Uint8Array> {
  const span = spanOf(index);
  const body: Omit<RecordBody, 'version' | 'publicKey'> = {
    sequence: issuedAtMs,
    issuedAtMs,
    expiresAtMs: issuedAtMs + limits.recordLifetimeMsMax,
    state: 'serving',
    name: `synthetic-${index}`,
    model,
    modelName: 'synthetic-80',
    blockCount,
    hiddenSize: 8192,
    contextLength: 8192,
    span,
    ends: { embedding: span.start === 0, head: span.end === blockCount },
    numericKind: 'q4_0/f16',
    decodeBlocksPerSecond: 400 + (index % 100),
    prefillBlockRowsPerSecond: 20_000,
    kvTokensFree: 100_000 - index,
    kvTokensMax: 100_000,
    queuedRows: index % 5,
    sessions: sessionsPerPeer,
    multiaddrs: [...node.multiaddrs],
  };
  return signRecord(body, key);
}

/** One chain of peers is one route: the peer of the next span, one after the other. */
function statusOf(
  peer: SyntheticPeer,
  peers: readonly SyntheticPeer[],
): Omit<StatusMessage, 'type'> {
  peer.steps += 20;
  const { node, index, steps } = peer;
  const span = spanOf(index);
  const next = span.end === blockCount ? null : (peers[index + 1]?.node.peer ?? null);
  const chain = Math.floor((index * spanBlocks) / blockCount);
  const hex = (value: number) => value.toString(16).padStart(16, '0');
  const counts = Array.from({ length: 24 }, (_, bucket) => steps * (bucket % 7));
  return {
    version: '0.1.0',
    engine: 'synthetic 1.0 on nothing',
    device: 'nothing at all',
    uptimeMs: steps * 100,
    state: 'serving',
    model,
    span,
    spanReason: `blocks ${span.start} to ${span.end - 1} were the weakest`,
    weightBytes: 4_000_000_000,
    kvBytesMax: 1_000_000_000,
    deviceBytes: 8_000_000_000,
    kvTokensFree: 100_000 - (steps % 1000),
    kvTokensMax: 100_000,
    queuedRows: steps % 7,
    sessions: sessionsPerPeer,
    throughput: { decodeBlocksPerSecond: 412.5, prefillBlockRowsPerSecond: 20_000 },
    counters: {
      tokenBlocks: steps * 8,
      tokens: span.end === blockCount ? steps : 0,
      steps,
      rows: steps * 2,
      failedSteps: 0,
      sessionsOpened: sessionsPerPeer,
      relinks: 0,
      engineRestarts: 0,
      moves: 0,
      receivedBytes: steps * 16_384,
      sentBytes: steps * 16_384,
    },
    durations: { queue: counts, compute: counts, step: counts, firstToken: counts },
    sessionList: Array.from({ length: sessionsPerPeer }, (_, session) => ({
      id: hex(chain * sessionsPerPeer + session),
      span,
      next,
      tokens: steps % 8192,
      decoded: steps,
      ageMs: steps * 50,
      idleMs: 20,
    })),
    neighbours: [-3, -2, -1, 1, 2, 3].flatMap((offset) => {
      const other: PeerId | undefined = peers[index + offset]?.node.peer;
      return other === undefined ? [] : [{ peer: other, roundTripMs: 10 + offset }];
    }),
    events: [
      { id: 1, agoMs: steps * 100, kind: 'ready' as const, text: `serves from ${node.peer}` },
    ],
  };
}

await run(Number(process.argv[2]));
