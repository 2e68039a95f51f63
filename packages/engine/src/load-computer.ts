/** Loads what was asked for. An engine's libraries come into memory only when it was chosen. */
import type { EngineOptions } from '@skein/protocol';
import type { BlockComputer, SessionCache } from './core/block-computer.js';
import type { LoadModelOptions } from './ggml/load-model.js';
import type { LoadTfjsOptions } from './tfjs/load-tfjs.js';

type WithoutCallbacks<Options> = Omit<Options, 'signal' | 'onProgress' | 'onFallback'>;

/** One engine on one device, in a form that can be sent to another process. */
export type LoadRequest =
  | ({ readonly engine: 'ggml' } & WithoutCallbacks<LoadModelOptions>)
  | ({ readonly engine: 'tfjs' } & WithoutCallbacks<LoadTfjsOptions>);

type Callbacks = Pick<EngineOptions, 'signal' | 'onProgress'>;

/** Errors: see `loadModel` and `loadTfjs`. */
export async function loadComputer(
  options: LoadRequest & Callbacks,
): Promise<BlockComputer<SessionCache>> {
  if (options.engine === 'tfjs') {
    const { loadTfjs } = await import('./tfjs/load-tfjs.js');
    return loadTfjs(options);
  }
  const { GgmlComputer } = await import('./ggml/ggml-computer.js');
  return GgmlComputer.load(options);
}
