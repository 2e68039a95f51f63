import {
  type Ends,
  type ModelHash,
  type PeerId,
  type Span,
  spansOfBlocks,
  type VerifiedRecord,
} from '@skein/protocol';

/** One peer of a model, as it announces itself. */
export interface PeerStatus {
  readonly peer: PeerId;
  readonly name: string;
  readonly state: 'joining' | 'serving' | 'draining' | 'gone';
  readonly span: Span;
  /** Where it is about to move; null when it stays. */
  readonly nextSpan: Span | null;
  readonly ends: Ends;
  readonly numericKind: string;
  readonly decodeBlocksPerSecond: number;
  readonly kvTokensFree: number;
  readonly queuedRows: number;
  readonly sessions: number;
}

/** How well one block is hosted. */
export interface BlockCoverage {
  readonly block: number;
  readonly peerCount: number;
  /** Sum of the single-token steps a second that its peers give this block. */
  readonly stepsPerSecond: number;
}

/** A model's state in the swarm. */
export interface SwarmStatus {
  readonly model: ModelHash;
  readonly name: string;
  readonly blockCount: number;
  readonly peers: readonly PeerStatus[];
  readonly coverage: readonly BlockCoverage[];
  /** The block with the least throughput: what a new peer should host. */
  readonly weakestBlock: BlockCoverage | null;
  /** Maximal runs of blocks that nobody serves. */
  readonly missingBlocks: readonly Span[];
  readonly isEmbeddingHosted: boolean;
  readonly isHeadHosted: boolean;
  /** Every block and both ends are served. */
  readonly isComplete: boolean;
}

/**
 * Sums up the records of one model. A peer shares its speed among its blocks: a step passes all of
 * them, so each gets `decodeBlocksPerSecond / blocks`.
 */
export function swarmStatus(
  records: readonly VerifiedRecord[],
  model: { readonly hash: ModelHash; readonly name: string; readonly blockCount: number },
): SwarmStatus {
  const peers = records
    .filter(({ body }) => body.model === model.hash)
    .map(({ peerId: peer, body }): PeerStatus => {
      const { name, state, span, ends, numericKind, decodeBlocksPerSecond } = body;
      const { kvTokensFree, queuedRows, sessions } = body;
      const load = { kvTokensFree, queuedRows, sessions };
      const nextSpan = body.nextSpan ?? null;
      const place = { span, nextSpan, ends };
      return { peer, name, state, ...place, numericKind, decodeBlocksPerSecond, ...load };
    })
    .sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
  const serving = peers.filter(({ state }) => state === 'serving');
  const coverage = Array.from({ length: model.blockCount }, (_, block): BlockCoverage => {
    const hosts = serving.filter(({ span }) => span.start <= block && block < span.end);
    const speeds = hosts.map(
      ({ span, decodeBlocksPerSecond }) => decodeBlocksPerSecond / (span.end - span.start),
    );
    const stepsPerSecond = speeds.reduce((sum, speed) => sum + speed, 0);
    return { block, peerCount: hosts.length, stepsPerSecond };
  });
  const unhosted = coverage.filter(({ peerCount }) => peerCount === 0);
  const missingBlocks = spansOfBlocks(unhosted.map(({ block }) => block));
  const isEmbeddingHosted = serving.some(({ span, ends }) => ends.embedding && span.start === 0);
  const isHeadHosted = serving.some(({ span, ends }) => ends.head && span.end === model.blockCount);
  return {
    model: model.hash,
    name: model.name,
    blockCount: model.blockCount,
    peers,
    coverage,
    weakestBlock: weakest(coverage),
    missingBlocks,
    isEmbeddingHosted,
    isHeadHosted,
    isComplete: missingBlocks.length === 0 && isEmbeddingHosted && isHeadHosted,
  };
}

function weakest(coverage: readonly BlockCoverage[]): BlockCoverage | null {
  let least: BlockCoverage | null = null;
  for (const block of coverage) {
    if (least === null || block.stepsPerSecond < least.stepsPerSecond) least = block;
  }
  return least;
}
