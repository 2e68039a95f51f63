import { type Engine, type EngineOptions, SkeinError, toSkeinError } from '@skein/protocol';
import { ChildEngine } from './child/child-engine.js';
import { deviceCandidates } from './ggml/choose-device.js';

/** With `auto`, what stops one device need not stop the next. */
const deviceErrors: readonly string[] = ['bad-configuration', 'engine-failed', 'out-of-memory'];

/**
 * Loads a span of a model and returns the engine that computes it. Native code runs in a process
 * of its own; its failures reject the pending calls with `engine-failed` and the engine starts
 * again by itself (see {@link Engine.onFailure}).
 *
 * @throws SkeinError `bad-configuration` when the device or its libraries are missing,
 *   `bad-argument`, `model-unknown`, `model-corrupt`, `model-unsupported`, `out-of-memory`,
 *   `aborted`, `engine-failed`
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { signal, onProgress, onFallback, ...request } = options;
  const load = {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  };
  let lastError = new SkeinError('bad-configuration', 'There is no device.');
  const candidates = deviceCandidates(options.device);
  for (const device of candidates) {
    try {
      return await ChildEngine.start({ ...request, device }, load);
    } catch (error) {
      lastError = toSkeinError(error);
      if (!deviceErrors.includes(lastError.code)) break;
      if (device !== candidates.at(-1)) onFallback?.(device, lastError);
    }
  }
  throw lastError;
}
