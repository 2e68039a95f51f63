import type * as z from 'zod';
import {
  bytesOf,
  directoryMessageSchema,
  encodeHidden,
  infoAnswerSchema,
  infoRequestSchema,
  modelAnswerSchema,
  modelRequestSchema,
  reportAnswerSchema,
  reportRequestSchema,
  signedStatusAnswerSchema,
  signedStatusRequestSchema,
  statusAnswerSchema,
  statusRequestSchema,
  type Tensor,
  toClientSchema,
  toHopSchema,
  toPredecessorSchema,
  toSuccessorSchema,
} from '../../src/index.js';

/** A message with its tensors, and the schema of the side that reads it. */
export interface WireExample {
  readonly name: string;
  readonly schema: keyof typeof wireSchemas;
  readonly message: { readonly type: string; readonly [field: string]: unknown };
  readonly tensors?: readonly Tensor[];
}

/** What the sides of each protocol read. */
export const wireSchemas = {
  toHop: toHopSchema,
  toClient: toClientSchema,
  toSuccessor: toSuccessorSchema,
  toPredecessor: toPredecessorSchema,
  infoRequest: infoRequestSchema,
  infoAnswer: infoAnswerSchema,
  directory: directoryMessageSchema,
  modelRequest: modelRequestSchema,
  modelAnswer: modelAnswerSchema,
  statusRequest: statusRequestSchema,
  statusAnswer: statusAnswerSchema,
  signedStatusRequest: signedStatusRequestSchema,
  signedStatusAnswer: signedStatusAnswerSchema,
  reportRequest: reportRequestSchema,
  reportAnswer: reportAnswerSchema,
} as const satisfies Record<string, z.ZodType>;

const session = '00112233445566778899aabbccddeeff';
const model = '0123456789abcdef'.repeat(4);
const peer = '12D3KooWKnDdG3iXw9eTFijk3EWSunZcFi54Zka4wmtqtt6rPxc8';
const standbyPeer = '12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq';
const multiaddrs = ['/ip4/203.0.113.7/tcp/4001', '/dns4/peer.example/tcp/443/wss'];
const hiddenRows = Float32Array.from({ length: 2 * 40 }, (_, index) => (index - 40) / 8);

function tokens(ids: readonly number[]): Tensor {
  return { type: 'i32', shape: [ids.length], bytes: bytesOf(Int32Array.from(ids)) };
}

function floats(shape: readonly number[], values: readonly number[]): Tensor {
  return { type: 'f32', shape, bytes: bytesOf(Float32Array.from(values)) };
}

function utf8(text: string): Tensor {
  const bytes = new TextEncoder().encode(text);
  return { type: 'u8', shape: [bytes.byteLength], bytes };
}

const open = {
  type: 'open',
  session,
  model,
  numericKind: 'q8_0/f16',
  span: { start: 8, end: 16 },
  ends: { embedding: false, head: false },
  tokensMax: 4096,
  wireType: 'f16',
  epoch: 0,
};

const step = { type: 'step', step: 7, epoch: 1, position: 300, rows: 2, trace: [] };

const sessionExamples: WireExample[] = [
  {
    name: 'open, successor is a peer',
    schema: 'toHop',
    message: { ...open, successor: { kind: 'peer', peer, multiaddrs } },
  },
  {
    name: 'open, successor is the client (relay)',
    schema: 'toHop',
    message: { ...open, successor: { kind: 'client' } },
  },
  {
    name: 'open, last hop',
    schema: 'toHop',
    message: { ...open, ends: { embedding: false, head: true }, successor: null },
  },
  {
    name: 'open, to take over from a peer that leaves',
    schema: 'toHop',
    message: { ...open, successor: { kind: 'client' }, takesOverFrom: peer },
  },
  {
    name: 'opened',
    schema: 'toClient',
    message: { type: 'opened', kvTokensFree: 100_000, queuedRows: 3 },
  },
  { name: 'step, tokens', schema: 'toHop', message: step, tensors: [tokens([1, 15_043])] },
  {
    name: 'step, f16 rows with logits of the last',
    schema: 'toSuccessor',
    message: { ...step, logits: 'last', topK: 64, trace: [120, 5400] },
    tensors: [encodeHidden(hiddenRows, [2, 40], 'f16')],
  },
  {
    name: 'step, f16 rows with the logits of targets',
    schema: 'toSuccessor',
    message: { ...step, logits: 'all', topK: 1, targets: [15_043, 450], trace: [120, 5400] },
    tensors: [encodeHidden(hiddenRows, [2, 40], 'f16')],
  },
  {
    name: 'step, int8 rows of a replay',
    schema: 'toHop',
    message: { ...step, logits: 'all', topK: 0, until: 16, trace: [120, 5400, 80, 4900] },
    tensors: [encodeHidden(hiddenRows, [2, 40], 'int8')],
  },
  {
    name: 'step, bf16 rows relayed over the client',
    schema: 'toClient',
    message: step,
    tensors: [encodeHidden(hiddenRows, [2, 40], 'bf16')],
  },
  {
    name: 'step, f32 rows',
    schema: 'toHop',
    message: step,
    tensors: [encodeHidden(hiddenRows, [2, 40], 'f32')],
  },
  {
    name: 'result, top-k',
    schema: 'toClient',
    message: { type: 'result', step: 7, epoch: 1, position: 302, trace: [120, 5400, 80, 4900] },
    tensors: [
      { ...tokens([450, 3, 9]), shape: [1, 3] },
      floats([1, 3], [12.5, 11.25, -0.5]),
      floats([1], [13.75]),
    ],
  },
  {
    name: 'result, of a hop that went on',
    schema: 'toClient',
    message: {
      type: 'result',
      step: 7,
      epoch: 1,
      position: 302,
      next: 450,
      trace: [120, 5400, 80, 4900],
    },
    tensors: [{ ...tokens([450]), shape: [1, 1] }, floats([1, 1], [12.5]), floats([1], [13.75])],
  },
  {
    name: 'result, the best and the targets',
    schema: 'toClient',
    message: { type: 'result', step: 7, epoch: 1, position: 302, trace: [120, 5400, 80, 4900] },
    tensors: [
      { ...tokens([450, 3]), shape: [2, 1] },
      floats([2, 1], [12.5, 11.25]),
      floats([2], [13.75, 12]),
      floats([2], [-0.5, 11.25]),
    ],
  },
  {
    name: 'result, full logits',
    schema: 'toClient',
    message: { type: 'result', step: 8, epoch: 1, position: 303, trace: [] },
    tensors: [floats([1, 5], [1, -2, 0.5, 4, 3]), floats([1], [4.5])],
  },
  {
    name: 'result, no logits',
    schema: 'toClient',
    message: { type: 'result', step: 9, epoch: 1, position: 304, trace: [] },
    tensors: [],
  },
  {
    name: 'truncate',
    schema: 'toHop',
    message: { type: 'truncate', epoch: 2, position: 128 },
  },
  {
    name: 'truncated',
    schema: 'toClient',
    message: { type: 'truncated', epoch: 2, position: 128, historyStart: 0 },
  },
  {
    name: 'link, with a standby',
    schema: 'toHop',
    message: {
      type: 'link',
      epoch: 2,
      successor: { kind: 'peer', peer, multiaddrs },
      standbys: [{ peer: standbyPeer, multiaddrs, from: 128, until: 24 }],
    },
  },
  {
    name: 'link',
    schema: 'toHop',
    message: { type: 'link', epoch: 2, successor: { kind: 'peer', peer, multiaddrs } },
  },
  { name: 'linked', schema: 'toClient', message: { type: 'linked', epoch: 2 } },
  {
    name: 'replay',
    schema: 'toHop',
    message: { type: 'replay', epoch: 2, step: 10, from: 0, to: 128, until: 24 },
  },
  { name: 'replayed', schema: 'toClient', message: { type: 'replayed', epoch: 2, steps: 2 } },
  { name: 'probe', schema: 'toHop', message: { type: 'probe', probe: 1 } },
  {
    name: 'probed',
    schema: 'toClient',
    message: { type: 'probed', probe: 1, received: 9, completed: null, queuedRows: 1 },
  },
  {
    name: 'kv-export',
    schema: 'toHop',
    message: { type: 'kv-export', span: { start: 8, end: 9 }, from: 0, to: 2 },
  },
  {
    name: 'kv, a piece',
    schema: 'toClient',
    message: { type: 'kv', block: 8, position: 0, count: 2 },
    tensors: [
      encodeHidden(hiddenRows.subarray(0, 8), [2, 4], 'f16'),
      encodeHidden(hiddenRows.subarray(8, 16), [2, 4], 'f16'),
    ],
  },
  {
    name: 'kv, last piece of an import',
    schema: 'toHop',
    message: { type: 'kv', block: 8, position: 0, count: 2, length: 2 },
    tensors: [
      encodeHidden(hiddenRows.subarray(0, 8), [2, 4], 'f32'),
      encodeHidden(hiddenRows.subarray(8, 16), [2, 4], 'f32'),
    ],
  },
  {
    name: 'kv, a piece of a hand-over',
    schema: 'toSuccessor',
    message: { type: 'kv', block: 8, position: 0, count: 2 },
    tensors: [
      encodeHidden(hiddenRows.subarray(0, 8), [2, 4], 'f16'),
      encodeHidden(hiddenRows.subarray(8, 16), [2, 4], 'f16'),
    ],
  },
  { name: 'kv-imported', schema: 'toClient', message: { type: 'kv-imported', position: 2 } },
  {
    name: 'draining',
    schema: 'toClient',
    message: { type: 'draining', remainingMs: 30_000 },
  },
  {
    name: 'hand-over',
    schema: 'toHop',
    message: {
      type: 'hand-over',
      epoch: 3,
      span: { start: 8, end: 16 },
      to: 300,
      peer,
      multiaddrs,
      session,
    },
  },
  {
    name: 'handed-over',
    schema: 'toClient',
    message: { type: 'handed-over', epoch: 3, bytes: 4_915_200 },
  },
  {
    name: 'handed-over, broken off',
    schema: 'toClient',
    message: { type: 'handed-over', epoch: 3, bytes: 65_536, failure: 'peer-unreachable' },
  },
  {
    name: 'ahead, over three hops',
    schema: 'toHop',
    message: {
      type: 'ahead',
      epoch: 1,
      to: 340,
      plan: {
        sampling: { temperature: 0.7, topK: 40, topP: 0.95, minP: 0, seed: 9_007_199_254_740_991 },
        first: { peer, multiaddrs },
      },
    },
  },
  {
    name: 'ahead, to a hop that is the whole route',
    schema: 'toHop',
    message: {
      type: 'ahead',
      epoch: 1,
      to: 340,
      plan: { sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 }, first: null },
    },
  },
  { name: 'ahead, further', schema: 'toHop', message: { type: 'ahead', epoch: 1, to: 356 } },
  { name: 'close', schema: 'toHop', message: { type: 'close' } },
  { name: 'closed', schema: 'toClient', message: { type: 'closed' } },
  { name: 'attach', schema: 'toSuccessor', message: { type: 'attach', session, epoch: 1 } },
  { name: 'attached', schema: 'toPredecessor', message: { type: 'attached' } },
  {
    name: 'error of a step',
    schema: 'toClient',
    message: {
      type: 'error',
      code: 'peer-unreachable',
      message: 'successor cannot be reached: connection refused',
      step: 7,
      epoch: 1,
      about: peer,
      details: { attempts: 2, address: multiaddrs[0], relayed: false },
    },
  },
  {
    name: 'error of a stream',
    schema: 'toPredecessor',
    message: { type: 'error', code: 'session-unknown', message: 'no such session' },
  },
];

const controlExamples: WireExample[] = [
  { name: 'info-request', schema: 'infoRequest', message: { type: 'info-request' } },
  {
    name: 'info',
    schema: 'infoAnswer',
    message: {
      type: 'info',
      version: '0.1.0',
      engine: 'ggml 0.25.1 on CPU',
      device: 'AMD EPYC 7763',
      uptimeMs: 86_400_000,
      sessions: 2,
      queuedRows: 4,
      kvTokensFree: 90_000,
      kvTokensMax: 100_000,
      tokenBlocks: 5_000_000_000,
      state: 'serving',
    },
    tensors: [utf8('the bytes of a signed record')],
  },
  {
    name: 'digest',
    schema: 'directory',
    message: { type: 'digest', entries: [[peer, 1_763_650_000_000]] },
  },
  {
    name: 'digest of nothing',
    schema: 'directory',
    message: { type: 'digest', entries: [] },
  },
  {
    name: 'records',
    schema: 'directory',
    message: { type: 'records', records: [Uint8Array.of(0x92, 1, 2)], wanted: [peer] },
  },
  {
    name: 'model-request',
    schema: 'modelRequest',
    message: { type: 'model-request', model, part: 'chat-template' },
  },
  {
    name: 'model-part',
    schema: 'modelAnswer',
    message: { type: 'model-part', part: 'chat-template' },
    tensors: [utf8('{{ messages[0].content }}')],
  },
];

const status = {
  type: 'status',
  version: '0.1.0',
  engine: 'ggml 0.25.1 on CPU',
  device: 'AMD EPYC 7763',
  uptimeMs: 86_400_000,
  state: 'serving',
  model,
  span: { start: 8, end: 16 },
  spanReason: 'block 9 had 1 host, others 2',
  weightBytes: 1_200_000_000,
  kvBytesMax: 400_000_000,
  deviceBytes: 68_719_476_736,
  kvTokensFree: 90_000,
  kvTokensMax: 100_000,
  queuedRows: 4,
  sessions: 1,
  throughput: { decodeBlocksPerSecond: 812.5, prefillBlockRowsPerSecond: 40_960 },
  counters: {
    tokenBlocks: 5_000_000_000,
    tokens: 0,
    steps: 300_000_000,
    rows: 625_000_000,
    failedSteps: 2,
    sessionsOpened: 12_345,
    relinks: 3,
    engineRestarts: 0,
    moves: 1,
    receivedBytes: 123_456_789,
    sentBytes: 234_567_890,
  },
  durations: { queue: [10, 2], compute: [0, 0, 0, 7], step: [], firstToken: [] },
  sessionList: [
    {
      id: '0011223344556677',
      span: { start: 8, end: 16 },
      next: standbyPeer,
      tokens: 300,
      decoded: 44,
      ageMs: 5_000,
      idleMs: 20,
    },
  ],
  neighbours: [{ peer: standbyPeer, roundTripMs: 12.5 }],
  events: [{ id: 2, agoMs: 60_000, kind: 'moved', text: 'moved to 8:16: block 9 had 1 host' }],
};

const statusExamples: WireExample[] = [
  { name: 'status-request', schema: 'statusRequest', message: { type: 'status-request' } },
  { name: 'status', schema: 'statusAnswer', message: status },
  {
    name: 'status of a peer without work',
    schema: 'statusAnswer',
    message: { ...status, sessions: 0, sessionList: [], neighbours: [], events: [] },
  },
];

const reportExamples: WireExample[] = [
  {
    name: 'signed-status-request',
    schema: 'signedStatusRequest',
    message: { type: 'signed-status-request' },
  },
  {
    name: 'signed-status',
    schema: 'signedStatusAnswer',
    message: { type: 'signed-status', status: Uint8Array.of(0x92, 1, 2) },
  },
  {
    name: 'report-request',
    schema: 'reportRequest',
    message: { type: 'report-request', peers: [peer, standbyPeer] },
  },
  {
    name: 'report, a part',
    schema: 'reportAnswer',
    message: {
      type: 'report',
      statuses: [[peer, 1_200, Uint8Array.of(0x92, 1, 2)]],
      gaps: [],
      isLast: false,
    },
  },
  {
    name: 'report, the last part',
    schema: 'reportAnswer',
    message: { type: 'report', statuses: [], gaps: [[standbyPeer, 'silent']], isLast: true },
  },
];

/** At least one example of each message type. */
export const wireExamples: readonly WireExample[] = [
  ...sessionExamples,
  ...controlExamples,
  ...statusExamples,
  ...reportExamples,
];
