/** Checks of exported and imported pieces of a cache. Pure. */
import {
  type KvChunk,
  type KvType,
  kvByteLength,
  kvTypes,
  limits,
  type ModelConfig,
  SkeinError,
} from '@skein/protocol';
import { requireChunk, requireRecord } from './require-shapes.js';
import type { SessionEntry } from './session-table.js';

/** @throws SkeinError `bad-argument`, `limit-exceeded` */
export function validateRange(
  range: { block: number; start: number; end: number },
  session: SessionEntry,
  cache: { readonly config: ModelConfig; readonly kvType: KvType },
): void {
  requireRecord(range, 'A range of a cache');
  const { block, start, end } = range;
  requireBlock(block, session);
  const isRange = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end;
  if (!isRange || end > session.length) {
    const message = `Tokens ${start}:${end} are not within the ${session.length} cached ones.`;
    throw new SkeinError('bad-argument', message);
  }
  const { kvHeadCount, headDim } = cache.config;
  requirePiece(kvByteLength(cache.kvType, (end - start) * kvHeadCount * headDim));
}

/** @throws SkeinError `bad-argument`, `context-exceeded`, `limit-exceeded` */
export function validateChunk(
  chunk: KvChunk,
  session: SessionEntry,
  cache: { readonly config: ModelConfig; readonly kvType: KvType },
): void {
  requireChunk(chunk);
  const { config, kvType } = cache;
  const { block, position, count, type, keys, values } = chunk;
  requireBlock(block, session);
  if (!Number.isInteger(position) || position < 0 || !Number.isInteger(count) || count < 1) {
    throw new SkeinError('bad-argument', `${count} tokens at ${position} are no piece of a cache.`);
  }
  if (position + count > config.contextLength) {
    const message = `Tokens up to ${position + count} exceed the context of ${config.contextLength}.`;
    throw new SkeinError('context-exceeded', message);
  }
  if (!kvTypes.includes(type)) {
    throw new SkeinError('bad-argument', `${String(type)} is no type of a KV cache.`);
  }
  if (type !== kvType && (type === 'q8_0' || kvType === 'q8_0')) {
    const message = `Keys and values in ${type} do not fit a cache in ${kvType}: they would be rounded.`;
    throw new SkeinError('bad-argument', message);
  }
  const bytes = kvByteLength(type, count * config.kvHeadCount * config.headDim);
  if (keys.byteLength !== bytes || values.byteLength !== bytes) {
    const message = `Keys and values have ${keys.byteLength} and ${values.byteLength} bytes, not ${bytes}.`;
    throw new SkeinError('bad-argument', message);
  }
  requirePiece(bytes);
}

function requirePiece(bytes: number): void {
  if (2 * bytes <= limits.bodyBytesMax) return;
  throw new SkeinError('limit-exceeded', `${2 * bytes} bytes are too much for one piece.`);
}

function requireBlock(block: number, { use }: SessionEntry): void {
  if (Number.isInteger(block) && block >= use.span.start && block < use.span.end) return;
  const message = `Block ${block} is not within ${use.span.start}:${use.span.end}.`;
  throw new SkeinError('bad-argument', message);
}
