import { type EngineOptions, kvTypes, type ModelConfig, SkeinError } from '@skein/protocol';
import { requireRecord } from '../core/require-shapes.js';
import { storageLayouts } from './tensor-types.js';

/** Tokens that one engine may cache at most: more would not fit any machine of today. */
const kvTokensLimit = 64 * 1024 * 1024;

/** Limits that may be absent, and what they are numbers of. */
const deviceLimits = {
  deviceIndex: 'number of a device',
  deviceMemoryBytes: 'number of bytes for a device',
  deviceBlocksMax: 'number of blocks for devices',
} as const;

/** Checks what any engine is told to load. @throws SkeinError `bad-argument` */
export function checkLoadOptions(
  {
    span,
    ends,
    kvTokensMax,
    kvType,
    ...limits
  }: Pick<EngineOptions, 'span' | 'ends' | 'kvTokensMax' | 'kvType' | keyof typeof deviceLimits>,
  config: ModelConfig,
): void {
  requireRecord(span, 'The span of an engine');
  requireRecord(ends, 'The ends of an engine');
  const isOrdered = Number.isInteger(span.start) && Number.isInteger(span.end);
  if (!isOrdered || span.start < 0 || span.start > span.end || span.end > config.blockCount) {
    const message = `Blocks ${span.start}:${span.end} are not within 0:${config.blockCount}.`;
    throw new SkeinError('bad-argument', message, { details: { span } });
  }
  if (!Number.isInteger(kvTokensMax) || kvTokensMax < 0 || kvTokensMax > kvTokensLimit) {
    throw new SkeinError('bad-argument', `${kvTokensMax} is no number of tokens to cache.`);
  }
  for (const [name, what] of Object.entries(deviceLimits)) {
    const value = limits[name as keyof typeof deviceLimits] ?? 0;
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new SkeinError('bad-argument', `${value} is no ${what}.`);
    }
  }
  if (!kvTypes.includes(kvType)) {
    throw new SkeinError('bad-argument', `${String(kvType)} is no type of a KV cache.`);
  }
  if (kvType === 'q8_0' && config.headDim % storageLayouts.q8_0.blockElements !== 0) {
    throw new SkeinError(
      'bad-argument',
      `Heads of ${config.headDim} elements cannot be cached in q8_0, which takes 32 at a time. ` +
        'Use f16: --kv-type f16.',
    );
  }
}
