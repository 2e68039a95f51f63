import { checkTensors, type FoundTensor } from '../check-tensors.js';
import { checkChatTemplate } from '../huggingface/read-chat-template.js';
import { corruptModel, unsupportedModel } from '../model-errors.js';
import type { ModelFile } from '../model-file.js';
import { modelFileLimits } from '../model-file-limits.js';
import { readTensor } from '../read-tensor.js';
import { parseGgufConfig } from './parse-gguf-config.js';
import type { RopeFactors } from './parse-gguf-rope.js';
import { type GgufHeader, readGgufHeader } from './read-gguf-header.js';
import { ggufTokenizerJson } from './tokenizer/gguf-tokenizer-json.js';

/** Divisors of the rotary frequencies: not weights, but a part of the configuration. */
const ropeFactorNames = {
  all: 'rope_freqs.weight',
  short: 'rope_factors_short.weight',
  long: 'rope_factors_long.weight',
} as const;

/**
 * Opens a .gguf file of an architecture that Skein knows.
 * @throws SkeinError `model-unknown`, `model-corrupt`, `model-unsupported`, `aborted`
 */
export async function openGguf(
  path: string,
  options: { signal?: AbortSignal | undefined },
): Promise<ModelFile> {
  const header = await readGgufHeader(path, options);
  refuseSplit(header);
  const found = new Map(header.tensors.map((tensor) => [tensor.name, toFoundTensor(path, tensor)]));
  const factors = async (name: string) => {
    const values = await readRopeFactors(found.get(name), options);
    found.delete(name);
    return values;
  };
  const ropeFactors: RopeFactors = {
    all: await factors(ropeFactorNames.all),
    short: await factors(ropeFactorNames.short),
    long: await factors(ropeFactorNames.long),
  };
  const { config, gguf } = parseGgufConfig(header, ropeFactors);
  const template = header.metadata['tokenizer.chat_template'];
  return {
    path,
    format: 'gguf',
    config,
    tensors: checkTensors(path, config, renamed(found, gguf.tensorNames ?? {})),
    tokenizerJson: ggufTokenizerJson(header),
    chatTemplate: typeof template === 'string' ? checkChatTemplate(template, path) : null,
  };
}

/** A part of a split file opens like a whole one, but lacks most tensors. */
function refuseSplit({ metadata, path }: GgufHeader): void {
  const parts = metadata['split.count'];
  if (typeof parts !== 'number' || parts <= 1) return;
  const wayOut = 'Merge the parts first: llama-gguf-split --merge <first part> <whole file>.';
  throw unsupportedModel(path, `this is one of ${parts} parts of a split GGUF file`, wayOut);
}

/** The tensors under their canonical names: `blk.0.post_attention_norm.weight` and the like. */
function renamed(
  found: ReadonlyMap<string, FoundTensor>,
  names: Readonly<Record<string, string>>,
): ReadonlyMap<string, FoundTensor> {
  const canonical = (name: string) =>
    name.replace(
      /(?<=^blk\.\d+\.)\w+/,
      (part) => (Object.hasOwn(names, part) ? names[part] : part) ?? part,
    );
  return new Map(
    [...found.values()].map((tensor) => {
      const name = canonical(tensor.name);
      return [name, { ...tensor, name }];
    }),
  );
}

function toFoundTensor(path: string, tensor: GgufHeader['tensors'][number]): FoundTensor {
  const { name, type, typeName, shape, offset, byteLength } = tensor;
  return {
    name,
    sourceName: name,
    type,
    sourceType: typeName,
    shape,
    byteLength,
    ranges: [{ file: path, offset, byteLength }],
  };
}

async function readRopeFactors(
  tensor: FoundTensor | undefined,
  options: { signal?: AbortSignal | undefined },
): Promise<readonly number[] | null> {
  if (tensor === undefined) return null;
  const { type, byteLength, shape, ranges, name } = tensor;
  const isVector = shape.length === 1 && byteLength <= (modelFileLimits.headDimMax / 2) * 4;
  if (type !== 'f32' || !isVector) {
    throw corruptModel(ranges[0]?.file ?? '', `the tensor ${name} is not a short F32 vector`);
  }
  const bytes = await readTensor({ name, type, byteLength, shape, ranges }, undefined, options);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: byteLength / 4 }, (_, index) => view.getFloat32(index * 4, true));
}
