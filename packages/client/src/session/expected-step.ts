import { sessionLimits } from './session-limits.js';

/** What is known of a hop before this session measured anything. */
export interface HopFigures {
  readonly blockCount: number;
  /** One-way, as measured; null when it never was. */
  readonly latencyMs: number | null;
  /** One block for one token, as this client measured it in any session; null when it never did. */
  readonly blockMs: number | null;
  /** What the peer announces; null without a record. A speed of 0 is none. */
  readonly announced: {
    readonly decodeBlocksPerSecond: number;
    readonly prefillBlockRowsPerSecond: number;
    readonly hiddenSize: number;
  } | null;
}

/** Bytes of a hidden value on the wire: the widest type, as an estimate should not be short. */
const valueBytes = 4;

/**
 * The time of a step over these hops, of what other sessions measured or else of what peers
 * announce. Null when of some hop neither is known.
 */
export function expectedStepMs(hops: readonly HopFigures[], rows: number): number | null {
  let sumMs = 0;
  for (const hop of hops) {
    const computeMs = blockMs(hop, rows);
    if (computeMs === null) return null;
    const rowBytes = valueBytes * (hop.announced?.hiddenSize ?? 0);
    const transferMs = (rows * rowBytes) / sessionLimits.linkBytesPerMs;
    sumMs += hop.blockCount * computeMs + transferMs + (hop.latencyMs ?? 0);
  }
  return sumMs;
}

function blockMs({ blockMs, announced }: HopFigures, rows: number): number | null {
  const decodeMs = blockMs ?? inverse(announced?.decodeBlocksPerSecond);
  if (rows === 1) return decodeMs;
  const rowMs = inverse(announced?.prefillBlockRowsPerSecond);
  if (rowMs === null) return decodeMs === null ? null : rows * decodeMs;
  // A peer that turned out to be slower than it said for one token is so for many.
  return Math.max(rows * rowMs, blockMs ?? 0);
}

/** Milliseconds of one, of so many a second. */
function inverse(perSecond: number | undefined): number | null {
  return perSecond === undefined || perSecond <= 0 ? null : 1000 / perSecond;
}
