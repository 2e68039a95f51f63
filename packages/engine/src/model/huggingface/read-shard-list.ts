import { join } from 'node:path';
import { corruptModel, unsupportedModel } from '../model-errors.js';
import { modelFileLimits } from '../model-file-limits.js';
import { isJsonObject } from '../parse-json.js';
import { readJsonFile } from '../read-text-file.js';

/** The safetensors files of a folder. */
export interface ShardList {
  readonly shards: readonly string[];
  /** Which shard the index says holds a tensor; null without an index. */
  readonly shardOf: ReadonlyMap<string, string> | null;
}

const wholeName = 'model.safetensors';
const indexName = 'model.safetensors.index.json';

/**
 * Finds a folder's safetensors files. As transformers does, one whole file is preferred to shards.
 * @throws SkeinError `model-corrupt`, `model-unsupported`, `aborted`
 */
export async function readShardList(
  path: string,
  names: ReadonlySet<string>,
  options: { signal?: AbortSignal | undefined },
): Promise<ShardList> {
  if (names.has(wholeName)) return { shards: [wholeName], shardOf: null };
  if (!names.has(indexName)) throw noWeightsIn(path, names);
  const indexPath = join(path, indexName);
  const byteLengthMax = modelFileLimits.safetensorsIndexBytesMax;
  const index = await readJsonFile(indexPath, { byteLengthMax, signal: options.signal });
  if (!isJsonObject(index.weight_map)) throw corruptModel(indexPath, 'it has no weight_map');
  const shardOf = new Map<string, string>();
  for (const [tensor, shard] of Object.entries(index.weight_map)) {
    // A name with a folder in it could lead anywhere on this machine.
    if (typeof shard !== 'string' || !/^[\w.-]{1,200}\.safetensors$/.test(shard)) {
      throw corruptModel(
        indexPath,
        `the tensor ${tensor.slice(0, 80)} is not in a .safetensors file`,
      );
    }
    shardOf.set(tensor, shard);
  }
  const shards = [...new Set(shardOf.values())].sort();
  if (shards.length > modelFileLimits.shardCountMax) {
    throw corruptModel(
      indexPath,
      `${shards.length} shards are over the maximum of ${modelFileLimits.shardCountMax}`,
    );
  }
  const missing = shards.filter((shard) => !names.has(shard));
  if (missing.length > 0) {
    const wayOut = `Finish the download: ${missing.length} of ${shards.length} shards are missing.`;
    throw corruptModel(path, `the shard ${missing[0]} is missing`, { wayOut });
  }
  return { shards, shardOf };
}

function noWeightsIn(path: string, names: ReadonlySet<string>): Error {
  const pickled = [...names].some((name) => /^pytorch_model.*\.bin/.test(name));
  if (pickled) {
    const wayOut = 'Convert it to safetensors: pickled weights can run code when they are opened.';
    return unsupportedModel(path, 'its weights are pickled (pytorch_model.bin)', wayOut);
  }
  const wayOut = 'Finish the download of the safetensors files, or give a .gguf file itself.';
  return corruptModel(path, `it has neither ${wholeName} nor ${indexName}`, { wayOut });
}
