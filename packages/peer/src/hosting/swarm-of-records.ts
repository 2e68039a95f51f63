import { type PeerId, type RecordBody, spanLength } from '@skein/protocol';
import type { PlacementPeer, PlacementSwarm } from '../placement/index.js';

/** A member's record, as far as placement looks at it. */
export interface MemberRecord {
  readonly peerId: PeerId;
  readonly body: RecordBody;
}

/** Speed of peers that have not measured themselves yet, when nobody has. */
const blocksPerSecondGuess = 500;

/**
 * The swarm as placement sees it, from the records of one model and numeric kind. Peers that leave
 * do not count; those that are about to serve do, so that no two answer one shortage.
 */
export function swarmOfRecords(
  records: readonly MemberRecord[],
  blockCount: number,
): PlacementSwarm {
  const staying = records.filter(
    ({ body }) => body.state !== 'draining' && spanLength(body.span) > 0,
  );
  const guess = typicalSpeed(staying);
  const peers = staying.map(({ peerId, body }): PlacementPeer => {
    const { span, nextSpan, capacityBlocks } = body;
    return {
      id: peerId,
      span,
      blocksPerSecond: body.decodeBlocksPerSecond || guess,
      isServing: body.state === 'serving',
      ...(nextSpan === undefined ? {} : { nextSpan }),
      // What it says of its room is its claim, but it does hold what it serves.
      ...(capacityBlocks === undefined
        ? { isFixed: true }
        : { capacityBlocks: Math.max(capacityBlocks, spanLength(nextSpan ?? span)) }),
    };
  });
  return { blockCount, peers };
}

/** The median speed of those that have measured theirs. */
export function typicalSpeed(records: readonly MemberRecord[]): number {
  const speeds = records
    .map(({ body }) => body.decodeBlocksPerSecond)
    .filter((speed) => speed > 0)
    .sort((left, right) => left - right);
  return speeds[speeds.length >> 1] ?? blocksPerSecondGuess;
}
