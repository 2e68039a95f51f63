import {
  type EngineName,
  type KvType,
  kvByteLength,
  type ModelConfig,
  type WeightType,
} from '@skein/protocol';

/** Share of the free memory that weights may take, and that KV caches may take. */
const weightMemoryShare = 0.6;
const kvMemoryShare = 0.25;
/** Contexts of full length that the KV cache holds at most unless told otherwise. */
const kvContextsMax = 8;
/** Room for a short conversation, however little memory there is. */
const kvTokensMin = 512;

/** Types that numbers have in memory: TensorFlow.js holds them all in f32. */
export function typesInMemory({
  engine,
  weightType = 'keep',
  kvType = 'f16',
}: {
  readonly engine?: EngineName;
  readonly weightType?: WeightType | 'keep';
  readonly kvType?: KvType;
}): { readonly weightType: WeightType | 'keep'; readonly kvType: KvType } {
  return engine === 'tfjs' ? { weightType: 'f32', kvType: 'f32' } : { weightType, kvType };
}

/** Bytes that one cached token takes over `blocks` blocks. */
export function kvBytesPerToken(
  config: Pick<ModelConfig, 'kvHeadCount' | 'headDim'>,
  options: { readonly blocks: number; readonly kvType: KvType },
): number {
  const elements = config.kvHeadCount * config.headDim;
  return 2 * kvByteLength(options.kvType, elements) * options.blocks;
}

/** Tokens to cache over all sessions, by the memory that is free. */
export function chooseKvTokensMax(options: {
  readonly freeBytes: number;
  readonly bytesPerToken: number;
  readonly contextLength: number;
}): number {
  const affordable = Math.floor((options.freeBytes * kvMemoryShare) / options.bytesPerToken);
  const useful = kvContextsMax * options.contextLength;
  return Math.max(Math.min(affordable, useful), Math.min(kvTokensMin, options.contextLength));
}

/** Tokens that another number of blocks caches in the memory that a cache has. */
export function rescaleKvTokensMax(options: {
  readonly kvTokensMax: number;
  readonly blocksBefore: number;
  readonly blocks: number;
  readonly contextLength: number;
}): number {
  const { kvTokensMax, blocksBefore, blocks, contextLength } = options;
  const affordable = Math.floor((kvTokensMax * blocksBefore) / blocks);
  const least = Math.min(kvTokensMin, contextLength);
  return Math.max(Math.min(affordable, kvContextsMax * contextLength), least);
}

/** Whether a second span fits beside the one that is hosted, by the memory that is free. */
export function fitsBeside(room: {
  readonly neededBytes: number;
  readonly freeBytes: number;
}): boolean {
  return room.neededBytes <= room.freeBytes * (weightMemoryShare + kvMemoryShare);
}

/** Blocks whose weights fit into the memory that is free; at least one. */
export function chooseBlockCount(options: {
  readonly freeBytes: number;
  readonly bytesPerBlock: number;
  readonly blockCount: number;
}): number {
  const affordable = Math.floor((options.freeBytes * weightMemoryShare) / options.bytesPerBlock);
  return Math.max(1, Math.min(affordable, options.blockCount));
}
