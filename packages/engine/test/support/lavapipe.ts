import { readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import koffi from 'koffi';
import { fetchLavapipe, type Lavapipe } from '../../../../test/support/fetch-lavapipe.js';
import { findLibraries } from '../../src/ggml/library-discovery.js';

type Found = Lavapipe | { readonly whyNot: string };

async function find(): Promise<Found> {
  if (findLibraries('vulkan').length === 0) {
    return { whyNot: 'skipped: no package with ggml for Vulkan is installed on this platform.' };
  }
  try {
    return await fetchLavapipe();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { whyNot: `skipped: no Vulkan driver without a GPU, because ${reason}` };
  }
}

const found = await find();

/** Why tests on Vulkan are skipped; null where they run. */
export const whyNoVulkan = 'whyNot' in found ? found.whyNot : null;

/**
 * Lets this process, and those that it starts from now on, see Vulkan devices that compute on the CPU.
 * Call it before ggml is loaded, which looks for devices once.
 * @param count how many devices: all are the same one
 */
export function useLavapipe(count = 1): void {
  if ('whyNot' in found) throw new Error(found.whyNot);
  const { libraryPath, driverFile, shaderCache } = found;
  const paths = [libraryPath, ...(process.env.LD_LIBRARY_PATH ?? '').split(delimiter)];
  Object.assign(process.env, {
    VK_DRIVER_FILES: driverFile,
    // ggml passes over devices that are no GPU, unless they are named.
    GGML_VK_VISIBLE_DEVICES: new Array(count).fill(0).join(),
    MESA_SHADER_CACHE_DIR: shaderCache,
    LD_LIBRARY_PATH: paths.filter((path) => path !== '').join(delimiter),
  });
  preload(libraryPath);
}

/** The path above is read at the start of a process; what is loaded already is found by its name. */
function preload(folder: string): void {
  let missing = readdirSync(folder).map((name) => join(folder, name));
  for (let left = missing.length + 1; missing.length < left; ) {
    left = missing.length;
    missing = missing.filter((path) => !loads(path));
  }
}

/** A library whose handle is collected is unloaded. */
const kept: unknown[] = [];

/** False while something that it needs is missing. */
function loads(path: string): boolean {
  try {
    kept.push(koffi.load(path));
    return true;
  } catch {
    return false;
  }
}
