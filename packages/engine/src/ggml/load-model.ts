/** Puts a span of a model on devices: everything between a path and a graph that can be run. */
import {
  type EngineInfo,
  type EngineOptions,
  formatSpan,
  type ModelConfig,
  type RopeConfig,
  type Span,
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
import type { UnitSettings } from './graph/block.js';
import type { RopeParameters } from './graph/operations.js';
import type { ModelGraphSettings } from './graph/step-graph.js';
import { type KvLayout, kvRowBytes } from './kv-store.js';
import { type ModelPlacement, placeModel } from './place-model.js';
import type { ComputeUnit, Runtime } from './runtime.js';
import { typeIds } from './type-ids.js';
import { loadWeights } from './weights/load-weights.js';
import { WeightStore } from './weights/weight-store.js';

/** A model on its devices. */
export interface LoadedModel {
  readonly runtime: Runtime;
  /** The device that computes a block. */
  readonly unitOf: (block: number) => ComputeUnit;
  readonly settings: ModelGraphSettings;
  readonly info: EngineInfo;
  /** Rows whose logits one graph may hold. */
  readonly headRowsMax: number;
  /** Rows that are steps of their own get the bits of single rows in one graph, too. */
  readonly joinsSingleRows: boolean;
  /** Frees the weights and the devices. */
  free(): void;
}

/** {@link EngineOptions} with the kind of device decided. */
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
  const runtime = overrides.runtime ?? (await openRuntime(options.device, options));
  let store: WeightStore | null = null;
  try {
    const { threads } = runtime;
    const kvLayout = createKvLayout(runtime, options, config);
    const placement = placeModel(runtime, options, { config, plan, kvLayout });
    store = new WeightStore(runtime, plan.tensors, {
      unitOf: placement.unitOfTensor,
      sharesWeights: options.sharesWeights ?? false,
    });
    const { onProgress } = options;
    await loadWeights(runtime.ggml, store.tensors, { threads, signal, onProgress });
    const tensors = new Map(store.tensors.map(({ name, tensor }) => [name, tensor]));
    const weights = arrangeWeights(tensors, { config, span, ends });
    const perBlock = createSettings(runtime, store, {
      ...overrides,
      config,
      kvLayout,
      placement,
      span,
    });
    const hasSinks = [...weights.blocks.values()].some(({ sinks }) => sinks !== null);
    const isByGroup = perBlock.every(({ attention }) => attention === 'flash-by-group');
    const headRowsMax = Math.max(1, Math.floor(headBytesMax / (8 * config.vocabSize)));
    const owned = store;
    return {
      runtime,
      unitOf: placement.unitOf,
      joinsSingleRows: isByGroup && !hasSinks,
      settings: {
        config,
        kvLayout,
        weights,
        settingsOf: (block) => perBlock[block - span.start] as UnitSettings,
        orderedMatrices: orderedIn(runtime, store, placement),
      },
      headRowsMax: overrides.headRowsMax ?? headRowsMax,
      info: describe(runtime, options, { config, plan, kvLayout, placement }),
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
function orderedIn(
  { cpu }: Runtime,
  { tensors }: WeightStore,
  { unitOfTensor }: ModelPlacement,
): ReadonlySet<Tensor> {
  const general = tensors.filter(
    (item) => item.role !== 'vector' && item.filling !== 'whole' && unitOfTensor(item) === cpu,
  );
  return new Set(general.map(({ tensor }) => tensor));
}

/** Settings of each block of a span; blocks on one device share them. */
function createSettings(
  runtime: Runtime,
  store: WeightStore,
  model: Pick<LoadOverrides, 'attention'> & {
    readonly config: ModelConfig;
    readonly kvLayout: KvLayout;
    readonly placement: ModelPlacement;
    readonly span: Span;
  },
): readonly UnitSettings[] {
  const { config, placement, span } = model;
  const known = new Map<ComputeUnit, UnitSettings>();
  return Array.from({ length: spanLength(span) }, (_, index) => {
    const unit = placement.unitOf(span.start + index);
    const settings = known.get(unit) ?? {
      rope: createRopes(store, config, unit),
      attention: model.attention ?? chooseAttention(runtime, unit, model),
    };
    known.set(unit, settings);
    return settings;
  });
}

/** The rotations of both kinds of block; often they are one. */
function createRopes(
  store: WeightStore,
  config: ModelConfig,
  unit: ComputeUnit,
): UnitSettings['rope'] {
  const create = (rope: RopeConfig): RopeParameters => {
    const { divisors, dimensions, magnitude } = ropeFrequencies(rope, config);
    const { mode, theta } = rope;
    const tensor = divisors === null ? null : store.addVector(divisors, unit);
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
  { ggml, cpu }: Runtime,
  unit: ComputeUnit,
  { kvLayout, config }: { readonly kvLayout: KvLayout; readonly config: ModelConfig },
): AttentionKind {
  const { headDim, headCount, kvHeadCount, attentionSoftCap = 0 } = config;
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
  const isSupported = unit.supports(fused);
  ggml.free(context);
  if (!isSupported) return 'plain';
  return unit === cpu ? 'flash-by-group' : 'flash';
}

function describe(
  { cpu, accelerators, ggml, threads }: Runtime,
  options: LoadModelOptions,
  loaded: { config: ModelConfig; plan: WeightPlan; kvLayout: KvLayout; placement: ModelPlacement },
): EngineInfo {
  const { span, ends, kvType, kvTokensMax } = options;
  const { ranges } = loaded.placement;
  const { device } = accelerators[0] ?? cpu;
  const [only = { device: device.name, description: device.description }] = ranges;
  // Where it is shown it may be cut short: what differs comes first.
  const places = ranges.map((range) => `${range.device} ${formatSpan(range.span)}`).join(', ');
  const hardware = [...new Set(ranges.map(({ description }) => description))].join(', ');
  const isSplit = ranges.length > 1;
  return {
    description: `ggml ${ggml.version()} ${isSplit ? places : `${only.device} (${only.description})`}`,
    device: device.kind,
    deviceName: isSplit ? `${places} (${hardware})` : only.description,
    placements: ranges,
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
