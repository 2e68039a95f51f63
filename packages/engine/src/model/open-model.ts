import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { toSkeinError } from '@skein/protocol';
import { openGguf } from './gguf/open-gguf.js';
import { openHuggingFaceFolder } from './huggingface/open-folder.js';
import { throwIfAborted, unknownModel, unsupportedModel } from './model-errors.js';
import type { ModelFile } from './model-file.js';

export interface OpenModelOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a model: a Hugging Face style folder (config.json and safetensors), a .gguf file, or a
 * folder with a single one. Only headers, configuration and tokenizer are read; weights come with
 * `readTensor`.
 *
 * @throws SkeinError `model-unknown` when nothing is there, `model-corrupt` for a file that breaks
 *   its format or lacks a tensor, `model-unsupported` for a sound model that Skein would compute
 *   wrongly, `aborted`
 */
export async function openModel(path: string, options: OpenModelOptions = {}): Promise<ModelFile> {
  try {
    throwIfAborted(options.signal);
    const names = await listFolder(path);
    return names === null ? await openGguf(path, options) : await openFolder(path, names, options);
  } catch (error) {
    throw toSkeinError(error);
  }
}

async function openFolder(
  path: string,
  names: ReadonlySet<string>,
  options: OpenModelOptions,
): Promise<ModelFile> {
  const gguf = [...names].filter((name) => name.endsWith('.gguf')).sort();
  const hasSafetensors = [...names].some((name) => name.endsWith('.safetensors'));
  const [only] = gguf;
  // Folders of GGUF files often keep the config.json of the original beside them.
  if (only !== undefined && gguf.length === 1 && !(names.has('config.json') && hasSafetensors)) {
    return openGguf(join(path, only), options);
  }
  if (names.has('config.json')) return openHuggingFaceFolder(path, names, options);
  throw noModelIn(path, names, gguf);
}

/** Names in a folder, or null when `path` is a file. */
async function listFolder(path: string): Promise<ReadonlySet<string> | null> {
  try {
    return (await stat(path)).isDirectory() ? new Set(await readdir(path)) : null;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const wayOut = 'Check the path: give a folder with config.json, or a .gguf file.';
    throw unknownModel(path, `there is no model here (${reason})`, wayOut);
  }
}

function noModelIn(path: string, names: ReadonlySet<string>, gguf: readonly string[]): Error {
  if (gguf.length > 1) {
    const wayOut = `Give one of them: ${gguf.slice(0, 10).join(', ')}.`;
    return unknownModel(path, `this folder has ${gguf.length} .gguf files`, wayOut);
  }
  if (names.has('params.json')) {
    const wayOut = 'Download the version for Hugging Face transformers (config.json, safetensors).';
    return unsupportedModel(path, "this is a model in its maker's own format", wayOut);
  }
  const wayOut = 'Give the folder that has config.json, or a .gguf file.';
  return unknownModel(path, 'this folder has neither config.json nor a .gguf file', wayOut);
}
