import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { ModelHash, UnsignedRecord } from '../../src/index.js';

/** A key that is the same in every run. */
export function keyFromSeed(fill: number) {
  const seed = new Uint8Array(32).fill(fill);
  // Beyond a byte the first one tells them apart.
  seed[0] = fill + (fill >> 8);
  return generateKeyPairFromSeed('Ed25519', seed);
}

/** Milliseconds since 1970 at which the examples are current. */
export const exampleNow = 1_763_650_030_000;

export const exampleRecord: UnsignedRecord = {
  sequence: 1_763_650_000_001,
  issuedAtMs: 1_763_650_000_000,
  expiresAtMs: 1_763_650_090_000,
  state: 'serving',
  name: 'garden shed',
  model: '0123456789abcdef'.repeat(4) as ModelHash,
  modelName: 'tiny-tales',
  blockCount: 24,
  hiddenSize: 2048,
  contextLength: 4096,
  span: { start: 8, end: 16 },
  ends: { embedding: false, head: false },
  nextSpan: { start: 12, end: 22 },
  capacityBlocks: 10,
  numericKind: 'q8_0/f16',
  decodeBlocksPerSecond: 812.5,
  prefillBlockRowsPerSecond: 9000,
  kvTokensFree: 60_000,
  kvTokensMax: 65_536,
  queuedRows: 2,
  sessions: 3,
  multiaddrs: ['/ip4/203.0.113.7/tcp/4001', '/dns4/peer.example/tcp/443/wss'],
};
