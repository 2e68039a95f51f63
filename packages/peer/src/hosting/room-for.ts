import { freemem } from 'node:os';
import { spanLength } from '@skein/protocol';
import type { PeerOptions } from '../peer-options.js';
import type { MoveRoom } from '../rebalance/move-span.js';
import { fitsBeside, kvBytesPerToken, typesInMemory } from './capacity.js';
import { bytesPerBlock, type HostedModel } from './hosted-model.js';
import type { Placement } from './place-peer.js';

/** Whether the memory that is free now holds a placement: its weights, and its cache when full. */
export function roomFor(
  { span, kvTokensMax }: Placement,
  peer: {
    readonly options: Pick<PeerOptions, 'engine' | 'kvType' | 'weightType' | 'freeBytes'>;
    readonly model: HostedModel;
  },
): MoveRoom {
  const { file } = peer.model;
  const { freeBytes: measureFreeBytes = freemem } = peer.options;
  const { weightType, kvType } = typesInMemory(peer.options);
  const blocks = spanLength(span);
  const cacheBytes = kvTokensMax * kvBytesPerToken(file.config, { blocks, kvType });
  const neededBytes = blocks * bytesPerBlock(file, weightType) + cacheBytes;
  const freeBytes = measureFreeBytes();
  return { neededBytes, freeBytes, isEnough: fitsBeside({ neededBytes, freeBytes }) };
}
