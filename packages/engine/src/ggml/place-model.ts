/** Puts the blocks of a plan on the devices of a runtime. */
import type { DevicePlacement, ModelConfig, Span } from '@skein/protocol';
import type { PlannedTensor, WeightPlan } from '../model/weight-plan.js';
import { assignBlocks, type Placement } from './assign-blocks.js';
import { type KvLayout, kvRowBytes } from './kv-store.js';
import type { LoadModelOptions } from './load-model.js';
import type { ComputeUnit, Runtime } from './runtime.js';

/**
 * What a device keeps free for intermediate results, and for whoever else draws on it: so much, but no
 * more than this part of what is free.
 */
const reservedBytesMax = 512 * 1024 * 1024;
const reservedShareMax = 1 / 8;

/** Which device computes what. */
export interface ModelPlacement {
  readonly unitOf: (block: number) => ComputeUnit;
  readonly unitOfTensor: (tensor: PlannedTensor) => ComputeUnit;
  /** Runs of blocks on one device each, in order: all of the span. */
  readonly ranges: readonly DevicePlacement[];
}

/** Decides by the memory that is free, and by the caller's limits. */
export function placeModel(
  runtime: Runtime,
  options: LoadModelOptions,
  model: { readonly config: ModelConfig; readonly plan: WeightPlan; readonly kvLayout: KvLayout },
): ModelPlacement {
  const { span, ends, kvTokensMax, deviceMemoryBytes = Number.POSITIVE_INFINITY } = options;
  const isHeads = ({ name }: PlannedTensor) =>
    name !== 'token_embd.weight' || (model.config.tiedEmbeddings && ends.head);
  const cacheBytes = 2 * kvTokensMax * kvRowBytes(model.kvLayout);
  const blockBytes = new Array<number>(span.end - span.start).fill(cacheBytes);
  let [embeddingBytes, headBytes] = [0, 0];
  for (const tensor of model.plan.tensors) {
    const block = blockOf(tensor);
    if (block !== null)
      blockBytes[block - span.start] = (blockBytes[block - span.start] ?? 0) + tensor.byteLength;
    else if (isHeads(tensor)) headBytes += tensor.byteLength;
    else embeddingBytes += tensor.byteLength;
  }
  const deviceBytes = runtime.accelerators.map(({ device }) =>
    Math.min(usableBytes(device.memoryFreeBytes), deviceMemoryBytes),
  );
  const placements = assignBlocks(
    { embeddingBytes, blockBytes, headBytes },
    { deviceBytes, blocksOnDevicesMax: options.deviceBlocksMax },
  );
  const unitAt = (placement: Placement | undefined) =>
    runtime.accelerators[placement ?? Number.NaN] ?? runtime.cpu;
  const unitOf = (block: number) => unitAt(placements.blocks[block - span.start]);
  const unitOfTensor = (tensor: PlannedTensor) => {
    const block = blockOf(tensor);
    if (block !== null) return unitOf(block);
    return unitAt(isHeads(tensor) ? placements.head : placements.embedding);
  };
  return { unitOf, unitOfTensor, ranges: rangesOf(span, unitOf) };
}

function usableBytes(freeBytes: number): number {
  return freeBytes - Math.min(reservedBytesMax, freeBytes * reservedShareMax);
}

/** The block that a tensor belongs to; null for one of the ends. */
function blockOf({ name }: PlannedTensor): number | null {
  const [, number] = /^blk\.(\d+)\./.exec(name) ?? [];
  return number === undefined ? null : Number(number);
}

function rangesOf(span: Span, unitOf: ModelPlacement['unitOf']): DevicePlacement[] {
  const ranges: { unit: ComputeUnit; start: number; end: number }[] = [];
  for (let block = span.start; block < span.end; block += 1) {
    const last = ranges.at(-1);
    const unit = unitOf(block);
    if (last?.unit === unit) last.end = block + 1;
    else ranges.push({ unit, start: block, end: block + 1 });
  }
  return ranges.map(({ unit, start, end }) => ({
    device: unit.device.name,
    description: unit.device.description,
    span: { start, end },
  }));
}
