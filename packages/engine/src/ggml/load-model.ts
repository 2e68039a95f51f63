/** Puts a span of a model on a device: everything between a path and a graph that can be run. */
import {
  type EngineInfo,
  type EngineOptions,
  type ModelConfig,
  type RopeConfig,
  spanLength,
} from '@skein/protocol';
import { checkLoadOptions } from '../model/check-load-options.js';
import { arrangeWeights } from '../model/model-weights.js';
import { openModel } from '../model/open-model.js';
import { ropeFrequencies } from '../model/rope-frequencies.js';
import { planWeights, type WeightPlan } from '../model/weight-plan.js';
import type { Tensor } from './c-types.js';
import { type ConcreteDevice, openRuntime } from './choose-device.js';
import { createContext } from './create-context.js';
import type { AttentionKind } from './graph/attention.js';
import type { BlockSettings } from './graph/block.js';
import type { RopeParameters } from './graph/operations.js';
import type { ModelGraphSettings } from './graph/step-graph.js';
import { type KvLayout, kvRowBytes } from './kv-store.js';
import type { Runtime } from './runtime.js';
import { typeIds } from './type-ids.js';
import { loadWeights } from './weights/load-weights.js';
import { WeightStore } from './weights/weight-store.js';

/** A model on a device. */
export interface LoadedModel {
  readonly runtime: Runtime;
  readonly settings: ModelGraphSettings;
  readonly info: EngineInfo;
  /** Rows whose logits one graph may hold. */
  readonly headRowsMax: number;
  /** Rows that are steps of their own get the bits of single rows in one graph, too. */
  readonly joinsSingleRows: boolean;
  /** Frees the weights and the device. */
  free(): void;
}

/** {@link EngineOptions} with the device decided. */
export type LoadModelOptions = Omit<EngineOptions, 'device' | 'engine'> & {
  readonly device: ConcreteDevice;
};

/** Decisions that are made for the device, unless a test makes them. */
export interface LoadOverrides {
  readonly runtime?: Runtime;
  readonly attention?: AttentionKind;
  /** Rows whose logits one graph may hold. */
  readonly headRowsMax?: number;
}

/** Logits and their softmax, in f32, that one graph may hold. */
const headBytesMax = 128 * 1024 * 1024;

/**
 * Loads the tensors of a span and its ends.
 * @throws SkeinError `bad-argument`, `bad-configuration`, `model-unknown`, `model-corrupt`,
 *   `model-unsupported`, `out-of-memory`, `aborted`
 */
export async function loadModel(
  options: LoadModelOptions,
  overrides: LoadOverrides = {},
): Promise<LoadedModel> {
  const { span, ends, signal } = options;
  const model = await openModel(options.modelPath, { signal });
  const { config } = model;
  checkLoadOptions(options, config);
  const plan = planWeights(model, options);
  const runtime =
    overrides.runtime ?? (await openRuntime(options.device, { threads: options.threads }));
  let store: WeightStore | null = null;
  try {
    store = new WeightStore(runtime, plan.tensors);
    const { threads } = runtime;
    const { onProgress } = options;
    await loadWeights(runtime.ggml, store.tensors, { threads, signal, onProgress });
    const tensors = new Map(store.tensors.map(({ name, tensor }) => [name, tensor]));
    const rope = createRopes(store, config);
    const weights = arrangeWeights(tensors, { config, span, ends });
    const kvLayout = createKvLayout(runtime, options, config);
    const attention = overrides.attention ?? chooseAttention(runtime, kvLayout, config);
    const headRowsMax = Math.max(1, Math.floor(headBytesMax / (8 * config.vocabSize)));
    const orderedMatrices = orderedIn(runtime, store);
    const owned = store;
    const hasSinks = [...weights.blocks.values()].some(({ sinks }) => sinks !== null);
    return {
      runtime,
      joinsSingleRows: attention === 'flash-by-group' && !hasSinks,
      settings: { config, rope, kvLayout, attention, weights, orderedMatrices },
      headRowsMax: overrides.headRowsMax ?? headRowsMax,
      info: describe(runtime, options, { config, plan, kvLayout }),
      free: () => {
        owned.free();
        runtime.stop();
      },
    };
  } catch (error) {
    store?.free();
    runtime.stop();
    throw error;
  }
}

/**
 * The matrices that are multiplied by ggml's general CPU kernels, which add up in another order for
 * one row than for more. Those of rearranged weights do not, and other devices are not considered.
 */
function orderedIn(runtime: Runtime, { tensors }: WeightStore): ReadonlySet<Tensor> {
  if (!runtime.usesCpuOnly) return new Set();
  const general = tensors.filter(({ role, filling }) => role !== 'vector' && filling !== 'whole');
  return new Set(general.map(({ tensor }) => tensor));
}

/** The rotations of both kinds of block; often they are one. */
function createRopes(store: WeightStore, config: ModelConfig): BlockSettings['rope'] {
  const create = (rope: RopeConfig): RopeParameters => {
    const { divisors, dimensions, magnitude } = ropeFrequencies(rope, config);
    const { mode, theta } = rope;
    const tensor = divisors === null ? null : store.addVector(divisors);
    return { mode, theta, dimensions, magnitude, divisors: tensor };
  };
  const everywhere = create(config.rope);
  const { windowedRope } = config;
  return { everywhere, windowed: windowedRope === undefined ? everywhere : create(windowedRope) };
}

function createKvLayout(
  runtime: Runtime,
  { kvType }: LoadModelOptions,
  config: ModelConfig,
): KvLayout {
  return {
    type: kvType,
    rowElements: config.kvHeadCount * config.headDim,
    // The CPU skips padding; devices read all of it, and their kernels want multiples of 256.
    paddingTokens: runtime.usesCpuOnly ? 64 : 256,
    contextLength: config.contextLength,
  };
}

/** The fused operation where the device has it for this head size and cache type. */
function chooseAttention(
  runtime: Runtime,
  kvLayout: KvLayout,
  { headDim, headCount, kvHeadCount, attentionSoftCap = 0 }: ModelConfig,
): AttentionKind {
  const { ggml } = runtime;
  const context = createContext(ggml, 16);
  const tokens = kvLayout.paddingTokens;
  const input = (type: number, heads: number, rows: number) => {
    const flat = ggml.new_tensor_2d(context, type, headDim * heads, rows);
    return ggml.permute(context, ggml.reshape_3d(context, flat, headDim, heads, rows), 0, 2, 1, 3);
  };
  const queries = input(typeIds.f32, headCount, 1);
  const cached = input(typeIds[kvLayout.type], kvHeadCount, tokens);
  const mask = ggml.new_tensor_2d(context, typeIds.f16, tokens, 1);
  const fused = ggml.flash_attn_ext(context, queries, cached, cached, mask, 1, 0, attentionSoftCap);
  const isSupported = runtime.supports(fused);
  ggml.free(context);
  if (!isSupported) return 'plain';
  return runtime.usesCpuOnly ? 'flash-by-group' : 'flash';
}

function describe(
  runtime: Runtime,
  options: LoadModelOptions,
  loaded: { config: ModelConfig; plan: WeightPlan; kvLayout: KvLayout },
): EngineInfo {
  const { device, ggml, threads } = runtime;
  const { span, ends, kvType, kvTokensMax } = options;
  return {
    description: `ggml ${ggml.version()} ${device.name} (${device.description})`,
    device: device.kind,
    deviceName: device.description,
    threads,
    config: loaded.config,
    span,
    ends,
    weightType: loaded.plan.dominantType,
    kvType,
    weightBytes: loaded.plan.byteLength,
    kvBytesPerToken: 2 * spanLength(span) * kvRowBytes(loaded.kvLayout),
    kvTokensMax,
  };
}
