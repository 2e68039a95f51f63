/** Computes one small random block on each device and on the CPU, and compares. */
import { type ModelConfig, SkeinError } from '@skein/protocol';
import { bufferUsageWeights, type Tensor } from './c-types.js';
import { createContext } from './create-context.js';
import { GraphCache } from './graph/graph-cache.js';
import { planGraph } from './graph/graph-plan.js';
import type { RopeParameters } from './graph/operations.js';
import { runGraph } from './graph/run-graph.js';
import { capacityFor, type KvLayout, KvPool } from './kv-store.js';
import type { Ggml } from './load-ggml.js';
import type { ComputeUnit, Runtime } from './runtime.js';
import { typeIds } from './type-ids.js';
import type { BlockWeights } from './weights/model-weights.js';

/** Devices accumulate in f16 in places; a broken driver is off by far more. */
const relativeErrorMax = 2e-2;

/**
 * A prompt and a token after it: devices have other kernels for many rows than for one. There
 * are more of them for every number of rows between, and software takes minutes to compile these.
 */
const stepRows = [16, 1] as const;
const totalRows = stepRows[0] + stepRows[1];

/** Head size 64 is one that every fused attention kernel has. */
const config: ModelConfig = {
  architecture: 'llama',
  blockCount: 1,
  hiddenSize: 256,
  headCount: 4,
  kvHeadCount: 2,
  headDim: 64,
  feedForwardSize: 512,
  vocabSize: 1,
  contextLength: 256,
  rmsNormEpsilon: 1e-5,
  rope: { theta: 10_000, mode: 'neox', scaling: { kind: 'none' } },
  slidingWindow: null,
  tiedEmbeddings: false,
  qkvBias: false,
  attentionOutputBias: false,
  feedForwardBias: false,
  qkNorm: false,
  bosTokenId: null,
  eosTokenIds: [],
};

const rope: RopeParameters = {
  mode: 'neox',
  theta: config.rope.theta,
  dimensions: config.headDim,
  magnitude: 1,
  divisors: null,
};

/** @throws SkeinError `engine-failed` when a device's numbers are not the CPU's */
export function assertDevicesCompute(runtime: Runtime, reference: Runtime): void {
  const expected = computeBlock(reference, reference.cpu);
  for (const unit of runtime.accelerators) {
    assertNear(computeBlock(runtime, unit), expected, unit);
  }
}

function assertNear(found: Float32Array, expected: Float32Array, { device }: ComputeUnit): void {
  let error = 0;
  let scale = 0;
  for (const [index, value] of expected.entries()) {
    error = Math.max(error, Math.abs((found[index] as number) - value));
    scale = Math.max(scale, Math.abs(value));
  }
  // Written so that a NaN fails.
  if (error <= relativeErrorMax * scale) return;
  throw new SkeinError(
    'engine-failed',
    `${device.name} failed its self-test: relative error ${error / scale}.\n` +
      '1. Update its driver.\n' +
      '2. Or choose another device, for example: --device cpu',
  );
}

/** Where the weights and the cache lie, there the block is computed. */
function computeBlock(runtime: Runtime, unit: ComputeUnit): Float32Array {
  const kvLayout: KvLayout = {
    type: 'f16',
    rowElements: config.kvHeadCount * config.headDim,
    paddingTokens: 256,
    contextLength: config.contextLength,
  };
  const block = createBlock(runtime.ggml, unit);
  const pool = new KvPool(runtime.ggml, kvLayout, { unitOf: () => unit, idleTokensMax: 0 });
  const settings = { attention: 'flash', rope: { everywhere: rope, windowed: rope } } as const;
  const cache = new GraphCache(runtime, {
    config,
    kvLayout,
    settingsOf: () => settings,
    weights: { blocks: new Map([[0, block.weights]]), embedding: null, head: null },
    orderedMatrices: new Set(),
  });
  const span = { start: 0, end: 1 };
  const store = pool.acquire(span, capacityFor(totalRows, kvLayout));
  try {
    if (store === null) throw new SkeinError('out-of-memory', 'The device has no memory.');
    const input = pseudoRandom(totalRows * config.hiddenSize, { seed: 1, scale: 1 });
    const found = new Float32Array(input.length);
    let position = 0;
    for (const rows of stepRows) {
      const first = position * config.hiddenSize;
      const part = input.slice(first, first + rows * config.hiddenSize);
      const item = {
        rows,
        rowByRow: false,
        position,
        input: 'f32' as const,
        output: 'f32' as const,
        bytes: new Uint8Array(part.buffer),
        topK: 0,
        cache: { store, attendedTokens: 256 },
      };
      const plan = planGraph({ span, residualType: 'f32' }, [item]);
      const output = runGraph(runtime, config, cache, plan).get(item);
      if (output?.kind !== 'hidden') throw new Error('the self-test has no output');
      found.set(new Float32Array(output.bytes.buffer), first);
      position += rows;
    }
    return found;
  } finally {
    cache.free();
    if (store !== null) pool.release(store);
    block.free();
  }
}

/** Random f32 weights on a device: the same on every device. */
function createBlock(ggml: Ggml, unit: ComputeUnit): { weights: BlockWeights; free: () => void } {
  const context = createContext(ggml, 16);
  const { hiddenSize, feedForwardSize } = config;
  const kvSize = config.kvHeadCount * config.headDim;
  const pending: { tensor: Tensor; values: Float32Array }[] = [];
  const vector = (values: Float32Array) => {
    const tensor = ggml.new_tensor_1d(context, typeIds.f32, values.length);
    pending.push({ tensor, values });
    return tensor;
  };
  const linear = (outputs: number, inputs: number) => {
    const tensor = ggml.new_tensor_2d(context, typeIds.f32, inputs, outputs);
    const scale = 1.7 / Math.sqrt(inputs);
    const values = pseudoRandom(outputs * inputs, { seed: pending.length + 2, scale });
    pending.push({ tensor, values });
    return { matrix: tensor, bias: null };
  };
  const weights: BlockWeights = {
    attentionNorm: vector(new Float32Array(hiddenSize).fill(1)),
    projections: {
      kind: 'separate',
      query: linear(hiddenSize, hiddenSize),
      key: linear(kvSize, hiddenSize),
      value: linear(kvSize, hiddenSize),
    },
    queryNorm: null,
    keyNorm: null,
    sinks: null,
    attentionOutput: linear(hiddenSize, hiddenSize),
    attentionPostNorm: null,
    feedForwardNorm: vector(new Float32Array(hiddenSize).fill(1)),
    feedForward: {
      kind: 'gated',
      gate: linear(feedForwardSize, hiddenSize),
      up: linear(feedForwardSize, hiddenSize),
      down: linear(hiddenSize, feedForwardSize),
    },
    feedForwardPostNorm: null,
  };
  const buffer = ggml.backend_alloc_ctx_tensors_from_buft(context, unit.bufferType);
  if (buffer === null) throw new SkeinError('out-of-memory', 'The device has no memory.');
  // The scheduler leaves products where weights are, which it knows by this mark.
  ggml.backend_buffer_set_usage(buffer, bufferUsageWeights);
  for (const { tensor, values } of pending) {
    ggml.backend_tensor_set(tensor, values, 0, values.byteLength);
  }
  const free = () => {
    ggml.backend_buffer_free(buffer);
    ggml.free(context);
  };
  return { weights, free };
}

/** Uniform numbers in `[-scale, scale)` from a linear congruential generator. */
function pseudoRandom(count: number, options: { seed: number; scale: number }): Float32Array {
  let state = options.seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 31 - 1) * options.scale;
  });
}
