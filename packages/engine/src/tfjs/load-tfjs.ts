/** Puts a span of a model into TensorFlow.js: everything between a path and a computer of it. */
import {
  type DeviceChoice,
  type EngineInfo,
  type EngineOptions,
  SkeinError,
  spanLength,
} from '@skein/protocol';
import { checkLoadOptions } from '../model/check-load-options.js';
import type { ModelFile } from '../model/model-file.js';
import { arrangeWeights } from '../model/model-weights.js';
import { openModel } from '../model/open-model.js';
import { readTensor } from '../model/read-tensor.js';
import { type PlannedTensor, planWeights, type WeightPlan } from '../model/weight-plan.js';
import type { BackendName } from './backends.js';
import { dequantise } from './dequantise.js';
import { openBackend, type Tf, type TfjsBackend, type TfTensor } from './open-backend.js';
import { createRotation } from './rotation.js';
import type { TensorKvType } from './tensor-cache.js';
import { TfjsComputer } from './tfjs-computer.js';

/** {@link EngineOptions} with the backend decided. */
export type LoadTfjsOptions = Omit<EngineOptions, 'device' | 'engine'> & {
  readonly backend: BackendName;
  readonly device: Exclude<DeviceChoice, 'auto'>;
};

/** The heap of WebAssembly ends at 4 GiB, and matrices are in it twice while they are loaded. */
const wasmWeightBytesMax = 3 * 1024 ** 3;

/** The table that tokens are looked up in stays outside of TensorFlow.js. */
const embeddingName = 'token_embd.weight';

/**
 * Loads the tensors of a span and its ends, in f32 whatever they are stored in.
 * @throws SkeinError `bad-argument`, `bad-configuration`, `model-unknown`, `model-corrupt`,
 *   `model-unsupported`, `out-of-memory`, `aborted`
 */
export async function loadTfjs(options: LoadTfjsOptions): Promise<TfjsComputer> {
  const { span, ends, signal } = options;
  requireKnownTypes(options);
  const model = await openModel(options.modelPath, { signal });
  const { config } = model;
  checkLoadOptions(options, config);
  const plan = planWeights(model, { span, ends, weightType: 'f32' });
  requireRoom(options, plan);
  const backend = await openBackend(options.backend);
  const tensors = new Map<string, TfTensor>();
  const free = () => {
    for (const tensor of tensors.values()) tensor.dispose();
    tensors.clear();
  };
  try {
    const embeddingTable = await loadAll(backend.tf, plan, tensors, { options, model });
    const everywhere = createRotation(config.rope, config);
    const { windowedRope } = config;
    return new TfjsComputer({
      tf: backend.tf,
      info: describe(backend, options, { model, plan }),
      kvType: options.kvType as TensorKvType,
      hasIndependentRows: backend.hasIndependentRows,
      weights: arrangeWeights(tensors, {
        config,
        span,
        // Its table is no tensor here; with tied embeddings the head has its own copy.
        ends: { embedding: false, head: ends.head },
      }),
      embeddingTable,
      rotation: {
        everywhere,
        windowed: windowedRope === undefined ? everywhere : createRotation(windowedRope, config),
      },
      free,
    });
  } catch (error) {
    free();
    throw error;
  }
}

function requireKnownTypes({ weightType, kvType }: LoadTfjsOptions): void {
  if (weightType !== 'keep' && weightType !== 'f32') {
    throw new SkeinError(
      'bad-argument',
      `TensorFlow.js computes in f32 and cannot hold weights in ${weightType}.\n` +
        '1. Leave them as they are, which makes them f32 in memory: --dtype keep\n' +
        '2. Or take the other engine: --engine ggml',
    );
  }
  if (kvType !== 'f32' && kvType !== 'f16') {
    throw new SkeinError(
      'bad-argument',
      `TensorFlow.js cannot cache in ${kvType}. Use f16 or f32: --kv-type f16.`,
    );
  }
}

function requireRoom({ backend }: LoadTfjsOptions, { byteLength }: WeightPlan): void {
  if (backend !== 'wasm' || byteLength <= wasmWeightBytesMax) return;
  const size = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  throw new SkeinError(
    'out-of-memory',
    `${size(byteLength)} of weights in f32 do not fit WebAssembly, which holds ` +
      `${size(wasmWeightBytesMax)}.\n` +
      '1. Host fewer blocks: --num-blocks or --blocks\n' +
      '2. Or take another backend (@tensorflow/tfjs-node) or engine: --engine ggml',
    { details: { byteLength } },
  );
}

/** Fills `tensors` in the plan's order. @returns the embedding table, where it is wanted */
async function loadAll(
  tf: Tf,
  plan: WeightPlan,
  tensors: Map<string, TfTensor>,
  { options, model }: { options: LoadTfjsOptions; model: ModelFile },
): Promise<Float32Array | null> {
  const { signal, onProgress, ends } = options;
  const isHeadToo = ends.head && model.config.tiedEmbeddings;
  let embeddingTable: Float32Array | null = null;
  let loadedBytes = 0;
  onProgress?.({ loadedBytes, totalBytes: plan.byteLength });
  for (const planned of plan.tensors) {
    if (signal?.aborted) throw new SkeinError('aborted', 'Loading was cancelled.');
    const stored = await readTensor(planned.location, undefined, { signal });
    const values = dequantise(planned.location.type, stored);
    if (planned.offset !== 0) {
      for (const [index, value] of values.entries()) values[index] = value + planned.offset;
    }
    const isTable = planned.name === embeddingName && ends.embedding;
    if (isTable) embeddingTable = values;
    if (!isTable || isHeadToo) tensors.set(planned.name, toTensor(tf, planned, values));
    loadedBytes += planned.byteLength;
    onProgress?.({ loadedBytes, totalBytes: plan.byteLength });
  }
  return embeddingTable;
}

/** Matrices are kept as `[inputs, outputs]`, for which the backends have their fast kernels. */
function toTensor(
  tf: Tf,
  { role, rows, columns, matrixCount }: PlannedTensor,
  values: Float32Array,
): TfTensor {
  switch (role) {
    case 'vector':
      return tf.tensor1d(values, 'float32');
    case 'vectors':
      return tf.tensor2d(values, [rows, columns], 'float32');
    case 'experts': {
      const shape: [number, number, number] = [matrixCount, rows / matrixCount, columns];
      return tf.tidy(() => tf.transpose(tf.tensor3d(values, shape, 'float32'), [0, 2, 1]));
    }
    case 'matrix':
    case 'router':
    case 'table':
      return tf.tidy(() => tf.transpose(tf.tensor2d(values, [rows, columns], 'float32')));
  }
}

function describe(
  { tf, description, threads }: TfjsBackend,
  { span, ends, kvType, kvTokensMax, device }: LoadTfjsOptions,
  { model, plan }: { model: ModelFile; plan: WeightPlan },
): EngineInfo {
  const { config } = model;
  return {
    engine: 'tfjs',
    description: `TensorFlow.js ${tf.version_core} ${description}`,
    device,
    deviceName: description,
    threads,
    config,
    span,
    ends,
    weightType: 'f32',
    kvType,
    weightBytes: plan.byteLength,
    kvBytesPerToken: 2 * spanLength(span) * 4 * config.kvHeadCount * config.headDim,
    kvTokensMax,
  };
}
