import type { ModelHash, PeerId, RecordBody, VerifiedRecord } from '@skein/protocol';
import { expect, it } from 'vitest';
import { swarmStatus } from '../../src/client/swarm-status.js';

const hash = 'ab'.repeat(32) as ModelHash;
const model = { hash, name: 'toy', blockCount: 4 };

function record(id: string, start: number, end: number, rest: Partial<RecordBody> = {}) {
  const body = {
    model: hash,
    name: id,
    state: 'serving',
    span: { start, end },
    ends: { embedding: start === 0, head: end === 4 },
    numericKind: 'f32/f32',
    decodeBlocksPerSecond: 100,
    kvTokensFree: 10,
    queuedRows: 0,
    sessions: 0,
    ...rest,
  } as RecordBody;
  return { peerId: id as PeerId, body, bytes: new Uint8Array() } satisfies VerifiedRecord;
}

it('counts a peer where it serves, and tells where it is about to go', () => {
  const moving = record('b', 0, 2, { nextSpan: { start: 2, end: 4 } });
  const status = swarmStatus([record('a', 0, 2), moving, record('c', 2, 4)], model);
  expect(status.peers.map(({ name, span, nextSpan }) => [name, span.start, nextSpan])).toEqual([
    ['a', 0, null],
    ['b', 0, { start: 2, end: 4 }],
    ['c', 2, null],
  ]);
  expect(status.coverage.map(({ peerCount }) => peerCount)).toEqual([2, 2, 1, 1]);
  expect(status.weakestBlock).toEqual({ block: 2, peerCount: 1, stepsPerSecond: 50 });
  expect(status.isComplete).toBe(true);
});

it('counts nobody who does not serve', () => {
  const loading = record('c', 2, 4, { state: 'joining' });
  const status = swarmStatus([record('a', 0, 2), loading], model);
  expect(status.missingBlocks).toEqual([{ start: 2, end: 4 }]);
  expect(status).toMatchObject({ isComplete: false, isHeadHosted: false });
});
