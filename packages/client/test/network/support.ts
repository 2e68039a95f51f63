import { generateKeyPair } from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';
import type { ModelHash, PeerId } from '@skein/protocol';
import type { Directory, SkeinNode } from '../../src/network/index.js';
import { createDirectory, createSkeinNode } from '../../src/network/index.js';

let memoryAddresses = 0;

/** A fresh address of the in-process transport. */
export function memoryAddress(): string {
  memoryAddresses += 1;
  return `/memory/test-${memoryAddresses}`;
}

/** What a test started, to be stopped in reverse order. */
export class Cleanup {
  readonly #stops: (() => Promise<unknown>)[] = [];

  add(stop: () => Promise<unknown>): void {
    this.#stops.push(stop);
  }

  async run(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }
}

export interface Member {
  readonly node: SkeinNode;
  readonly directory: Directory;
  readonly privateKey: PrivateKey;
}

/** A started node with its directory. */
export async function startMember(
  cleanup: Cleanup,
  options: {
    bootstrap?: readonly string[];
    listen?: readonly string[];
    isReadOnly?: boolean;
    gossipMs?: number;
    dht?: boolean;
    wallClock?: () => number;
    transports?: 'memory' | 'tcp';
  } = {},
): Promise<Member> {
  const privateKey = await generateKeyPair('Ed25519');
  const bootstrap = options.bootstrap ?? [];
  const isTcp = options.transports === 'tcp';
  const node = await createSkeinNode({
    listen: options.listen ?? (isTcp ? ['/ip4/127.0.0.1/tcp/0'] : [memoryAddress()]),
    bootstrap,
    mode: 'peer',
    privateKey,
    dht: options.dht ?? false,
    ...(isTcp ? {} : { transports: 'memory' as const }),
  });
  await node.start();
  const directory = createDirectory({
    node,
    bootstrap,
    gossipMs: options.gossipMs ?? 300,
    ...(options.isReadOnly ? {} : { privateKey }),
    ...(options.wallClock ? { wallClock: options.wallClock } : {}),
  });
  await directory.start();
  cleanup.add(async () => {
    await directory.stop();
    await node.stop();
  });
  return { node, directory, privateKey };
}

/** A body that a member could publish. */
export function recordBody(node: SkeinNode, name = 'somebody') {
  return {
    state: 'serving' as const,
    name,
    model: 'ab'.repeat(32) as ModelHash,
    modelName: 'tiny',
    blockCount: 8,
    hiddenSize: 64,
    contextLength: 512,
    span: { start: 0, end: 4 },
    ends: { embedding: true, head: false },
    numericKind: 'f32/f32',
    decodeBlocksPerSecond: 1000,
    prefillBlockRowsPerSecond: 50_000,
    kvTokensFree: 1024,
    kvTokensMax: 1024,
    queuedRows: 0,
    sessions: 0,
    multiaddrs: [...node.multiaddrs],
  };
}

/** Waits for a condition that other parts bring about, without a fixed sleep. */
export async function until(condition: () => boolean, timeoutMs = 10_000): Promise<number> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > timeoutMs) throw new Error(`not so after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - start;
}

/** Ids of all visible records, sorted. */
export function knownPeers(directory: Directory): PeerId[] {
  return directory
    .records()
    .map((record) => record.peerId)
    .sort();
}
