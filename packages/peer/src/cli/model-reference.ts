import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SkeinError } from '@skein/protocol';

/** A model that a peer was asked to host. */
export interface LocalModel {
  /** A Hugging Face style folder or a .gguf file. */
  readonly path: string;
  /** The name under which it is announced. */
  readonly name: string;
}

/** Models that ship with Skein, beside the packages. */
const shippedModels = fileURLToPath(new URL('../../../../models', import.meta.url));

const hubIdPattern = /^[\w.-]+\/[\w.-]+$/;

/**
 * Finds the model that a flag names: a folder or .gguf file, the alias of a model that ships with
 * Skein, or the id of a model that is in Hugging Face's cache on this machine.
 *
 * @throws SkeinError `bad-configuration`, with what was looked for and what there is
 */
export async function findLocalModel(reference: string): Promise<LocalModel> {
  if (existsSync(reference)) {
    return { path: resolve(reference), name: modelNameOf(reference) };
  }
  const shipped = join(shippedModels, reference);
  if (!reference.includes('/') && existsSync(shipped)) return { path: shipped, name: reference };
  if (hubIdPattern.test(reference)) {
    const cached = await findInHubCache(reference);
    if (cached !== null) return { path: cached, name: reference };
  }
  const aliases = existsSync(shippedModels) ? await readdir(shippedModels) : [];
  throw new SkeinError(
    'bad-configuration',
    [
      `There is no model "${reference}" here.`,
      '  1. Give a folder with config.json and *.safetensors, or a .gguf file;',
      `  2. or a model that ships with Skein: ${aliases.join(', ') || '(none)'};`,
      `  3. or download it first, for example: huggingface-cli download ${
        hubIdPattern.test(reference) ? reference : 'owner/name'
      }`,
    ].join('\n'),
  );
}

/** The name that a reference stands for: the last part of a path, without .gguf; else itself. */
export function modelNameOf(reference: string): string {
  if (hubIdPattern.test(reference) && !existsSync(reference)) return reference;
  return extname(reference) === '.gguf'
    ? basename(reference, '.gguf')
    : basename(resolve(reference));
}

/** The newest snapshot of a model in Hugging Face's cache, or null. */
async function findInHubCache(id: string): Promise<string | null> {
  const home = process.env.HF_HOME ?? join(homedir(), '.cache', 'huggingface');
  const hub = process.env.HF_HUB_CACHE ?? join(home, 'hub');
  const snapshots = join(hub, `models--${id.replace('/', '--')}`, 'snapshots');
  if (!existsSync(snapshots)) return null;
  let newest: { path: string; modifiedMs: number } | null = null;
  for (const entry of await readdir(snapshots)) {
    const path = join(snapshots, entry);
    const { mtimeMs } = await stat(path);
    if (newest === null || mtimeMs > newest.modifiedMs) newest = { path, modifiedMs: mtimeMs };
  }
  return newest?.path ?? null;
}
