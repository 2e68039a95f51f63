/** Decides which tensors an engine loads and in which type it keeps them. Pure. */
import {
  type Ends,
  type ModelConfig,
  SkeinError,
  type Span,
  spanLength,
  type WeightType,
} from '@skein/protocol';
import {
  blockTensors,
  type ExpectedTensor,
  embeddingTensors,
  headTensors,
} from './expected-tensors.js';
import type { ModelFile, TensorLocation } from './model-file.js';
import { rowBytes, storageLayouts } from './tensor-types.js';

/**
 * What a tensor is used for: `vector` (norms and biases), `vectors` (biases of experts, one a row),
 * `matrix` (only ever multiplied),
 * `experts` (matrices of which each row is multiplied with some), `router` (the matrix that scores
 * these), `table` (rows are looked up, and perhaps multiplied as well).
 */
type TensorRole = 'vector' | 'vectors' | 'matrix' | 'experts' | 'router' | 'table';

/** Kept in f32. A router is tiny, and an error in it sends a token to another expert. */
const exactRoles: ReadonlySet<TensorRole> = new Set(['vector', 'vectors', 'router']);

/** A tensor that will be loaded. */
export interface PlannedTensor {
  readonly name: string;
  readonly location: TensorLocation;
  readonly role: TensorRole;
  /** Type in memory. */
  readonly type: WeightType;
  /** Rows of a matrix, or of all experts' matrices together; 1 for a vector. */
  readonly rows: number;
  readonly columns: number;
  /** Matrices that lie one after the other: experts, or 1. */
  readonly matrixCount: number;
  /** Added to every element: what the stored weights of norms lack. */
  readonly offset: number;
  /** Bytes in memory. */
  readonly byteLength: number;
}

export interface WeightPlan {
  readonly tensors: readonly PlannedTensor[];
  /** Bytes of all tensors in memory. */
  readonly byteLength: number;
  /** The type that most matrix bytes have. */
  readonly dominantType: WeightType;
}

/** Plans the tensors of a span and its ends. `openModel` has checked that they are there. */
export function planWeights(
  model: Pick<ModelFile, 'config' | 'tensors'>,
  options: { span: Span; ends: Ends; weightType: WeightType | 'keep' },
): WeightPlan {
  const tensors = wantedTensors(model.config, options).map((wanted): PlannedTensor => {
    const { name, shape } = wanted;
    const location = model.tensors.get(name);
    if (location === undefined) throw new SkeinError('model-corrupt', `${name} is missing.`);
    const columns = shape.at(-1) as number;
    const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
    const matrixCount = shape.length === 3 ? (shape[0] as number) : 1;
    const role = roleOf(wanted);
    const tensor = { columns, isEnd: !name.startsWith('blk.') };
    const type = exactRoles.has(role)
      ? 'f32'
      : chooseType(location.type, options.weightType, tensor);
    const byteLength = rows * rowBytes(type, columns);
    const offset = name.endsWith('norm.weight') ? (model.config.normOffset ?? 0) : 0;
    return { name, location, role, type, rows, columns, matrixCount, offset, byteLength };
  });
  return {
    tensors,
    byteLength: tensors.reduce((sum, tensor) => sum + tensor.byteLength, 0),
    dominantType: dominantType(tensors, options.weightType),
  };
}

/** What the span and the ends need; a tied matrix that both ends use comes once. */
function wantedTensors(
  config: ModelConfig,
  { span, ends }: { span: Span; ends: Ends },
): readonly ExpectedTensor[] {
  const blocks = Array.from({ length: spanLength(span) }, (_, index) =>
    blockTensors(config, span.start + index),
  ).flat();
  const wanted = [
    ...(ends.embedding ? embeddingTensors(config) : []),
    ...blocks,
    ...(ends.head ? headTensors(config) : []),
  ];
  return [...new Map(wanted.map((tensor) => [tensor.name, tensor])).values()];
}

function roleOf({ name, shape }: ExpectedTensor): TensorRole {
  if (shape.length === 1) return 'vector';
  if (name.endsWith('.bias')) return 'vectors';
  if (shape.length === 3) return 'experts';
  if (name.endsWith('.ffn_gate_inp.weight')) return 'router';
  return name === 'token_embd.weight' ? 'table' : 'matrix';
}

/**
 * The type that a matrix gets in memory. An error in an end goes straight into the tokens or the
 * logits, so ends are kept at eight bits where the blocks get fewer. Rows that are not a whole
 * number of the wanted type's blocks fall back to the next wider type that fits.
 */
function chooseType(
  stored: WeightType,
  wanted: WeightType | 'keep',
  tensor: { columns: number; isEnd: boolean },
): WeightType {
  if (wanted === 'keep') return stored;
  const isNarrow = storageLayouts[wanted].blockElements > 1;
  const target = tensor.isEnd && isNarrow ? 'q8_0' : wanted;
  const fits = (type: WeightType) => tensor.columns % storageLayouts[type].blockElements === 0;
  const candidates: WeightType[] = [target, 'q8_0', 'f16'];
  const chosen = candidates.find(fits) as WeightType;
  // Widening a quantised tensor would cost memory and win nothing back, except for exact f32.
  const isKept =
    wanted !== 'f32' &&
    storageLayouts[stored].blockElements > 1 &&
    rowBytes(stored, tensor.columns) <= rowBytes(chosen, tensor.columns);
  return isKept ? stored : chosen;
}

/**
 * The type that most bytes of the blocks' matrices have; of the ends' where there are no blocks.
 * The ends are left out otherwise, so that all peers of a model name the same type.
 */
function dominantType(tensors: readonly PlannedTensor[], wanted: WeightType | 'keep'): WeightType {
  const bytes = new Map<WeightType, number>();
  const matrices = tensors.filter(({ role }) => !exactRoles.has(role));
  const blockMatrices = matrices.filter(({ name }) => name.startsWith('blk.'));
  for (const { type, byteLength } of blockMatrices.length > 0 ? blockMatrices : matrices) {
    bytes.set(type, (bytes.get(type) ?? 0) + byteLength);
  }
  const [largest] = [...bytes].sort((a, b) => b[1] - a[1]);
  return largest?.[0] ?? (wanted === 'keep' ? 'f32' : wanted);
}
