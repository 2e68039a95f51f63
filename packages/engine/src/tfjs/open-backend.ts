/** Loads TensorFlow.js with one backend. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { SkeinError, toSkeinError } from '@skein/protocol';
import type * as TfCore from '@tensorflow/tfjs-core';
import { type BackendName, backends, findPackage } from './backends.js';

/** What all backends have in common. */
export type Tf = typeof TfCore;
export type TfTensor = TfCore.Tensor;

/** TensorFlow.js, ready to compute. */
export interface TfjsBackend {
  readonly tf: Tf;
  readonly name: BackendName;
  /** `WebAssembly (SIMD)`: for people. */
  readonly description: string;
  /** Threads that it computes on. */
  readonly threads: number;
  /**
   * A product of several rows gives each the bits that it gives it alone. So it is, by the
   * compliance suite, in WebAssembly and JavaScript, but not in TensorFlow 2.15.
   */
  readonly hasIndependentRows: boolean;
}

/** Names under which the packages register themselves. */
const registeredNames: Readonly<Record<BackendName, string>> = {
  'node-gpu': 'tensorflow',
  node: 'tensorflow',
  webgpu: 'webgpu',
  wasm: 'wasm',
  cpu: 'cpu',
};

/**
 * Loads a backend into this process and makes it the one that computes.
 * @throws SkeinError `bad-configuration` when it does not load or does not start
 */
export async function openBackend(name: BackendName): Promise<TfjsBackend> {
  const backend = backends.find((each) => each.name === name);
  if (backend === undefined) throw new SkeinError('bad-argument', `There is no backend ${name}.`);
  const { package: packageName } = backend;
  try {
    const tf = await loadPackages(name, packageName);
    // Without its advice to install something faster, and without checks of every number.
    tf.enableProdMode();
    if (!(await tf.setBackend(registeredNames[name]))) throw new Error('it does not start here');
    await tf.ready();
    const hasIndependentRows = name === 'wasm' || name === 'cpu';
    return { tf, name, hasIndependentRows, ...describe(tf, name) };
  } catch (error) {
    const { message } = toSkeinError(error);
    throw new SkeinError(
      'bad-configuration',
      `${packageName} is installed, but it cannot compute: ${message}\n` +
        '1. Install it again, with its native parts, under the Node that runs this.\n' +
        '2. Or take another device or engine, for example: --device cpu, --engine ggml',
      { cause: error, details: { package: packageName } },
    );
  }
}

async function loadPackages(name: BackendName, packageName: string): Promise<Tf> {
  if (name === 'node' || name === 'node-gpu') {
    restoreUtil();
    // These bring the whole of TensorFlow.js, core included.
    return (await importModule(packageName)) as Tf;
  }
  if (name === 'webgpu') await provideWebGpu();
  const tf = (await importModule('@tensorflow/tfjs-core')) as Tf;
  await importModule(packageName);
  return tf;
}

/** The packages are CommonJS, of which not every export has a name here. */
async function importModule(name: string): Promise<unknown> {
  const file = findPackage(name);
  if (file === null) throw new Error(`${name} is not installed`);
  const loaded = (await import(pathToFileURL(file).href)) as { default?: unknown };
  return loaded.default ?? loaded;
}

/** Functions that Node 23 took away, and that tfjs-node 4.22 calls. */
function restoreUtil(): void {
  // The namespace that `import` gives is frozen; the packages see the object behind it.
  const functions = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  functions.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  functions.isArray ??= Array.isArray;
}

/** Node has no `navigator.gpu`; the package `webgpu` has one to lend. */
async function provideWebGpu(): Promise<void> {
  const { navigator } = globalThis as { navigator?: { gpu?: unknown } };
  if (navigator?.gpu !== undefined) return;
  const webgpu = (await importModule('webgpu')) as {
    create(options: readonly string[]): unknown;
    globals: Readonly<Record<string, unknown>>;
  };
  Object.assign(globalThis, webgpu.globals);
  const gpu = webgpu.create([]);
  if (navigator === undefined) Object.assign(globalThis, { navigator: { gpu } });
  else Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
}

function describe(tf: Tf, name: BackendName): Pick<TfjsBackend, 'description' | 'threads'> {
  switch (name) {
    case 'node-gpu':
      return { description: 'TensorFlow (CUDA)', threads: 1 };
    case 'node':
      return { description: 'TensorFlow (CPU)', threads: availableParallelism() };
    case 'webgpu':
      return { description: 'WebGPU', threads: 1 };
    case 'wasm': {
      const hasSimd = tf.env().getBool('WASM_HAS_SIMD_SUPPORT');
      // Its threads do not work in Node.
      return { description: `WebAssembly${hasSimd ? ' (SIMD)' : ''}`, threads: 1 };
    }
    case 'cpu':
      return { description: 'JavaScript', threads: 1 };
  }
}
