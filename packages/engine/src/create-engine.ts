import { type Engine, type EngineOptions, SkeinError, toSkeinError } from '@skein/protocol';
import { ChildEngine } from './child/child-engine.js';
import { engineCandidates } from './engine-candidates.js';

/** With `auto`, what stops one device need not stop the next. */
const deviceErrors: readonly string[] = ['bad-configuration', 'engine-failed', 'out-of-memory'];

/**
 * Loads a span of a model and returns the engine that computes it. It runs in a process of its own;
 * its failures reject the pending calls with `engine-failed` and the engine starts
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
  const candidates = engineCandidates(request);
  for (const candidate of candidates) {
    try {
      return await ChildEngine.start(candidate.request, load);
    } catch (error) {
      lastError = toSkeinError(error);
      if (!deviceErrors.includes(lastError.code)) break;
      if (candidate !== candidates.at(-1)) onFallback?.(candidate.device, lastError);
    }
  }
  throw lastError;
}
