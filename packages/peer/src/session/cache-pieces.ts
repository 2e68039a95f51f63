import {
  formatSpan,
  type KvChunk,
  kvByteLength,
  SkeinError,
  type Span,
  spanContains,
  type Tensor,
} from '@skein/protocol';
import type { HopSession } from './hop-session.js';
import { kvWireType } from './kv-wire-types.js';
import type { OutgoingPiece } from './outgoing.js';
import type { SessionHost } from './session-host.js';
import { sessionLimits } from './session-limits.js';

/** Cached tokens `[from, to)` of some blocks. */
export interface CacheRange {
  readonly span: Span;
  readonly from: number;
  readonly to: number;
}

/** A piece of a cache as it is sent, and how large it is. */
export interface CachePiece {
  readonly message: OutgoingPiece;
  readonly tensors: readonly [keys: Tensor, values: Tensor];
}

/** @throws SkeinError `protocol-violation` when the session has no such tokens or blocks */
export function checkCacheRange(session: HopSession, { span, from, to }: CacheRange): void {
  if (spanContains(session.open.span, span) && from <= to && to <= session.length) return;
  const asked = `tokens ${from} to ${to} of blocks ${formatSpan(span)}`;
  throw new SkeinError('protocol-violation', `${asked} are not in the session's cache`);
}

/**
 * Reads cached keys and values, block by block, in pieces; the last one carries the length. Ends
 * early when the session moves to another epoch: whoever asked has given up.
 */
export async function* cachePieces(
  host: SessionHost,
  session: HopSession,
  { span, from, to }: CacheRange,
): AsyncGenerator<CachePiece, void, undefined> {
  const { epoch } = session;
  const tokensMax = pieceTokens(host);
  for (let block = span.start; block < span.end; block++) {
    for (let start = from; start < to; start += tokensMax) {
      if (session.isClosed || session.epoch !== epoch) return;
      const end = Math.min(to, start + tokensMax);
      const chunk = await host.engine.exportKv(session.id, { block, start, end });
      const isLast = block === span.end - 1 && end === to;
      yield toPiece(host, chunk, isLast ? to : null);
    }
  }
}

/** Tokens of one block whose keys and values fit into a piece. */
function pieceTokens(host: SessionHost): number {
  const { config, kvType } = host.engine.info;
  const tokenBytes = 2 * kvByteLength(kvType, config.kvHeadCount * config.headDim);
  return Math.max(1, Math.floor(sessionLimits.kvPieceBytesMax / tokenBytes));
}

function toPiece(host: SessionHost, chunk: KvChunk, length: number | null): CachePiece {
  const { block, position, count, type, keys, values } = chunk;
  const { kvHeadCount, headDim } = host.engine.info.config;
  const shape = [count, kvHeadCount * headDim];
  const tensor = (bytes: Uint8Array): Tensor => ({ type: kvWireType(type), shape, bytes });
  return {
    message: { type: 'kv', block, position, count, ...(length === null ? {} : { length }) },
    tensors: [tensor(keys), tensor(values)],
  };
}
