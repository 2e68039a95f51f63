import type { ModelConfig, WeightType } from '@skein/protocol';
import { expectedTensors } from './expected-tensors.js';
import { corruptModel, unsupportedModel } from './model-errors.js';
import type { TensorLocation } from './model-file.js';

/** A tensor as a file's header describes it, under its canonical name. */
export interface FoundTensor extends Omit<TensorLocation, 'type'> {
  /** The name in the file, which errors show. */
  readonly sourceName: string;
  /** Null for an element type that Skein does not compute with. */
  readonly type: WeightType | null;
  /** The type as the file calls it. */
  readonly sourceType: string;
}

/**
 * Picks the tensors that `config` demands from those in the file, in the order of
 * {@link expectedTensors}.
 *
 * A tensor that the configuration has no use for is refused: it would have taken part in the
 * computation (a bias, a scale, a norm), and leaving it out gives wrong numbers, not an error.
 * Readers drop the known harmless ones first.
 *
 * @throws SkeinError `model-corrupt` for a missing tensor or a wrong shape, `model-unsupported`
 */
export function checkTensors(
  path: string,
  config: ModelConfig,
  found: ReadonlyMap<string, FoundTensor>,
): ReadonlyMap<string, TensorLocation> {
  const checked = new Map<string, TensorLocation>();
  for (const expected of expectedTensors(config)) {
    const tensor = found.get(expected.name);
    if (tensor === undefined) {
      throw corruptModel(path, `the tensor ${expected.name} is missing`);
    }
    checkShape(tensor, expected.shape);
    checked.set(expected.name, toLocation(tensor));
  }
  for (const [name, tensor] of found) {
    if (checked.has(name)) continue;
    const problem = `a ${config.architecture} model with ${tensor.sourceName} is not supported`;
    throw unsupportedModel(fileOf(tensor), problem, 'Use a model that was published without it.');
  }
  return checked;
}

function checkShape(tensor: FoundTensor, expected: readonly number[]): void {
  const matches =
    tensor.shape.length === expected.length &&
    expected.every((dimension, index) => tensor.shape[index] === dimension);
  if (matches) return;
  throw corruptModel(
    fileOf(tensor),
    `the tensor ${tensor.sourceName} has the shape [${tensor.shape.join(', ')}], ` +
      `the configuration demands [${expected.join(', ')}]`,
  );
}

function toLocation(tensor: FoundTensor): TensorLocation {
  const { name, type, shape, byteLength, ranges } = tensor;
  if (type === null) {
    throw unsupportedModel(
      fileOf(tensor),
      `the tensor ${tensor.sourceName} is stored as ${tensor.sourceType}, which is not supported`,
      'Use a copy in F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K to Q6_K or MXFP4.',
    );
  }
  return { name, type, shape, byteLength, ranges };
}

/** The file that errors name: a tensor in several has the first. */
function fileOf({ ranges }: FoundTensor): string {
  return ranges[0]?.file ?? '';
}
