import { join } from 'node:path';
import { limits } from '@skein/protocol';
import { checkTensors, type FoundTensor } from '../check-tensors.js';
import { corruptModel } from '../model-errors.js';
import type { ModelFile } from '../model-file.js';
import { modelFileLimits } from '../model-file-limits.js';
import { readJsonFile, readTextFile } from '../read-text-file.js';
import { parseHuggingFaceConfig } from './parse-config.js';
import { readChatTemplate } from './read-chat-template.js';
import { readSafetensorsHeader, type SafetensorsEntry } from './read-safetensors-header.js';
import { readShardList } from './read-shard-list.js';
import { ExpertStacks } from './stack-experts.js';
import { canonicalTensorName, isDerivedTensor } from './tensor-names.js';

/**
 * Opens a Hugging Face style folder: config.json, safetensors (one file, or shards with an index),
 * and tokenizer.json where there is one.
 *
 * @param names of the files in the folder
 * @throws SkeinError `model-corrupt`, `model-unsupported`, `aborted`
 */
export async function openHuggingFaceFolder(
  path: string,
  names: ReadonlySet<string>,
  options: { signal?: AbortSignal | undefined },
): Promise<ModelFile> {
  const { signal } = options;
  const configPath = join(path, 'config.json');
  const smallJson = { byteLengthMax: modelFileLimits.configBytesMax, signal };
  const generation = names.has('generation_config.json')
    ? await readJsonFile(join(path, 'generation_config.json'), smallJson)
    : null;
  const { config, huggingFace } = parseHuggingFaceConfig(
    configPath,
    await readJsonFile(configPath, smallJson),
    generation,
  );
  const found = await findTensors(path, names, huggingFace.tensorNames, options);
  // A redundant head is one that transformers, too, ignores.
  if (config.tiedEmbeddings) found.delete('output.weight');
  const tokenizerLimit = { byteLengthMax: limits.tokenizerBytesMax, signal };
  return {
    path,
    format: 'safetensors',
    config,
    tensors: checkTensors(path, config, found),
    tokenizerJson: names.has('tokenizer.json')
      ? await readTextFile(join(path, 'tokenizer.json'), tokenizerLimit)
      : null,
    chatTemplate: await readChatTemplate(path, names, options),
  };
}

async function findTensors(
  path: string,
  names: ReadonlySet<string>,
  ownNames: Readonly<Record<string, string>> | undefined,
  options: { signal?: AbortSignal | undefined },
): Promise<Map<string, FoundTensor>> {
  const { shards, shardOf } = await readShardList(path, names, options);
  const found = new Map<string, FoundTensor>();
  const stacks = new ExpertStacks();
  const take = (tensor: FoundTensor, file: string) => {
    if (found.has(tensor.name)) {
      throw corruptModel(file, `the tensor ${tensor.sourceName} comes twice`);
    }
    found.set(tensor.name, tensor);
  };
  for (const shard of shards) {
    const file = join(path, shard);
    for (const entry of await readSafetensorsHeader(file, options)) {
      if (isDerivedTensor(entry.name)) continue;
      if (shardOf !== null && shardOf.get(entry.name) !== shard) {
        throw corruptModel(file, `the index does not list the tensor ${entry.name} for this shard`);
      }
      if (found.size + stacks.tensorCount >= modelFileLimits.tensorCountMax) {
        throw corruptModel(path, `it has over ${modelFileLimits.tensorCountMax} tensors`);
      }
      const canonical = canonicalTensorName(entry.name, ownNames);
      // An unknown name stays as it is, to be refused by name later.
      const tensor = toFoundTensor(file, entry, canonical?.name ?? entry.name);
      if (canonical === null || canonical.expert === null) take(tensor, file);
      else stacks.add(tensor, canonical.expert);
    }
  }
  for (const stack of stacks.finish(path)) take(stack, path);
  return found;
}

function toFoundTensor(file: string, entry: SafetensorsEntry, name: string): FoundTensor {
  const { type, shape, byteLength, offset } = entry;
  return {
    name,
    sourceName: entry.name,
    type,
    sourceType: entry.dtype,
    shape,
    byteLength,
    ranges: [{ file, offset, byteLength }],
  };
}
