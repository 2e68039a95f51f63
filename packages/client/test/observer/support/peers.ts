import type {
  ModelHash,
  PeerId,
  RecordBody,
  StatusMessage,
  StatusSession,
  VerifiedRecord,
} from '@skein/protocol';
import { ObservedPeer } from '../../../src/observer/watch/observed-peer.js';

export const model = 'ab'.repeat(32) as ModelHash;

/** Something that looks like a peer id. */
export function peerId(name: string): PeerId {
  return `12D3Koo${name.replace(/[^1-9A-HJ-NP-Za-km-z]/g, 'x').padEnd(45, 'W')}` as PeerId;
}

export function recordOf(
  name: string,
  fields: Partial<RecordBody> & Pick<RecordBody, 'span'>,
): VerifiedRecord {
  const { span, blockCount = 8 } = fields;
  const body: RecordBody = {
    version: 1,
    publicKey: new Uint8Array(36),
    sequence: 1,
    issuedAtMs: 0,
    expiresAtMs: 90_000,
    state: 'serving',
    name,
    model,
    modelName: 'tiny',
    blockCount,
    hiddenSize: 64,
    contextLength: 512,
    ends: { embedding: span.start === 0, head: span.end === blockCount },
    numericKind: 'f16/f16',
    decodeBlocksPerSecond: 100,
    prefillBlockRowsPerSecond: 5_000,
    kvTokensFree: 1_000,
    kvTokensMax: 1_000,
    queuedRows: 0,
    sessions: 0,
    multiaddrs: [],
    ...fields,
  };
  return { body, peerId: peerId(name), bytes: new Uint8Array(0) };
}

export function statusOf(
  body: RecordBody,
  fields: Partial<Omit<StatusMessage, 'type' | 'counters' | 'durations'>> & {
    readonly counters?: Partial<StatusMessage['counters']>;
    readonly durations?: Partial<StatusMessage['durations']>;
  } = {},
): StatusMessage {
  const { counters, durations, ...rest } = fields;
  return {
    type: 'status',
    version: '0.1.0',
    engine: 'toy',
    device: 'paper',
    uptimeMs: 1_000,
    state: 'serving',
    model: body.model,
    span: body.span,
    spanReason: 'as told',
    weightBytes: 1,
    kvBytesMax: 1,
    deviceBytes: 0,
    kvTokensFree: 900,
    kvTokensMax: 1_000,
    queuedRows: 0,
    sessions: rest.sessionList?.length ?? 0,
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
      ...counters,
    },
    durations: { queue: [], compute: [], step: [], firstToken: [], ...durations },
    sessionList: [],
    neighbours: [],
    events: [],
    ...rest,
  };
}

export function sessionPart(
  id: string,
  fields: Partial<StatusSession> & Pick<StatusSession, 'span'>,
): StatusSession {
  return {
    id: id.padEnd(16, '0'),
    next: null,
    tokens: 10,
    decoded: 5,
    ageMs: 9,
    idleMs: 1,
    ...fields,
  };
}

/** A peer that has answered. */
export function observed(
  name: string,
  span: { start: number; end: number },
  status: Parameters<typeof statusOf>[1] = {},
  record: Partial<RecordBody> = {},
): ObservedPeer {
  const peer = new ObservedPeer(recordOf(name, { span, ...record }), { seenAtMs: 0, nowMs: 0 });
  peer.answer(statusOf(peer.record, status), 0);
  return peer;
}
