import type { ModelHash, PeerId, RecordBody, Span } from '@skein/protocol';
import type { MemberRecord } from '../../src/hosting/swarm-of-records.js';

/** A record as the directory would have it. */
export function memberRecord(id: string, span: Span, rest: Partial<RecordBody> = {}): MemberRecord {
  const body: RecordBody = {
    version: 1,
    publicKey: new Uint8Array(36),
    sequence: 1,
    issuedAtMs: 0,
    expiresAtMs: 90_000,
    state: 'serving',
    name: id,
    model: 'ab'.repeat(32) as ModelHash,
    modelName: 'toy',
    blockCount: 8,
    hiddenSize: 32,
    contextLength: 256,
    span,
    ends: { embedding: false, head: false },
    capacityBlocks: 4,
    numericKind: 'f32/f32',
    decodeBlocksPerSecond: 1000,
    prefillBlockRowsPerSecond: 10_000,
    kvTokensFree: 1000,
    kvTokensMax: 1000,
    queuedRows: 0,
    sessions: 0,
    multiaddrs: [],
    ...rest,
  };
  return { peerId: id as PeerId, body };
}
