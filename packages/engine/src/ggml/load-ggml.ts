/** Loads ggml's libraries and binds their functions. Nothing is loaded when this is imported. */

import { SkeinError } from '@skein/protocol';
import type { LibraryHandle } from 'koffi';
import { type FunctionsOf, type Signature, scalarSpellings } from './c-types.js';
import {
  backendFunctions,
  conversionFunctions,
  dequantiseFunctions,
  graphFunctions,
  optionalFunctions,
  registryFunctions,
  tensorFunctions,
} from './functions.js';
import { type GgmlLibraries, installCommand } from './library-discovery.js';

type Koffi = typeof import('koffi').default;
type KoffiFunction = ReturnType<LibraryHandle['func']>;

/** Every function that the engine needs; see `functions.ts`. */
export type Ggml = FunctionsOf<typeof graphFunctions> &
  FunctionsOf<typeof tensorFunctions> &
  FunctionsOf<typeof backendFunctions> &
  FunctionsOf<typeof conversionFunctions> &
  FunctionsOf<typeof dequantiseFunctions> &
  FunctionsOf<typeof registryFunctions> &
  Partial<FunctionsOf<typeof optionalFunctions>> & {
    readonly libraries: GgmlLibraries;
    readonly koffi: Koffi;
  };

/** When set, ggml writes its log to standard error. */
export const logVariable = 'SKEIN_GGML_LOG';

const loaded = new Map<string, Ggml>();

/**
 * Loads one build of ggml with all backends in its folder. A process should load only one: the
 * libraries of two packages have the same names.
 * @throws SkeinError `bad-configuration` when a library does not load or lacks a function
 */
export async function loadGgml(libraries: GgmlLibraries): Promise<Ggml> {
  const known = loaded.get(libraries.folder);
  if (known !== undefined) return known;
  const koffi = (await import('koffi')).default;
  const bind = createBinder(koffi);
  try {
    const base = koffi.load(libraries.base);
    const registry = koffi.load(libraries.registry);
    const ggml = {
      ...bind(base, 'ggml_', graphFunctions),
      ...bind(base, 'ggml_', tensorFunctions),
      ...bind(base, 'ggml_', backendFunctions),
      ...bind(base, 'ggml_', conversionFunctions),
      ...bind(base, '', dequantiseFunctions),
      ...bind(base, 'ggml_', optionalFunctions, { isOptional: true }),
      ...bind(registry, 'ggml_', registryFunctions),
      libraries,
      koffi,
    } as unknown as Ggml;
    // The engine's process keeps what ggml writes for its errors; elsewhere nobody wants to see it.
    // ggml takes a C callback: a function that ignores what it is passed drops the text, and from
    // any thread, which a function of JavaScript could not.
    if (process.env[logVariable] === undefined) ggml.log_set(base.symbol('ggml_time_ms'), null);
    ggml.backend_load_all_from_path(libraries.folder);
    loaded.set(libraries.folder, ggml);
    return ggml;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new SkeinError(
      'bad-configuration',
      `ggml could not be loaded from ${libraries.name}: ${message}\n` +
        `1. Check that the libraries in ${libraries.folder} belong to this system.\n` +
        `2. Install them again: ${installCommand(libraries.name)}`,
      { cause, details: { folder: libraries.folder } },
    );
  }
}

/**
 * Runs a bound function on one of Node's worker threads, so that several run at once.
 * The memory that it is given must not be touched until the promise settles.
 */
export function callOffThread<Parameters extends unknown[], Result>(
  bound: (...values: Parameters) => Result,
  ...values: Parameters
): Promise<Result> {
  return new Promise((resolve, reject) => {
    (bound as unknown as KoffiFunction).async(...values, (error: unknown, result: Result) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}

function createBinder(koffi: Koffi) {
  const contextParameters = koffi.struct({
    mem_size: 'size_t',
    mem_buffer: 'void *',
    no_alloc: 'bool',
  });
  const spell = (name: Signature[number]) =>
    name === 'contextParameters' ? contextParameters : (scalarSpellings[name] ?? 'void *');

  return function bind(
    library: LibraryHandle,
    prefix: string,
    table: Record<string, Signature>,
    options: { isOptional: boolean } = { isOptional: false },
  ): Record<string, KoffiFunction> {
    const functions: Record<string, KoffiFunction> = {};
    for (const [name, [result, ...parameters]] of Object.entries(table)) {
      try {
        functions[name] = library.func(prefix + name, spell(result), parameters.map(spell));
      } catch (error) {
        if (!options.isOptional) throw error;
      }
    }
    return functions;
  };
}
