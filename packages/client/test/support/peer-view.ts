import type { ModelHash, PeerId } from '@skein/protocol';
import type { Measured } from '../../src/routing/measured.js';
import type { PeerView, RoutedRecord } from '../../src/routing/snapshot.js';

export const viewModel = 'f'.repeat(64) as ModelHash;

/** A measurement that is fresh and was made often enough to be trusted. */
export function measured(value: number, changes: Partial<Measured> = {}): Measured {
  return { value, samples: 100, ageMs: 0, ...changes };
}

export type PeerChanges = Partial<Omit<PeerView, 'record'>> & { record?: Partial<RoutedRecord> };

/** A peer as a client sees it: 10 ms away, 10 ms a block, idle, with room for 1000 tokens. */
export function peerView(
  name: string,
  [start, end]: readonly [number, number],
  options: PeerChanges & { blockCount: number },
): PeerView {
  const { record, blockCount, ...view } = options;
  return {
    peer: name as PeerId,
    latencyMs: measured(10),
    blockMs: null,
    rowMs: null,
    queueMs: null,
    byteMs: null,
    load: null,
    sessionsInFlight: 0,
    isBanned: false,
    ...view,
    record: {
      state: 'serving',
      name,
      model: viewModel,
      blockCount,
      hiddenSize: 8,
      span: { start, end },
      ends: { embedding: start === 0, head: end === blockCount },
      numericKind: 'f16/f16',
      decodeBlocksPerSecond: 100,
      prefillBlockRowsPerSecond: 1000,
      kvTokensFree: 1000,
      kvTokensMax: 1000,
      queuedRows: 0,
      sessions: 0,
      multiaddrs: [],
      ...record,
    },
  };
}
